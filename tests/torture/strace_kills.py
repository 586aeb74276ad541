"""Proof 1: after a kill at any call that changes something, the state is one before or after; work can be completed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.scan_scenes import first_scan, second_scan, undo_scan
from tests.torture.scenarios import CASES, Scene, one_thread, opening, promotion, stage_1, undo, undo_stage_1
from tests.torture.state import InvariantViolation, look, one_of, recovered
from tests.torture.trace import Call, Trace, run


@dataclass(slots=True)
class Tally:
    """The results of a proof: points tried, how often each allowed state was found, and what was bad."""

    points: int = 0
    states: dict[int, int] = field(default_factory=dict)
    bad: list[str] = field(default_factory=list)

    def found(self, state: int) -> None:
        """Count a point, and the state found after it."""
        self.points += 1
        self.states[state] = self.states.get(state, 0) + 1

    def failed(self, what: str) -> None:
        """Count a bad point."""
        self.points += 1
        self.bad.append(what)

    def line(self, name: str, last: int) -> str:
        """Return a summary; ``last`` is the number of the state in which the work is done."""
        before, after = self.states.get(0, 0), self.states.get(last, 0)
        between = sum(self.states.values()) - before - after
        some = f", {between} between two batches" if between else ""
        return f"{name}: {self.points} points, {before} before, {after} after{some}, {len(self.bad)} bad"


def thinned(points: Sequence[Call], every: int) -> Sequence[Call]:
    """Return every ``every``-th point, and always the last one."""
    return points if every == 1 else [*points[:-1:every], points[-1]]


def undisturbed(scene: Scene, folder: Path) -> tuple[Trace, Path]:
    """Do the scene's work undisturbed, to find its points; return the trace and the library."""
    root = scene.fresh(folder)
    trace = run(scene.work, root, log=folder / "log")
    if trace.answer != "done":
        raise InvariantViolation(f"{scene.name} does not work undisturbed: {trace.answer}")
    return trace, root


def points(scene: Scene, folder: Path, every: int) -> Sequence[Call]:
    """Return every ``every``-th call with which the scene's work changes something in the library."""
    trace, root = undisturbed(scene, folder)
    return thinned(trace.points(root), every)


def killed(scene: Scene, folder: Path, at: Call) -> Path:
    """Kill the work on a fresh library at a call; return the library. Raises InvariantViolation if it is not met."""
    root = scene.fresh(folder)
    _must_be_killed(run(scene.work, root, _signal(at), log=folder / "log"), at)
    return root


def _signal(at: Call) -> str:
    return f"{at.name}:signal=SIGKILL:when={at.nth}"


def _must_be_killed(trace: Trace, at: Call) -> None:
    if not trace.killed:
        raise InvariantViolation(f"{at.name} number {at.nth} was not met: {trace.answer}")


def judge(scene: Scene, root: Path) -> int:
    """Read, recover and compare the library, finish the work, and return the state found. Raises InvariantViolation."""
    look(root)
    state = one_of(recovered(root), scene.allowed)
    answer = scene.work(root)
    if not answer.startswith("gone" if state == len(scene.allowed) - 1 and not scene.journals_again else "done"):
        raise InvariantViolation(f"doing it again answers {answer}")
    again = recovered(root)
    if not scene.done_again(again):
        raise InvariantViolation(f"done again, it differs {again.differs(scene.allowed[-1])}")
    return state


def kill_everywhere(scene: Scene, folder: Path, every: int) -> Tally:
    """Kill the scene's work at every ``every``-th of its points."""
    tally = Tally()
    for at in points(scene, folder, every):
        try:
            tally.found(judge(scene, killed(scene, folder, at)))
        except InvariantViolation as bad:
            tally.failed(f"{scene.name}, killed at {at.name} {at.args[:120]}: {bad}")
    return tally


def kill_recovery(scene: Scene, folder: Path, every: int, every_second: int) -> Tally:
    """Kill the work, then the opening that recovers it, at every ``every``-th and ``every_second``-th point."""
    tally = Tally()
    left = folder / "left"
    for at in points(scene, folder, every):
        shutil.rmtree(left, ignore_errors=True)
        root = killed(scene, folder, at)
        root.rename(left)
        again = Scene(scene.name, left, scene.work, scene.allowed)
        trace = run(opening, again.fresh(folder), log=folder / "log")
        for second in thinned(trace.points(root), every_second):
            again.fresh(folder)
            try:
                _must_be_killed(run(opening, root, _signal(second), log=folder / "log"), second)
                tally.found(judge(scene, root))
            except InvariantViolation as bad:
                tally.failed(f"{scene.name}, killed at {at.name} {at.args[:80]}, then at {second.name}: {bad}")
    return tally


def every_scene(folder: Path) -> Iterator[tuple[Scene, Path]]:
    """Yield the promotions and undos of every case, each with a folder to work in."""
    for make in (promotion, undo):
        yield from _scenes(make, folder)


def _scenes(make: Callable[[Path, str], Scene], folder: Path) -> Iterator[tuple[Scene, Path]]:
    for case in CASES:
        place = folder / f"{make.__name__}-{case}"
        place.mkdir()
        yield make(place, case), place


Lines = Iterator[tuple[str, list[str]]]


def kills(folder: Path, quick: bool) -> Lines:
    """Kill promotions of every case."""
    with one_thread():
        for scene, place in _scenes(promotion, folder):
            tally = kill_everywhere(scene, place, 8 if quick else 1)
            yield tally.line(scene.name, 1), tally.bad


def undo_kills(folder: Path, quick: bool) -> Lines:
    """Kill undos of promotions of every case."""
    with one_thread():
        for scene, place in _scenes(undo, folder):
            tally = kill_everywhere(scene, place, 8 if quick else 1)
            yield tally.line(scene.name, 1), tally.bad


def recovery_kills(folder: Path, quick: bool) -> Lines:
    """Kill promotions and undos, then the recovery."""
    with one_thread():
        for scene, place in every_scene(folder):
            tally = kill_recovery(scene, place, *((40, 16) if quick else (9, 4)))
            yield tally.line(f"recovery of {scene.name}, pairs", 1), tally.bad


def stage_1_kills(folder: Path, quick: bool) -> Lines:
    """Kill Stage 1 and its undo."""
    yield from _batch_kills((stage_1, undo_stage_1), folder, quick)


def scan_kills(folder: Path, quick: bool) -> Lines:
    """Kill a first scan, one that finds changes, and the undo of that."""
    yield from _batch_kills((first_scan, second_scan, undo_scan), folder, quick)


def _batch_kills(makers: Sequence[Callable[[Path], Scene]], folder: Path, quick: bool) -> Lines:
    with one_thread():
        for make in makers:
            place = folder / make.__name__
            place.mkdir()
            scene = make(place)
            tally = kill_everywhere(scene, place, 16 if quick else 1)
            yield tally.line(scene.name, len(scene.allowed) - 1), tally.bad
