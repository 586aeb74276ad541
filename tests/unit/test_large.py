"""Large old databases are imported, listed and promoted in bounded memory.

``python -m tests.torture.large`` does the same with 100,000 rows and 500 images in one row.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.large import GROWN_MIB, many_images, many_rows


def test_many_rows(tmp_path: Path) -> None:
    figures = many_rows(tmp_path, 10_000)
    assert figures.answer == [9_000, 1_000, 9_000]
    assert figures.grown_mib < GROWN_MIB


@pytest.mark.parametrize("as_model", [True, False])
def test_many_images_in_one_row(tmp_path: Path, as_model: bool) -> None:
    figures = many_images(tmp_path, 30, as_model=as_model)
    assert figures.answer == [30, 30]
    assert figures.grown_mib < GROWN_MIB
