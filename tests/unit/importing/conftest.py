"""Folders for tests of old databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder for private copies, none of which may be left behind."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == [], "the private copy was left behind"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of the old manager."""
    folder = tmp_path / "old"
    folder.mkdir()
    return folder
