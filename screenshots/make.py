"""Makes the pictures in this folder from the running app: ``make screenshots``.

Each scene opens the app on the sample library, presses keys as a curator would, waits until what it must show is on
the screen, and writes the screen as SVG. Where Chromium is installed each SVG is drawn as PNG too; a PNG carries the
digest of the SVG that it was drawn from, so that a stale one is told.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import itertools
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from textual.pilot import Pilot

from core.errors import Cancelled
from core.library import Library
from core.records import Outcome
from core.sample import sample_library
from tui.app import CuratorApp
from tui.pace import Pace

HERE = Path(__file__).parent
DIGEST = "svg-sha256"
# The paths of the sample's files are in the pictures, so its folder has one name wherever they are made.
_SAMPLE = Path("/tmp/model-curator-pictures")  # noqa: S108 - locked while it is used
_DEADLINE = 60.0
_STILL = 8  # looks at the screen, one after the other, between which nothing has changed
_STAYING = ("apply", "summary")  # groups of workers that go on while a picture is taken
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Step:
    """Keys to press, and what is on the screen once they have taken effect."""

    keys: Sequence[str]
    shows: Sequence[str]


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: its name, the size of the terminal in cells, and how to get there.

    ``stop_after`` lets applying stand still once so many imports are promoted.
    """

    name: str
    size: tuple[int, int]
    steps: Sequence[Step]
    stop_after: int | None = None


_START = Step((), ("5 conflicts", "duplicate"))
_DECIDED = Step(("j", "m", "o", "m", "j", "m", "m"), ("5 decided",))
_ALL_KINDS = Step(("g", "s", "G", "k", "k", "k", "k", "k", "k", "d", "d"), ("8 decided",))

SCENES = (
    Scene("queue", (140, 42), (_START, _DECIDED, Step(("g", "j", "l"), ("incoming 2 of 4", "merge makes")))),
    Scene(
        "comparison",
        (140, 42),
        (_START, Step(("g", "j", "m", "k", "enter", "j", "j"), ("merge makes", "becomes 4", "1 already there"))),
    ),
    Scene("summary", (140, 42), (_START, _DECIDED, _ALL_KINDS, Step(("a",), ("are overwritten", "Apply 8")))),
    Scene(
        "applying",
        (140, 42),
        (
            _START,
            _DECIDED,
            _ALL_KINDS,
            Step(("a",), ("are overwritten",)),
            Step(("y",), ("applying", "5 of 8", "16 pending", "2 conflicts")),
        ),
        stop_after=4,
    ),
    Scene("filter", (140, 42), (_START, _DECIDED, Step(("slash", *"checkpoint"), ("6 of 19",)))),
    Scene("help", (140, 54), (_START, Step(("question_mark",), ("In the comparison", "In its fields")))),
)


async def shoot(scene: Scene) -> str:
    """Return the SVG of a scene. Raises TimeoutError where the screen never shows what it must."""
    with _sample_folder() as folder, sample_library(folder) as library, _standing_still(library, scene.stop_after):
        app = CuratorApp(library)
        async with app.run_test(size=scene.size, notifications=True) as pilot:
            for step in scene.steps:
                await pilot.press(*step.keys)
                await _shown(pilot, step.shows)
            return _tidy(app.export_screenshot(), scene.name)


async def _shown(pilot: Pilot[None], texts: Sequence[str]) -> None:
    """Wait until all of ``texts`` are on the screen, nothing works any more, and it has stood still for a while."""
    deadline, last, still = time.monotonic() + _DEADLINE, "", 0
    while still < _STILL:
        await pilot.pause()
        screen = "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
        missing = [text for text in texts if text not in screen]
        working = any(not worker.is_finished and worker.group not in _STAYING for worker in pilot.app.workers)
        still = 0 if missing or working or screen != last else still + 1
        last = screen
        if time.monotonic() > deadline:
            raise TimeoutError(f"not on the screen: {missing}\n{screen}")


@contextmanager
def _standing_still(library: Library, after: int | None) -> Iterator[None]:
    """Let promotions wait, for as long as the block lasts, once ``after`` of them are done; None lets all go."""
    go_on, done = threading.Event(), itertools.count()
    promote = library.processor.process_single_import

    def waiting(*args: Any, **options: Any) -> Outcome:
        if after is not None and next(done) >= after:
            go_on.wait()
            raise Cancelled("the picture is taken")
        return promote(*args, **options)

    # How long it takes is another time on each machine, and no picture would be like the one before.
    with (
        mock.patch.object(library.processor, "process_single_import", waiting),
        mock.patch.object(Pace, "left", return_value=None),
    ):
        try:
            yield
        finally:
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


def _tidy(svg: str, name: str) -> str:
    """Name the styles after the scene, and take out the fonts that a viewer would fetch from elsewhere."""
    svg = re.sub(r"terminal-\d+", name, svg)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def digest(svg: str) -> str:
    """Return what the PNG drawn from an SVG carries."""
    return hashlib.sha256(svg.encode()).hexdigest()


def draw(browser: str, svg: Path) -> None:
    """Draw an SVG as a PNG beside it."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg.read_text())
    assert found is not None
    width, height = (round(float(number)) for number in found.groups())
    with tempfile.TemporaryDirectory() as scratch:
        drawn = Path(scratch) / "drawn.png"
        quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
        where = [f"--user-data-dir={scratch}/profile", f"--screenshot={drawn}", f"--window-size={width},{height}"]
        command = [browser, "--headless", "--hide-scrollbars", *quiet, *where, svg.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603 - our own picture
        info = PngInfo()
        info.add_text(DIGEST, digest(svg.read_text()))
        with Image.open(drawn, formats=["PNG"]) as picture:
            picture.convert("RGB").save(svg.with_suffix(".png"), pnginfo=info, optimize=True)


def main(names: Sequence[str]) -> None:
    """Make the pictures named, or all."""
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    for scene in SCENES:
        if names and scene.name not in names:
            continue
        path = HERE / f"{scene.name}.svg"
        path.write_text(asyncio.run(shoot(scene)))
        print(path.relative_to(HERE.parent))
        if browser:
            draw(browser, path)
            print(path.with_suffix(".png").relative_to(HERE.parent))
    if not browser:
        print("no PNGs: Chromium is not installed")


if __name__ == "__main__":
    main(sys.argv[1:])
