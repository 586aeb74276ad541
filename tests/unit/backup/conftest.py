"""Fixtures: a library to back up and restore."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import Library
from tests.support.builders import add_model, add_pending, digest, model_file, png


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A closed library: a model with two images, and two imports of that model with one image each."""
    root, weights = tmp_path / "library", model_file(tmp_path, "weights", b"weights")
    with Library.open(root) as library:
        add_model(library, digest(b"weights"), weights, images=[png(1), png(2)])
        for seed in (3, 4):
            add_pending(library, weights, images=[png(seed)])
    return root
