"""Opens the app on the sample library and presses keys; what it shows is the same on every machine and at any time."""

from __future__ import annotations

import fcntl
import itertools
import os
import re
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from textual.pilot import Pilot
from textual.screen import Screen
from textual.worker import Worker

from core.errors import Cancelled
from core.library import Library
from core.records import Outcome
from core.sample import sample_library
from screenshots.scenes import Scene, Step
from tui.app import CuratorApp
from tui.pace import Pace

# The paths of the sample's files are in the pictures, so its folder has one name wherever they are made.
_SAMPLE = Path("/tmp/model-curator-pictures")  # noqa: S108 - locked while it is used
_EVENING = 1_768_939_200  # 2026-01-20 20:00 UTC
_DEADLINE = 60.0
_STILL = 8  # looks at the screen, one after the other, between which nothing has changed
_APPLYING = "apply"  # the group of the worker that may go on while a picture is taken
_ASKING = ("alike", "compare", "summary", "undo")  # groups of workers that wait for the screen above their own


async def shoot(scene: Scene) -> str:
    """Return the SVG of a scene. Raises TimeoutError where the screen never shows what it must."""
    async with on_stage(scene.size, scene.stop_after) as (pilot, _):
        for step in scene.steps:
            await play(pilot, step)
        return picture(pilot, scene.name)


@asynccontextmanager
async def on_stage(
    size: tuple[int, int], stop_after: int | None = None
) -> AsyncIterator[tuple[Pilot[None], threading.Event]]:
    """Have the app running on the sample library; set the event to let applying go on that stands still."""
    with (
        _one_evening(),
        _sample_folder() as folder,
        sample_library(folder) as library,
        _standing_still(library, stop_after) as go_on,
    ):
        async with CuratorApp(library).run_test(size=size, notifications=True) as pilot:
            yield pilot, go_on


async def play(pilot: Pilot[None], step: Step) -> None:
    """Press the keys of a step, and wait until all is there that it shows."""
    await pilot.press(*step.keys)
    await _shown(pilot, step.shows)


def picture(pilot: Pilot[None], name: str) -> str:
    """Return what is on the screen as SVG: its styles named, and without the fonts that a viewer would fetch."""
    svg = re.sub(r"terminal-\d+", name, pilot.app.export_screenshot())
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


async def _shown(pilot: Pilot[None], texts: Sequence[str]) -> None:
    """Wait until all of ``texts`` are on the screen, nothing works any more, and it has stood still for a while."""
    deadline, last, still = time.monotonic() + _DEADLINE, "", 0
    while still < _STILL:
        await pilot.pause()
        screen = "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
        missing = [text for text in texts if text not in screen]
        working = [worker.group for worker in pilot.app.workers if _at_work(worker, pilot.app.screen)]
        still = 0 if missing or working or screen != last else still + 1
        last = screen
        if time.monotonic() > deadline:
            raise TimeoutError(f"not on the screen: {missing}; still working: {working}\n{screen}")


def _at_work(worker: Worker[Any], above: Screen[Any]) -> bool:
    waits = worker.group in _ASKING and worker.node.screen is not above
    return not (worker.is_finished or worker.group == _APPLYING or waits)


@contextmanager
def _one_evening() -> Iterator[None]:
    """Let what is written down happen on one evening, a minute for each thing, and show times as in Greenwich."""
    minutes = itertools.count()
    clock = SimpleNamespace(time_ns=lambda: (_EVENING + 60 * next(minutes)) * 1_000_000_000)
    try:
        with mock.patch("core.store.entries.time", clock), mock.patch.dict(os.environ, TZ="UTC"):
            time.tzset()
            yield
    finally:
        time.tzset()


@contextmanager
def _standing_still(library: Library, after: int | None) -> Iterator[threading.Event]:
    """Let promotions wait for the event once ``after`` of them are done, at most until the block ends; None: none."""
    go_on, over, done = threading.Event(), threading.Event(), itertools.count()
    promote = library.processor.process_single_import

    def waiting(*args: Any, **options: Any) -> Outcome:
        if after is not None and next(done) >= after:
            go_on.wait()
            if over.is_set():
                raise Cancelled("the picture is taken")
        return promote(*args, **options)

    # How long it takes is another time on each machine, and no picture would be like the one before.
    with (
        mock.patch.object(library.processor, "process_single_import", waiting),
        mock.patch.object(Pace, "left", return_value=None),
    ):
        try:
            yield go_on
        finally:
            over.set()
            go_on.set()


@contextmanager
def _sample_folder() -> Iterator[Path]:
    """Yield an empty folder, always under the same name; whoever else wants it waits."""
    with open(_SAMPLE.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(_SAMPLE, ignore_errors=True)
        _SAMPLE.mkdir()
        try:
            yield _SAMPLE
        finally:
            shutil.rmtree(_SAMPLE)
