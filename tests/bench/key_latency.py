"""Key latency inside the app: from the driver's event to the first frame that shows the moved cursor.

Only the app is measured: neither a terminal nor a program that reads one is involved.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot

from core.library import Library
from tests.bench.keys_under_load import KEYS, Busy, key_of
from tui.app import CuratorApp
from tui.screens.queue.screen import QueueScreen
from tui.widgets.queue_list.queue_list import QueueList

_PAUSE = 0.06  # seconds between two keys, as when a key is held down
_DEADLINE = 120.0


def of_keys(library: Path, count: int) -> Busy:
    """Measure keys in one run of the app: first at rest, then while it applies ``count`` decisions."""
    with Library.open(library) as opened:
        return asyncio.run(_of_keys(CuratorApp(opened), count))


async def _of_keys(app: CuratorApp, count: int) -> Busy:
    async with app.run_test(size=(140, 42)) as pilot:
        queue = app.screen
        assert isinstance(queue, QueueScreen)
        await _until(pilot, lambda: f"{count} decided" in _text(app))
        await pilot.pause(1)
        keys = _Keys(app, queue.query_one(QueueList))
        idle = [await keys.press(key_of(n)) for n in range(KEYS)]
        await pilot.press("a")
        await _until(pilot, lambda: f"Apply {count}" in _text(app) and "more plans" not in _text(app))
        await pilot.press("y")
        job = queue._promoting.job
        await _until(pilot, lambda: job.running)
        busy: list[float] = []
        while len(busy) < KEYS and job.running:
            busy.append(await keys.press(key_of(len(busy))))
        job.stop()
        return Busy(idle, busy, len(job.log))


class _Keys:
    """Sends keys through the driver and watches what is drawn."""

    def __init__(self, app: CuratorApp, listed: QueueList) -> None:
        self._app = app
        self._listed = listed
        self._drawn: list[tuple[float, int]] = []
        display = app._display

        def note(*args: Any, **options: Any) -> None:
            display(*args, **options)
            self._drawn.append((time.perf_counter(), listed.cursor))

        app._display = note  # type: ignore[method-assign]

    async def press(self, key: str) -> float:
        """Press a key that moves the cursor, and return the seconds until the moved cursor is drawn."""
        before = self._listed.cursor
        self._drawn.clear()
        start = time.perf_counter()
        driver = self._app._driver
        assert driver is not None
        driver.process_message(events.Key(key, key))
        while not self._drawn or self._drawn[-1][1] == before:
            await asyncio.sleep(0)
        end = next(at for at, cursor in self._drawn if cursor != before)
        await asyncio.sleep(_PAUSE)
        return end - start


def _text(app: CuratorApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def _until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(_text(pilot.app))  # type: ignore[arg-type]
        await pilot.pause(0.02)
