"""Proof 3: the order of fsyncs, read from a trace. It covers power cuts, whose effects a kill cannot show."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from core.domain.operations import Move
from tests.torture.events import Did, Event, events_of, marked
from tests.torture.scenarios import Scene, one_thread, opening, stage_1
from tests.torture.state import InvariantViolation
from tests.torture.strace_kills import Lines, every_scene, killed, points, undisturbed
from tests.torture.trace import run

_FILES = ("images/", "pending/", "staging/", "trash/")
_CHANGES = (Did.MOVE, Did.LINK, Did.REMOVE)


@dataclass(slots=True)
class Rules:
    """Checks one operation's events, from ``begin`` on; ``held`` counts the checks, ``broken`` collects violations."""

    events: Sequence[Event]
    begin: int = 0
    held: int = 0
    broken: list[str] = field(default_factory=list)

    def must(self, holds: bool, what: str) -> None:
        """Check one rule."""
        self.held += 1
        if not holds:
            self.broken.append(what)

    def first(self, did: Did, start: str, after: int) -> int:
        """Return the index of the first such event from ``after`` on, or the number of events if there is none."""
        for place in range(after, len(self.events)):
            if self.events[place].did is did and self.events[place].path.startswith(start):
                return place
        return len(self.events)

    def last(self, did: Sequence[Did], path: str, before: int) -> int:
        """Return the index of the last such event on or to ``path``, or ``begin`` if there is none."""
        for place in range(before - 1, self.begin, -1):
            event = self.events[place]
            if event.did in did and path in (event.path, event.to):
                return place
        return self.begin

    def synced(self, path: str, after: int, before: int, why: str) -> None:
        """Check that ``path`` is synced between two events."""
        found = any(event.did is Did.SYNC and event.path == path for event in self.events[after:before])
        self.must(found, f"{path} is not synced {why}")

    def made_last(self, folder: str, before: int) -> int:
        """Return the index of the last event that created a name in a folder, or ``begin`` if there is none."""
        for place in range(before - 1, self.begin, -1):
            event = self.events[place]
            made = event.to or (event.path if event.did in (Did.WRITE, Did.FOLDER) else "")
            if made and parent(made) == folder:
                return place
        return self.begin


def parent(path: str) -> str:
    """Return the folder of a path in the library, ``.`` for the library itself."""
    return path.rpartition("/")[0] or "."


def _up(folder: str) -> Iterator[str]:
    """Yield a folder and its parents, without the library itself."""
    while folder != ".":
        yield folder
        folder = parent(folder)


def operation(events: Sequence[Event], begin: int, op: str, moves: Sequence[Move]) -> tuple[Rules, int]:
    """Check an operation's events against all rules; return the rules and the index at which the operation ends."""
    rules = Rules(events, begin)
    entry = rules.first(Did.SQL, "INSERT INTO journal", begin)
    commit = rules.first(Did.SQL, "COMMIT", entry)
    durable = rules.first(Did.SYNC, "library.db-wal", commit)
    close = rules.first(Did.SQL, "UPDATE journal SET open = 0", commit)
    rules.must(close < len(events), "the entry is never closed")
    staging = f"staging/{op}"
    for move in moves:
        if move.source.startswith(f"{staging}/"):
            rules.synced(move.source, rules.last([Did.WRITE], move.source, commit), commit, "before the commit")
    if any(event.path == staging for event in events[begin:]):
        rules.synced(staging, rules.made_last(staging, commit), commit, "before the commit")
        rules.synced("staging", rules.last([Did.FOLDER], staging, commit), commit, "before the commit")
    ours = ("images/", "pending/", "trash/", staging)  # others' staging is removed once their entry is closed
    early = [event for event in events[begin:durable] if event.did in _CHANGES and event.path.startswith(ours)]
    rules.must(not early, f"{early[:1]} before the commit is on disk")
    _in_place(rules, moves, durable, close)
    return rules, close


def _in_place(rules: Rules, moves: Sequence[Move], begin: int, close: int) -> None:
    """Check the moves between ``begin`` and the closing of the entry."""
    late = [event for event in rules.events[close:] if event.did is Did.MOVE and event.path.startswith(_FILES)]
    rules.must(not [event for event in late if event.to in {move.target for move in moves}], "moved after the closing")
    for move in moves:
        moved = rules.last([Did.MOVE], move.source, close)
        for folder in {parent(move.source), parent(move.target)}:
            rules.synced(folder, max(moved, begin), close, f"after the move to {move.target}")
        for folder in {parent(move.target), *([parent(move.backup)] if move.replaces else [])}:
            for inner in _up(folder):
                made = rules.last([Did.FOLDER], inner, close)
                rules.synced(parent(inner), max(made, begin), close, f"for {inner}")
        if move.replaces and moved > rules.begin:
            kept = rules.last([Did.LINK, Did.MOVE], move.backup, moved)
            rules.synced(parent(move.backup), max(kept, begin), moved, f"before {move.target} is displaced")


def recovery(events: Sequence[Event], moves: Sequence[Move], displaced: Sequence[str]) -> Rules:
    """Check an opening that recovers the library; ``displaced`` are the targets that had no copy yet."""
    rules = Rules(events)
    pulse = rules.first(Did.SQL, "UPDATE pulse", 0)
    durable = rules.first(Did.SYNC, "library.db-wal", pulse)
    early = [event for event in events[:durable] if event.did in _CHANGES and event.path.startswith(_FILES)]
    rules.must(durable < len(events), "no commit of its own is synced")
    rules.must(not early, f"{early[:1]} before a commit of its own is on disk")
    _in_place(rules, moves, durable, rules.first(Did.SQL, "UPDATE journal SET open = 0", 0))
    _copied(rules, displaced)
    return rules


def _copied(rules: Rules, displaced: Sequence[str]) -> None:
    for target in displaced:
        copies = [event for event in rules.events if event.did in (Did.LINK, Did.MOVE) and event.path == target]
        rules.must(bool(copies), f"{target} is displaced without a copy")


def entries(root: Path) -> list[tuple[int, str, list[Move]]]:
    """Return (is open, operation, moves) of all entries that have moves, oldest first."""
    with closing(sqlite3.connect(root / "library.db")) as db:
        found = db.execute("SELECT open, op, moves FROM journal WHERE moves != '[]' ORDER BY n").fetchall()
    return [
        (is_open, op, [Move(*map(move.get, ("src", "dst", "keep", "had"))) for move in json.loads(moves)])
        for is_open, op, moves in found
    ]


def _undisturbed(scene: Scene, folder: Path) -> Rules:
    before = {op for _, op, _ in entries(scene.start)}
    trace, root = undisturbed(scene, folder)
    events, begin, total = events_of(trace.calls, root), 0, Rules(())
    for _, op, moves in entries(root):
        if op not in before:
            rules, begin = operation(events, begin, op, moves)
            _copied(rules, [move.target for move in moves if move.replaces])
            total.held += rules.held
            total.broken += rules.broken
    total.must(begin > 0, "no operation was seen")
    return total


def _after_kills(scene: Scene, folder: Path, every: int) -> tuple[int, Rules]:
    seen, total = 0, Rules(())
    for at in points(scene, folder, every):
        root = killed(scene, folder, at)
        opened = [moves for is_open, _, moves in entries(root) if is_open]
        if not opened:
            continue
        [moves] = opened
        unkept = [m for m in moves if m.replaces and (root / m.source).exists() and not (root / m.backup).exists()]
        trace = run(opening, root, log=folder / "log")
        rules = recovery(events_of(trace.calls, root), moves, [move.target for move in unkept])
        seen += 1
        total.held += rules.held
        total.broken += [f"killed at {at.name} {at.args[:80]}: {what}" for what in rules.broken]
    return seen, total


def order(folder: Path, quick: bool) -> Lines:
    """Check the order of fsyncs of promotions, undos and Stage 1, undisturbed and after kills."""
    with one_thread(), marked():
        for scene, place in every_scene(folder):
            yield order_of(scene, place, 8 if quick else 1)
        (folder / "stage-1").mkdir()
        yield order_of(stage_1(folder / "stage-1"), folder / "stage-1", 8 if quick else 1)


def order_of(scene: Scene, place: Path, every: int) -> tuple[str, list[str]]:
    """Check the order of fsyncs of one scene, and of recovery after a kill at every ``every``-th of its points."""
    try:
        whole = _undisturbed(scene, place)
        seen, after = _after_kills(scene, place, every)
    except InvariantViolation as bad:
        return f"{scene.name}: 1 bad", [str(bad)]
    broken = [f"{scene.name}: {what}" for what in (*whole.broken, *after.broken)]
    line = f"{scene.name}: {whole.held} rules held to, {after.held} in {seen} recoveries after a kill"
    return f"{line}, {len(broken)} bad", broken
