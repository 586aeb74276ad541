"""The first line: as many of the queue's counts as fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.enums import Strategy
from tests.support.app import hashed_app

WHOLE = "5 conflicts   1 missing   2 duplicates   11 new   3 decided (1 delete, 2 override)"


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (180, f"19 pending   {WHOLE}"),
        (140, "19 pending   5 conflicts   1 missing   3 decided (1 delete, 2 override)"),
        (100, "19 pending   5 conflicts   1 missing   3 decided "),
        (70, "19 pending   5 conflicts   3 decided "),
    ],
)
async def test_the_counts_are_told_as_far_as_there_is_room(width: int, told: str, tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (width, 30)) as desk:
        desk.library.queue.decide([8, 9], Strategy.OVERRIDE)
        desk.library.queue.decide([18], Strategy.DELETE)
        await desk.press("r")
        await desk.hashed()
        await desk.wait_for_text(told, "#top")
        assert (WHOLE in desk.text("#top")) is (width == 180)
