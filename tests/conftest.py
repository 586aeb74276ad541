"""What several test files share: an empty library, open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library in a folder of its own, open for writing."""
    with Library.open(tmp_path / "library") as opened:
        yield opened
