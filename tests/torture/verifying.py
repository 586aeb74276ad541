"""Proof 6: ``--verify`` beside a process that promotes and undoes has no false findings, and misses no real fault."""

from __future__ import annotations

import mmap
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from core import Library, Strategy
from core.domain.enums import Status, Tier
from core.errors import CuratorError
from core.images.scanner import relative_path
from core.verify import check_library
from core.verify.findings import Finding, FindingCode
from tests.support.builders import digest
from tests.torture.interleavings import finish, spawn
from tests.torture.processes import crowded
from tests.torture.scenarios import STRATEGIES
from tests.torture.state import InvariantViolation
from tests.torture.strace_kills import Lines

_ROUND = 50  # runs on one library: its journal and trash grow, and checking them takes ever longer
_REOPENING = 40  # operations after which the writer closes the library and opens it again
_KEEPING = (Strategy.MERGE, Strategy.DELETE)  # leave the images of a model alone
_MODEL = digest(b"weights")


class Tally:
    """The number of the writer's operations and the signal for it to stop, in memory shared with its parent."""

    def __init__(self) -> None:
        """Share the memory with the processes forked from now on."""
        self._memory = mmap.mmap(-1, 9)

    @property
    def operations(self) -> int:
        """The number of promotions and undos so far."""
        return int.from_bytes(self._memory[1:], "little")

    def ended(self) -> bool:
        """Return whether the writer must stop."""
        return self._memory[0] == 1

    def count(self) -> None:
        """Count one operation."""
        self._memory[1:] = (self.operations + 1).to_bytes(8, "little")

    def end(self) -> None:
        """Tell the writer to stop."""
        self._memory[0] = 1


def writing(root: Path, ids: Sequence[int], strategies: Sequence[Strategy | None], tally: Tally) -> str:
    """Promote and undo at random until told to stop."""
    chance = random.Random(1)
    while not tally.ended():
        with Library.open(root) as library:
            for _ in range(_REOPENING):
                if tally.ended():
                    break
                if chance.random() < 0.4:
                    done = bool(library.undo().undone)
                else:
                    outcome = library.processor.process_single_import(chance.choice(ids), chance.choice(strategies))
                    done = outcome.status is Status.SUCCESS
                if done:
                    tally.count()
    return "done"


def beside(
    root: Path, ids: Sequence[int], runs: int, strategies: Sequence[Strategy | None]
) -> tuple[list[tuple[Finding, ...]], int]:
    """Verify ``runs`` times beside a writer; return each run's findings, and how many operations the writer did.

    Raises InvariantViolation if the writer ended with an error.
    """
    tally = Tally()
    writer = spawn(partial(writing, ids=ids, strategies=strategies, tally=tally), root)
    try:
        found = [_verify(root) for _ in range(runs)]
    finally:
        tally.end()
        answer = finish(*writer)
    if answer != "done":
        raise InvariantViolation(f"the writer ended with {answer}")
    return found, tally.operations


def _verify(root: Path) -> tuple[Finding, ...]:
    with Library.open(root, readonly=True) as library:
        return check_library(library).findings


def verify(folder: Path, quick: bool) -> Lines:
    """Verify an intact library, then one with three faults, beside a writer."""
    scene, ids = crowded(folder)
    runs = 300 if quick else 10_000
    rounds = [min(_ROUND, runs - done) for done in range(0, runs, _ROUND)]
    yield _told("in order", (beside(scene.fresh(folder), ids, count, STRATEGIES) for count in rounds), set())
    expected = {FindingCode.IMAGE_UNDECODABLE, FindingCode.TIERS_INCOMPLETE, FindingCode.UNKNOWN_FILE}
    some = rounds[: max(1, len(rounds) // 10)]
    damaged = (beside(_damaged(scene.fresh(folder)), ids, count, _KEEPING) for count in some)
    yield _told("with three faults", damaged, expected)


def _damaged(root: Path) -> Path:
    """Damage a library in three ways; return its folder."""
    os.truncate(root / relative_path(_MODEL, 0, Tier.LOW), 20)
    (root / relative_path(_MODEL, 1, Tier.MEDIUM)).unlink()
    (root / "pending" / "9_0.png").touch()
    return root


def _told(
    name: str, rounds: Iterator[tuple[list[tuple[Finding, ...]], int]], expected: set[FindingCode]
) -> tuple[str, list[str]]:
    found: list[tuple[Finding, ...]] = []
    operations = 0
    try:
        for runs, done in rounds:
            found, operations = found + runs, operations + done
    except (InvariantViolation, CuratorError) as wrong:
        return f"{name}: 1 bad", [str(wrong)]
    false = Counter(f"{one.code} {one.detail}" for run in found for one in run if one.code not in expected)
    missed = Counter(code for run in found for code in expected - {one.code for one in run})
    bad = [f"{name}: {count} times {words}" for words, count in (false + Counter(map(str, missed))).items()]
    figures = (
        f"{len(found)} runs beside {operations} operations, {false.total()} false findings, {missed.total()} missed"
    )
    return f"{name}: {figures}", bad
