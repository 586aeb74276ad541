"""Proof 4, continued: for each deliberate fault, the proof that must catch it, and whether it does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.torture import restoring
from tests.torture.errors import How, fail_everywhere
from tests.torture.events import marked
from tests.torture.faults import FAULTS
from tests.torture.fsync_order import order_of
from tests.torture.interleavings import built
from tests.torture.interrupts import Sweep, named
from tests.torture.scenarios import Scene, one_thread, promotion
from tests.torture.state import InvariantViolation
from tests.torture.strace_kills import Lines, kill_everywhere

# Builds an undamaged library, and returns a function that, run under the fault, returns the violations it finds.
Proof = Callable[[Path], Callable[[], list[str]]]


def _kills(folder: Path) -> Callable[[], list[str]]:
    scene = promotion(folder, "override")
    return lambda: _told(lambda: kill_everywhere(scene, folder, 4).bad)


def _errors(folder: Path) -> Callable[[], list[str]]:
    scene = promotion(folder, "merge")
    return lambda: fail_everywhere(scene, folder, "EIO", How.DATABASE, 1)[1]


def _order(folder: Path) -> Callable[[], list[str]]:
    scene: Scene = promotion(folder, "override")

    def proof() -> list[str]:
        with marked():
            return order_of(scene, folder, 4)[1]

    return proof


def _interrupts(folder: Path) -> Callable[[], list[str]]:
    act = named("promote merge", folder)

    def proof() -> list[str]:
        sweep = Sweep(act, folder)
        return sweep.interrupt(sweep.points(KeyboardInterrupt)[::60], KeyboardInterrupt).bad

    return proof


def _restores(folder: Path) -> Callable[[], list[str]]:
    scene = restoring.restore_of(folder, images=False)
    return lambda: _told(lambda: restoring.kill_everywhere(scene, folder, 1).bad)


def _meeting(name: str) -> Proof:
    def build(folder: Path) -> Callable[[], list[str]]:
        meeting, start = built(name, folder)

        def hold() -> list[str]:
            meeting.hold(start)
            return []

        return lambda: _told(hold)

    return build


def _told(proof: Callable[[], list[str]]) -> list[str]:
    try:
        return proof()
    except InvariantViolation as bad:
        return [str(bad)]


PROOFS: dict[str, tuple[str, Proof]] = {
    "blind-displacement": ("kills", _kills),
    "closing-first": ("kills", _kills),
    "sweeping-first": ("kills", _kills),
    "moving-before-commit": ("kills", _kills),
    "no-transaction": ("kills", _kills),
    "entry-apart": ("kills", _kills),
    "staging-dropped": ("errors", _errors),
    "staging-dropped-at-interrupts": ("interrupts", _interrupts),
    "rolling-back-errors-only": ("interrupts", _interrupts),
    "leaving-others-open": ("processes", _meeting("finish")),
    "sweeping-always": ("processes", _meeting("sweep")),
    "closing-without-lock": ("processes", _meeting("lock")),
    "leaving-restores-half-done": ("restore", _restores),
    "no-second-look": ("processes", _meeting("look")),
}


def bites(folder: Path, quick: bool, only: str | None = None) -> Lines:
    """Run the proof of each fault, or of ``only`` one; a fault that is not caught is bad."""
    del quick  # a few points are enough to catch a fault
    for name in [only] if only else FAULTS:
        place = folder / name
        place.mkdir()
        part, build = PROOFS.get(name, ("order", _order))
        with one_thread():
            proof = build(place)
            with FAULTS[name]():
                caught = proof()
        short = f"{name}: caught by {part}, {len(caught)} times, first: {caught[0][:200]}" if caught else name
        yield short, [] if caught else [f"{name} is not caught by {part}"]
