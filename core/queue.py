"""The queue as a screen or a command sees it: which pending imports there are, in what state, with which decision."""

from __future__ import annotations

import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.cases import Answer, Cases
from core.errors import CuratorError
from core.files import model_stamp
from core.hash_ahead import HashAhead, HashProgress
from core.lookup import Lookup
from core.plan import make_plan
from core.records import Entry, Plan, QueueRow, State, Strategy
from core.store import Store, pending, rows
from core.store.rows import StoredRow

_WINDOW = 500


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many pending imports there are, how many have a decision, and how many are in each state."""

    pending: int
    decided: int
    states: Mapping[State, int]


@dataclass(frozen=True, slots=True)
class Look:
    """One pending import beside what the library has; ``plan`` is None for the ``reason`` given."""

    row: QueueRow
    pending: Entry
    existing: Entry | None
    plan: Plan | None
    reason: str = ""


class Queue:
    """The queue of one library. Every method blocks on the database, and on ``stat`` of the model files."""

    def __init__(self, store: Store, cases: Cases, lookup: Lookup, hash_ahead: HashAhead) -> None:
        self._store = store
        self._cases = cases
        self._lookup = lookup
        self._hash_ahead = hash_ahead

    def ids(self, words: str = "") -> array[int]:
        """Return the ids of pending imports in order; with ``words``, of those in which each of them is found.

        Words are looked for in name, path, type and tags, without regard to case.
        """
        with self._store.reading() as db:
            return rows.ids(db, words.split())

    def rows(self, ids: Sequence[int]) -> list[QueueRow]:
        """Return the lines of the given pending imports, in that order; those that are gone are left out."""
        with self._store.reading() as db:
            found = rows.window(db, ids)
            stamps = {row.path: model_stamp(row.path) for row in found.values()}
            return [self._row(found[i], stamps, rows.twins(db, found[i])) for i in ids if i in found]

    @staticmethod
    def _row(row: StoredRow, stamps: Mapping[str, str | None], twins: Sequence[tuple[str, str]]) -> QueueRow:
        stamp = stamps[row.path]
        sha256 = row.sha256 if stamp is not None and stamp == row.stamp else None
        if stamp is None:
            state = State.MISSING
        elif sha256 is None:
            state = State.UNHASHED
        elif row.in_library:
            state = State.CONFLICT
        elif any(model_stamp(path) == their_stamp for path, their_stamp in twins):
            state = State.DUPLICATE
        else:
            state = State.NEW
        return QueueRow(
            row.id, row.name, row.path, row.type, row.size_bytes, sha256, state, row.decision, row.tags, row.images
        )

    def all(self) -> Iterator[QueueRow]:
        """Go through the whole queue by id, a window at a time."""
        everything = self.ids()
        for start in range(0, len(everything), _WINDOW):
            yield from self.rows(everything[start : start + _WINDOW])

    def counts(self) -> QueueCounts:
        """Count the whole queue."""
        states: Counter[State] = Counter()
        decided = 0
        for row in self.all():
            states[row.state] += 1
            decided += row.decision is not None
        return QueueCounts(states.total(), decided, states)

    def decide(self, ids: Sequence[int], strategy: Strategy | None) -> None:
        """Store a decision for each of the pending imports, or clear theirs with None."""
        with self._store.writing() as db:
            pending.decide(db, ids, strategy)

    def decisions(self) -> list[tuple[int, Strategy]]:
        """Return all decisions not yet applied, by id."""
        with self._store.reading() as db:
            return pending.decisions(db)

    def look(self, pending_id: int, strategy: Strategy | None) -> Look | None:
        """Return one pending import with the plan of a strategy; nothing is hashed for it. None where it is gone.

        Without a strategy the plan is that of an insert, or of a merge where the library has the model.
        """
        found = self.rows([pending_id])
        with self._store.reading() as db:
            entry = self._lookup.pending(db, pending_id)
            record = pending.get(db, pending_id)
            if not found or entry is None or record is None:
                return None
            row = found[0]
            existing = self._lookup.model(db, row.sha256) if row.sha256 else None
        if strategy in (Strategy.DELETE, Strategy.SKIP):
            return Look(row, entry, existing, make_plan(record, None, strategy, (), 0))
        if row.sha256 is None:
            missing = row.state is State.MISSING
            return Look(row, entry, None, None, "the model file is missing" if missing else "not hashed yet")
        if existing is not None and strategy is None:
            strategy = Strategy.MERGE
        try:
            return Look(row, entry, existing, self._cases.meet(record, row.sha256, strategy).plan)
        except Answer as answer:
            return Look(row, entry, answer.outcome.existing, None, "the library has this model by now")
        except CuratorError as error:
            return Look(row, entry, existing, None, str(error))

    def hash_ahead(
        self,
        first: Callable[[], Sequence[int]],
        cancel: threading.Event,
        progress: Callable[[HashProgress], None],
    ) -> None:
        """Hash all files of the queue that are not hashed yet; ``first()`` names those wanted soonest.

        Returns when all is hashed or ``cancel`` is set. ``progress`` is called often, from several threads.
        """
        self._hash_ahead.run(self.ids(), first, cancel, progress)
