"""Open the app on the sample library and press keys; the screen is the same on every machine and at any time."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import re
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from types import SimpleNamespace
from typing import Any
from unittest import mock

from textual.pilot import Pilot
from textual.screen import Screen
from textual.worker import Worker

from core.domain.outcomes import Outcome
from core.errors import Cancelled
from core.library import Library
from core.sample.library import sample_library
from screenshots.scenarios import Scene, Step
from tests.support.app import copy_of
from tests.support.keys import press
from tui.app import CuratorApp
from tui.jobs.eta import EtaEstimator

# Pictures show the paths of the sample's files, with its folder renamed to this name; the real name is as long.
_PREFIX = "/tmp/model-curator-"  # noqa: S108
_SAMPLE = f"{_PREFIX}pictures"
_EVENING = 1_768_939_200  # 2026-01-20 20:00 UTC
_DEADLINE = 60.0
_LOOK = 0.02  # seconds between two looks at the screen
_STILL = 8  # consecutive looks at the screen without a change
_APPLYING = "apply"  # the group of the worker that may go on while a picture is taken
_ASKING = ("bulk", "compare", "summary", "undo")  # groups of workers that wait for the screen above their own


async def shoot(scene: Scene) -> str:
    """Return the SVG of a scene. Raises TimeoutError if the screen never shows its texts."""
    async with on_stage(scene.size, scene.stop_after) as (pilot, _):
        for step in scene.steps:
            await play(pilot, step)
        return picture(pilot, scene.name)


@asynccontextmanager
async def on_stage(
    size: tuple[int, int], stop_after: int | None = None
) -> AsyncIterator[tuple[Pilot[None], threading.Event]]:
    """Run the app on the sample library; set the event to resume applying after it paused at ``stop_after``."""
    with (
        _one_evening(after=1),
        TemporaryDirectory(prefix=Path(_PREFIX).name, dir=Path(_PREFIX).parent) as folder,
        Library.open(copy_of(_template(), Path(folder))) as library,
        _standing_still(library, stop_after) as go_on,
    ):
        async with CuratorApp(library).run_test(size=size, notifications=True) as pilot:
            yield pilot, go_on


async def play(pilot: Pilot[None], step: Step) -> None:
    """Press the keys of a step and wait until the screen shows all its texts."""
    for key in step.keys:
        await press(pilot, key)
    await _shown(pilot, step.shows)


def picture(pilot: Pilot[None], name: str) -> str:
    """Return the screen as SVG, with stable style names and without the fonts that a viewer would fetch."""
    app = pilot.app
    assert isinstance(app, CuratorApp)
    svg = re.sub(r"terminal-\d+", name, app.export_screenshot())
    svg = _renamed(svg, str(app.library.root.parent))
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


async def _shown(pilot: Pilot[None], texts: Sequence[str]) -> None:
    """Wait until all ``texts`` are on the screen, no worker is running, and the screen has been still for a while."""
    deadline, last, still = time.monotonic() + _DEADLINE, "", 0
    while still < _STILL:
        await pilot.pause(_LOOK)
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


@functools.cache
def _template() -> Path:
    """Return the folder of the sample library, whose import was the first operation of the evening."""
    folder = Path(mkdtemp(prefix="curator-pictures-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with _one_evening():
        sample_library(folder).close()
    return folder


@contextmanager
def _one_evening(after: int = 0) -> Iterator[None]:
    """Date journal entries to one evening, ``after`` minutes into it, one minute apart, and show times in UTC."""
    minutes = itertools.count(after)
    clock = SimpleNamespace(time_ns=lambda: (_EVENING + 60 * next(minutes)) * 1_000_000_000)
    try:
        with mock.patch("core.storage.journal_rows.time", clock), mock.patch.dict(os.environ, TZ="UTC"):
            time.tzset()
            yield
    finally:
        time.tzset()


@contextmanager
def _standing_still(library: Library, after: int | None) -> Iterator[threading.Event]:
    """Pause promotions once ``after`` are done, until the event is set or the block ends; None pauses none."""
    go_on, over, done = threading.Event(), threading.Event(), itertools.count()
    promote = library.processor.process_single_import

    def waiting(*args: Any, **options: Any) -> Outcome:
        if after is not None and next(done) >= after:
            go_on.wait()
            if over.is_set():
                raise Cancelled("the picture is taken")
        return promote(*args, **options)

    # The remaining time differs between machines and runs, so no two pictures would be the same.
    with (
        mock.patch.object(library.processor, "process_single_import", waiting),
        mock.patch.object(EtaEstimator, "left", return_value=None),
    ):
        try:
            yield go_on
        finally:
            over.set()
            go_on.set()


def _renamed(text: str, folder: str) -> str:
    """Replace the folder's path with the one that pictures show, including where it was truncated or wrapped."""
    text = text.replace(folder[len(_PREFIX) :], _SAMPLE[len(_PREFIX) :])
    for start in range(len(_SAMPLE)):
        text = text.replace(f"\N{HORIZONTAL ELLIPSIS}{folder[start:]}/", f"\N{HORIZONTAL ELLIPSIS}{_SAMPLE[start:]}/")
    for end in range(len(_SAMPLE), len(_PREFIX), -1):
        text = text.replace(folder[:end], _SAMPLE[:end])
    return text
