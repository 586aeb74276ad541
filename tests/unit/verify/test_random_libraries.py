"""Verification finds nothing wrong in randomly generated libraries."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core import Library
from core.verify import check_library
from tests.support.builders import add_pending, half_png, model_file, png


@pytest.mark.parametrize("seed", range(10))
def test_healthy_libraries_have_nothing_to_find(tmp_path: Path, seed: int) -> None:
    """Ten libraries at random in each of ten turns: promoted, undone, half undone, imported."""
    for turn in range(10):
        root = tmp_path / str(turn)
        with random_library(root, random.Random(seed * 10 + turn)) as library:
            report = check_library(library, full=True)
            assert [(f.code, f.path, f.detail) for f in report.findings] == []


def random_library(root: Path, rng: random.Random) -> Library:
    library = Library.open(root / "library")
    for n in range(rng.randint(1, 4)):
        path = model_file(root, f"m{n}", b"%d" % rng.randint(0, 2))
        images = [png(rng.randint(0, 5)) if rng.random() < 0.8 else half_png(1) for _ in range(rng.randint(0, 3))]
        add_pending(library, path, meta={"n": n}, tag_names=["a"] * rng.randint(0, 1), images=images)
    for number in library.queue.search():
        strategy = rng.choice(["merge", "override", "delete", "skip", None])
        library.processor.process_single_import(number, strategy)
        if rng.random() < 0.3:
            library.undo()
    return library
