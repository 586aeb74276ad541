"""Controlling background hashing: pause, resume, and switch off."""

from __future__ import annotations

import os
from pathlib import Path

from core.domain.enums import State
from tests.support.app import running, sample
from tui.config.settings import Settings

SPARSE = 40 * 1024**3  # bytes that take long to hash, and no room on the disk


async def test_a_key_pauses_hashing_and_goes_on_with_it(tmp_path: Path) -> None:
    with sample(tmp_path, keep=6) as library:
        path = library.queue.rows([8])[0].path
        size = os.stat(path).st_size
        os.truncate(path, SPARSE)
        async with running(library) as desk:
            await desk.wait_until(lambda: "hashing" in desk.line_of(8))
            await desk.press("H")
            await desk.wait_for_text("hashing paused", "#top")
            assert "hashing" not in desk.line_of(8)
            os.truncate(path, size)
            await desk.press("r")
            await desk.wait_until(lambda: desk.row(8).state is State.UNHASHED)
            await desk.wait_for_text("hashing paused", "#top")
            await desk.press("H")
            await desk.hashed()
            await desk.wait_until(lambda: "hashing " not in desk.text("#top"))


async def test_hashing_switched_off_waits_for_the_key(tmp_path: Path) -> None:
    with sample(tmp_path, keep=3) as library:
        async with running(library, size=(80, 24), settings=Settings(hash_ahead=False)) as desk:
            await desk.wait_for_text("hashing paused", "#top")
            await desk.press("r")
            await desk.wait_until(lambda: desk.row(7))
            assert {desk.row(pending_id).state for pending_id in desk.list.ids} == {State.UNHASHED}
            await desk.press("H")
            await desk.hashed()
            await desk.wait_until(lambda: "hashing " not in desk.text("#top"))
