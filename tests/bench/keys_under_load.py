"""Key latency through a terminal while the app is promoting, compared with an idle app."""

from __future__ import annotations

import io
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.domain.enums import Strategy
from core.library import Library
from core.sample.pictures import landscape
from tests.bench.curation_session import percentile
from tests.bench.screen import Screen, running
from tests.support.builders import add_pending, model_file

KEYS = 80
_PICTURES = 24
_IMAGES = 3  # of each import


@dataclass(frozen=True, slots=True)
class Busy:
    """Seconds from each key to its effect, and the number of imports applied meanwhile.

    ``idle_queued`` and ``busy_queued``, if known, are the seconds per key that the drawing thread waited for a core.
    """

    idle: Sequence[float]
    busy: Sequence[float]
    applied: int
    idle_queued: float = 0.0
    busy_queued: float = 0.0


def build_busy(folder: Path, count: int) -> Path:
    """Make a library with ``count`` decided imports that keep two cores busy, and as many undecided ones."""
    pictures = []
    for seed in range(_PICTURES):
        out = io.BytesIO()
        landscape(seed).resize((1024, 1331)).save(out, "JPEG", quality=90)
        pictures.append(out.getvalue())
    with Library.open(folder / "library") as library:
        for n in range(2 * count):
            path = model_file(folder, f"models/{n}", b"weights of %d" % n)
            images = [pictures[(n + k) % _PICTURES] for k in range(_IMAGES)]
            pending_id = add_pending(library, path, name=f"model {n:06}", images=images)
            library.processor.dry_run(pending_id)
        ids = library.queue.search()
        library.queue.decide(ids[count:], Strategy.MERGE)
    return folder / "library"


def of_promoting(library: Path, count: int) -> Busy:
    """Measure keys in one run of the app: first at rest, then while it applies."""
    with running("app", str(library)) as screen:
        screen.first_picture(lambda: screen.shows("model 000001"))
        screen.wait(lambda: screen.shows(f"{count} decided"))
        screen.settle()
        start = screen.queued()
        idle = [_key(screen, n) for n in range(KEYS)]
        idle_queued = screen.queued() - start
        screen.press("a", lambda: screen.shows(f"Apply {count} decisions"))
        screen.wait(lambda: not screen.shows("more plans"))
        screen.settle()
        screen.delay("y", lambda: screen.shows("applying"))
        start = screen.queued()
        busy: list[float] = []
        while len(busy) < KEYS and not screen.shows(" applied"):
            busy.append(_key(screen, len(busy)))
        busy_queued = screen.queued() - start
        applied = count - len(_left(library))
        screen.leave("q")
    return Busy(idle, busy, applied, idle_queued / len(idle), busy_queued / len(busy))


def key_of(n: int) -> str:
    """Return the n-th key: twenty times down, twenty times up, and so on."""
    return "j" if n // 20 % 2 == 0 else "k"


def _key(screen: Screen, n: int) -> float:
    """Move the cursor, and return the seconds until the move is visible."""
    return screen.delay(key_of(n), partial(_moved, screen, screen.cursor_line()))


def _moved(screen: Screen, before: str) -> bool:
    return screen.cursor_line() not in ("", before)


def _left(library: Path) -> Sequence[int]:
    with Library.open(library, readonly=True) as opened:
        return [pending_id for pending_id, _ in opened.queue.decisions()]


def report_busy(where: str, figures: Busy) -> None:
    """Print idle and busy figures side by side."""
    print(f"\n{f'a key {where} ({figures.applied} applied)':<40}{'idle':>11}{'busy':>12}   busy : idle")
    pairs = {
        "median": (statistics.median(figures.idle), statistics.median(figures.busy)),
        "95th percentile": (percentile(figures.idle), percentile(figures.busy)),
        "longest": (max(figures.idle), max(figures.busy)),
    }
    if figures.idle_queued:
        pairs["without a core, a key"] = (figures.idle_queued, figures.busy_queued)
    for what, (idle, busy) in pairs.items():
        print(f"  {what:<38}{idle * 1000:>8.1f} ms {busy * 1000:>8.1f} ms {busy / idle:>9.2f}")
