"""Proof 5: after an interrupt at any point, the state is one before or after, and the process can go on or exit."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import signal
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import core.importing.importer
import core.operations.journal
from core import Library
from core.errors import CuratorError, ImageError
from core.operations.trash import Trash, TrashLimits
from tests.support.builders import OldRow, digest, model_file, old_database, png
from tests.torture.interrupter import Interrupter, Survey
from tests.torture.scenarios import CASES, Deed, Scene, one_thread, opened, prepared, promote, scene, undo_newest
from tests.torture.state import InvariantViolation, State, recovered, state_of
from tests.torture.strace_kills import Lines, Tally, judge

# Try every N-th point: for the code, the other exceptions differ from an interrupt only in how work goes on.
ERRORS = {KeyboardInterrupt: 1, MemoryError: 4, SystemExit: 4}
_SECONDS = 20.0  # anything that takes longer counts as hanging
_INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Act:
    """A scene, and the deed done with its open library; without a deed, the act is opening and closing the library."""

    scene: Scene
    deed: Deed | None


@dataclass(slots=True)
class _Known:
    """Caches which state a library was found in: most interrupts leave the same, which is judged only once."""

    scene: Scene
    copy: Path
    states: dict[State, int] = field(default_factory=dict)

    def state(self, root: Path) -> int:
        """Return the number of the state that the next process finds, as ``judge`` does."""
        left = state_of(root)
        if left not in self.states:
            shutil.rmtree(self.copy, ignore_errors=True)
            shutil.copytree(root, self.copy)
            self.states[left] = judge(self.scene, self.copy)
        return self.states[left]


def _promotion(folder: Path, case: str) -> Act:
    number = prepared(folder, CASES[case], there=[png(1)], coming=[png(3), b"no image"])
    deed = promote(number, CASES[case].strategy)
    return Act(scene(folder, f"promote {case}", opened(deed)), deed)


def _undo(folder: Path, case: str) -> Act:
    act = _promotion(folder, case)
    assert act.scene.work(folder / "start") == "done"
    return Act(scene(folder, f"undo {case}", opened(undo_newest)), undo_newest)


def _stage_1(folder: Path) -> Act:
    """Import a model and a pending import, each in its own batch and with one image."""
    (folder / "old").mkdir()
    for n in (1, 2):
        (folder / "old" / f"{n}.png").write_bytes(png(n))
    rows = [
        OldRow(n, str(model_file(folder, f"m{n}")), {"images": [f"{n}.png"]}, sha256)
        for n, sha256 in ((1, "a" * 64), (2, ""))
    ]
    old_database(folder / "old.db", rows)
    with Library.open(folder / "start"):
        pass
    found: list[State] = []

    def deed(library: Library, tell: Callable[[int, int], None] | None = None) -> str:
        with patch.object(core.importing.importer, "_BATCH_ROWS", 1):
            report = library.import_legacy(folder / "old.db", images_dir=folder / "old", progress=tell)
        return "done" if len(report.problems) == 0 else f"error: {report.problems}"

    def keep(_done: int, _count: int) -> None:
        shutil.copytree(folder / "library", folder / "between")
        found.append(recovered(folder / "between"))
        shutil.rmtree(folder / "between")

    whole = scene(folder, "stage 1", opened(deed))
    with Library.open(whole.fresh(folder)) as library:
        deed(library, keep)
    return Act(replace(whole, allowed=(whole.allowed[0], *found), journals_again=True), deed)


def _image(folder: Path) -> Act:
    """Add an image to a sequence."""
    prepared(folder, CASES["merge"], there=[png(1)])
    (folder / "image.png").write_bytes(png(2))

    def deed(library: Library) -> str:
        try:
            library.image_processor.promote_pending_image(folder / "image.png", digest(b"weights"), 1)
        except ImageError:
            return "gone"
        return "done"

    return Act(scene(folder, "image", opened(deed)), deed)


def _expiry(folder: Path) -> Act:
    """Purge two operations from the trash; each is removed as a whole."""
    act = _undo(folder, "override")
    assert act.scene.work(folder / "start") == "done"

    def deed(library: Library) -> str:
        return "done" if Trash(library.store, library._journal, library.root).purge(TrashLimits(0)) else "gone"

    found = scene(folder, "expiry", opened(deed))
    root = found.fresh(folder)
    with Library.open(root) as library:
        oldest = library.store.db.execute("SELECT op FROM journal WHERE kind = 'promote'").fetchone()[0]
    shutil.rmtree(root / "trash" / oldest)
    before, after = found.allowed
    return Act(replace(found, allowed=(before, recovered(root), after)), deed)


def _recovery(folder: Path) -> Act:
    """Open and close a library in which an operation was left open."""
    act = _promotion(folder, "override")
    with patch.object(core.operations.journal, "roll_forward", side_effect=OSError):
        assert act.scene.work(folder / "start") == "later"

    def opening(root: Path) -> str:
        with Library.open(root):
            return "done"

    return Act(replace(scene(folder, "opening and closing", opening), journals_again=True), None)


_MAKERS = {"promote": _promotion, "undo": _undo}
_ALONE = {"stage 1": _stage_1, "image": _image, "expiry": _expiry, "opening": _recovery}
NAMES = (*(f"{kind} {case}" for kind in _MAKERS for case in CASES), *_ALONE)


def named(name: str, folder: Path) -> Act:
    """Return the act of that name, such as ``promote merge`` or ``opening``."""
    if name in _ALONE:
        return _ALONE[name](folder)
    kind, _, case = name.partition(" ")
    return _MAKERS[kind](folder, case)


@contextmanager
def _must_end() -> Iterator[None]:
    def late(*_: object) -> None:
        raise InvariantViolation("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _named_in_order() -> Iterator[None]:
    """Name operations by consecutive numbers, so that two runs can leave identical states."""
    names = itertools.count()
    with patch.object(uuid, "uuid4", lambda: SimpleNamespace(hex=f"{next(names):032x}")):
        yield


def _do(
    scene: Scene, deed: Deed, known: _Known, root: Path, interrupter: Interrupter, error: type[BaseException]
) -> int:
    """Do the deed, interrupted, then again on the same library; return the state left. Raises InvariantViolation."""
    library = Library.open(root)
    answer = _INTERRUPTED
    try:
        with interrupter:
            answer = deed(library)
    except CuratorError as told:
        answer = f"error: {told}"
    except (error, KeyboardInterrupt):
        if error is SystemExit:  # as at the end of a ``with`` statement: the exception is still being handled
            library.close()
    gc.collect()  # a future and its exception refer to each other, and keep alive what was not released
    state, last = known.state(root), len(scene.allowed) - 1
    if answer == "done" and state != last:
        raise InvariantViolation(f"told done, but state {state} was found")
    if answer.startswith("error") and state == last:
        raise InvariantViolation(f"told {answer}, but it happened")
    if error is SystemExit:
        library.close()
        return state
    again = deed(library)
    if again != ("gone" if state == last and not scene.journals_again else "done"):
        raise InvariantViolation(f"left in state {state}, the same library answers {again}")
    library.close()
    # A continued import is another entry in the journal.
    if not (scene.done_again(recovered(root)) if scene.journals_again else known.state(root) == last):
        raise InvariantViolation("done again with the same library, it is not done")
    return state


def _open(known: _Known, root: Path, interrupter: Interrupter, error: type[BaseException]) -> int:
    """Open and close, interrupted, then close again what is open; return the state left. Raises InvariantViolation."""
    held: list[Library] = []
    try:
        with interrupter:
            held.append(Library.open(root))
            held[0].close()
    except (error, KeyboardInterrupt):
        if held and error is SystemExit:
            held[0].close()
    if held:
        held[0].close()
    held.clear()
    gc.collect()
    return known.state(root)


class Sweep:
    """Interrupts one act at all of its points, or at some."""

    def __init__(self, act: Act, folder: Path) -> None:
        self._act = act
        self._folder = folder
        self._known = _Known(act.scene, folder / "copy")

    def points(self, error: type[BaseException]) -> list[int]:
        """Return the points at which that exception can be raised."""
        survey = Survey(error)
        _interrupted(self._act, self._folder, self._known, survey, error)
        return survey.points

    def interrupt(self, points: Sequence[int], error: type[BaseException]) -> Tally:
        """Interrupt the act at each of the points."""
        name, tally = self._act.scene.name, Tally()
        for at in points:
            interrupter = Interrupter(at, error)
            try:
                tally.found(_interrupted(self._act, self._folder, self._known, interrupter, error))
            except InvariantViolation as bad:
                tally.failed(f"{name}, {error.__name__} at {interrupter.where} (point {at}): {bad}")
            except Exception as raised:
                tally.failed(f"{name}, {error.__name__} at {interrupter.where} (point {at}): {raised!r}")
        return tally


def _interrupted(act: Act, folder: Path, known: _Known, interrupter: Interrupter, error: type[BaseException]) -> int:
    root = act.scene.fresh(folder)
    with _must_end(), _named_in_order():
        if act.deed is None:
            return _open(known, root, interrupter, error)
        return _do(act.scene, act.deed, known, root, interrupter, error)


def one(name: str, folder: Path, every: int) -> list[tuple[str, list[str]]]:
    """Build the act of that name in the folder, and interrupt it with each of the exceptions."""
    found = []
    with one_thread(), patch.object(sys, "unraisablehook", lambda _: None):  # from finalizers
        act = named(name, folder)
        gc.freeze()
        sweep = Sweep(act, folder)
        points = sweep.points(KeyboardInterrupt)
        for error, share in ERRORS.items():
            # Only a MemoryError is answered by code of ours, and has points of its own.
            there = sweep.points(error) if error is MemoryError else points
            tally = sweep.interrupt(there[:: share * every], error)
            found.append((tally.line(f"{name}, {error.__name__}", len(act.scene.allowed) - 1), tally.bad))
    return found


def interrupts(folder: Path, quick: bool) -> Lines:
    """Interrupt all acts with each of the exceptions, on all processors."""
    with ProcessPoolExecutor(os.cpu_count(), get_context("fork")) as pool:
        jobs = []
        for number, name in enumerate(NAMES):
            place = folder / str(number)
            place.mkdir()
            jobs.append(pool.submit(one, name, place, 193 if quick else 1))
        for job in jobs:
            yield from job.result()
