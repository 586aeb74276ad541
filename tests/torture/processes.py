"""Proof 7: three processes promote and undo the same ids while one of them is killed at a random moment."""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from core import Library
from core.domain.enums import Status
from core.errors import CuratorError
from tests.support.builders import add_pending, model_file, png
from tests.torture.interleavings import MEETINGS, built, finish, spawn
from tests.torture.scenarios import CASES, STRATEGIES, Scene, prepared
from tests.torture.state import InvariantViolation, recovered
from tests.torture.strace_kills import Lines

PROCESSES = 3
STEPS = 8
_LONGEST = 0.15  # seconds until one is killed, at most
_HARMLESS = (Status.SUCCESS, Status.NOT_FOUND, Status.CONFLICT)


class Board:
    """What a process has done, in shared memory that survives its death."""

    def __init__(self) -> None:
        """Share a page of memory with the processes forked from now on."""
        self._memory = mmap.mmap(-1, 1 << 16)

    def write(self, line: str) -> None:
        """Add a line."""
        self._memory.write(f"{line}\n".encode(errors="replace"))

    def lines(self) -> list[str]:
        """Return all lines, and release the memory."""
        found = self._memory[:].rstrip(b"\0").decode().splitlines()
        self._memory.close()
        return found


def busy(root: Path, ids: Sequence[int], seed: int, board: Board) -> str:
    """Promote and undo at random, reopening the library halfway."""
    chance = random.Random(seed)
    for _ in range(2):
        with Library.open(root) as library:
            for _ in range(STEPS // 2):
                board.write(_step(library, ids, chance))
    return "done"


def _step(library: Library, ids: Sequence[int], chance: random.Random) -> str:
    if chance.random() < 0.35:
        report = library.undo()
        nothing = not report.undone and "nothing to undo" in report.refused
        return "undone" if report.undone else "nothing" if nothing else f"BAD undo: {report.refused}"
    outcome = library.processor.process_single_import(chance.choice(ids), chance.choice(STRATEGIES))
    if outcome.status not in _HARMLESS:
        return f"BAD {outcome.status}: {outcome.error}"
    return "promoted" if outcome.status is Status.SUCCESS else outcome.status.value


def one_round(scene: Scene, folder: Path, ids: Sequence[int], seed: int) -> Counter[str]:
    """Run three processes, kill one, and check the end state. Raises InvariantViolation."""
    chance = random.Random(seed)
    root = scene.fresh(folder)
    boards = [Board() for _ in range(PROCESSES)]
    running = [
        spawn(partial(busy, ids=ids, seed=seed * PROCESSES + n, board=board), root) for n, board in enumerate(boards)
    ]
    time.sleep(chance.uniform(0, _LONGEST))
    os.kill(running[chance.randrange(PROCESSES)][0], signal.SIGKILL)
    ends = Counter(finish(*process) for process in running)
    told = Counter(line for board in boards for line in board.lines())
    wrong = [text for text in (*ends, *told) if text not in ("done", "killed") and text.startswith(("BAD", "trace"))]
    if wrong:
        raise InvariantViolation(f"seed {seed}: {wrong[0][-1500:]}")
    state = recovered(root)
    _happened_once(json.loads(state.journal), told, ends["killed"], seed)
    _undo_all(scene, root, seed)
    return Counter({"killed": ends["killed"], "promoted": told["promoted"], "undone": told["undone"]})


def _happened_once(journal: dict[str, dict[str, object]], told: Counter[str], killed: int, seed: int) -> None:
    kinds: dict[object, list[object]] = {}
    for number in sorted(journal, key=int):
        if journal[number]["pending_id"] is not None:
            kinds.setdefault(journal[number]["pending_id"], []).append(journal[number]["kind"])
    for pending_id, seen in kinds.items():
        if any(kind != ("undo" if place % 2 else "promote") for place, kind in enumerate(seen)):
            raise InvariantViolation(f"seed {seed}: {pending_id} went {seen}")
    all_kinds = Counter(kind for seen in kinds.values() for kind in seen)
    untold = all_kinds["promote"] - told["promoted"], all_kinds["undo"] - told["undone"]
    if min(untold) < 0 or sum(untold) > killed:
        raise InvariantViolation(f"seed {seed}: {dict(all_kinds)} in the journal, but told were {dict(told)}")


def _undo_all(scene: Scene, root: Path, seed: int) -> None:
    try:
        with Library.open(root) as library:
            report = library.undo(10_000)
    except CuratorError as error:
        raise InvariantViolation(f"seed {seed}: {error}") from error
    if "nothing to undo" not in report.refused:
        raise InvariantViolation(f"seed {seed}: undoing everything ended with {report.refused}")
    first, last = scene.allowed[0], recovered(root)
    if first.kept() != last.kept():
        raise InvariantViolation(f"seed {seed}: undoing everything leaves {last.differs(first)}")


def rounds(folder: Path, count: int) -> tuple[str, list[str]]:
    """Run ``count`` rounds."""
    scene, ids = crowded(folder)
    seen, bad = Counter[str](), []
    for seed in range(count):
        try:
            seen += one_round(scene, folder, ids, seed)
        except InvariantViolation as wrong:
            bad.append(str(wrong))
    line = f"{count} rounds of {PROCESSES} processes, {seen['killed']} killed at work, {seen['promoted']} promotions"
    return f"{line} and {seen['undone']} undoings told, {len(bad)} bad", bad


def crowded(folder: Path) -> tuple[Scene, list[int]]:
    """Build a library with five pending imports: four of one hash, one of another."""
    ids = [prepared(folder, CASES["merge"])]
    with Library.open(folder / "start") as library:
        for n, (name, data) in enumerate([("weights", b"weights"), ("copy", b"weights"), ("other", b"other")] * 2):
            if n < 4:
                path = model_file(folder, name, data)
                ids.append(add_pending(library, path, tag_names=[f"t{n}"], images=[png(10 + n), png(20 + n)]))
    scene = Scene("processes", folder / "start", lambda _: "done", ())
    return Scene(scene.name, scene.start, scene.work, (recovered(scene.fresh(folder)),)), ids


def processes(folder: Path, quick: bool) -> Lines:
    """Run the meetings, then the rounds."""
    (folder / "meetings").mkdir()
    for name in MEETINGS:
        meeting, start = built(name, folder / "meetings")
        bad = []
        try:
            meeting.hold(start)
        except InvariantViolation as wrong:
            bad.append(str(wrong))
        yield f"{meeting.name}: {len(bad)} bad", bad
    (folder / "rounds").mkdir()
    yield rounds(folder / "rounds", 20 if quick else 500)
