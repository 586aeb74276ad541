"""The queue as a screen or a command sees it: which pending imports there are, in what state, with which decision."""

from __future__ import annotations

import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from core.cases import Answer, Cases
from core.errors import Cancelled, CuratorError
from core.files import model_stamp
from core.hash_ahead import HashAhead, HashProgress
from core.lookup import Lookup
from core.plan import make_plan
from core.records import Entry, PendingImport, Plan, QueueRow, State, Strategy
from core.search import Query, parse
from core.store import Store, pending, rows, search
from core.store.rows import StoredRow
from core.suggestions import Suggestion, suggest

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
        """Return the ids of the pending imports that fit, in order; see ``core.search`` for what may be written.

        Where a state is asked for, the model files are looked at. Raises QueryError.
        """
        query = parse(words)
        with self._store.reading() as db:
            found = search.ids(db, query) if words.strip() else rows.ids(db)
        return self._in_states(found, query) if query.states else found

    def _in_states(self, ids: array[int], query: Query) -> array[int]:
        windows = (self.rows(ids[start : start + _WINDOW]) for start in range(0, len(ids), _WINDOW))
        return array("q", (row.id for window in windows for row in window if query.admits(row.state)))

    def rows(self, ids: Sequence[int]) -> list[QueueRow]:
        """Return the lines of the given pending imports, in that order; those that are gone are left out."""
        with self._store.reading() as db:
            found = rows.window(db, ids)
            stamps = {row.path: model_stamp(row.path) for row in found.values()}
            return [self._row(db, found[i], stamps[found[i].path]) for i in ids if i in found]

    @staticmethod
    def _row(db: Database, row: StoredRow, stamp: str | None) -> QueueRow:
        sha256 = row.sha256 if stamp is not None and stamp == row.stamp else None
        state = _state_alone(stamp, row.stamp, row.in_library)
        if state is State.NEW and any(model_stamp(path) == theirs for path, theirs in rows.twins(db, row)):
            state = State.DUPLICATE
        return QueueRow(
            row.id, row.name, row.path, row.type, row.size_bytes, sha256, state, row.decision, row.tags, row.images
        )

    def all(self) -> Iterator[QueueRow]:
        """Go through the whole queue by id, a window at a time."""
        everything = self.ids()
        for start in range(0, len(everything), _WINDOW):
            yield from self.rows(everything[start : start + _WINDOW])

    def counts(self, cancel: threading.Event | None = None) -> QueueCounts:
        """Count the whole queue; every model file is looked at, none is read. Raises Cancelled."""
        states: Counter[State] = Counter()
        alike: Counter[str] = Counter()
        with self._store.reading() as db:
            pending_imports, decided = rows.totals(db)
            for batch in rows.known(db):
                if cancel is not None and cancel.is_set():
                    raise Cancelled("counting was cancelled")
                found = [_state_alone(model_stamp(path), stamp, in_library) for path, stamp, in_library, _ in batch]
                states.update({state: found.count(state) for state in State})
                alike.update(
                    sha256 for state, (*_, sha256) in zip(found, batch, strict=True) if sha256 and state is State.NEW
                )
        if duplicates := sum(count for count in alike.values() if count > 1):
            states.update({State.NEW: -duplicates, State.DUPLICATE: duplicates})
        return QueueCounts(pending_imports, decided, +states)

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

    def suggestion(self, pending_id: int) -> Suggestion | None:
        """Return what is proposed for a pending import, None where it is gone.

        Its images are decoded the first time.
        """
        look = self.look(pending_id, None)
        if look is None or not isinstance(look.pending.record, PendingImport):
            return None
        claimed, copies = look.pending.record.claimed_sha256, 0
        with self._store.reading() as db:
            if look.row.sha256 and (row := rows.window(db, [pending_id]).get(pending_id)):
                copies = sum(model_stamp(path) == stamp for path, stamp in rows.twins(db, row))
        return suggest(
            look.row.state,
            look.plan,
            reason=look.reason,
            copies=copies,
            sha256=look.row.sha256,
            claimed_sha256=claimed,
        )

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


def _state_alone(stamp: str | None, hashed_stamp: str | None, in_library: bool) -> State:
    """Return the state that a pending import has if no other one has its hash.

    ``stamp`` is that of its file as it is now, ``hashed_stamp`` the one it had when the hash was computed.
    """
    if stamp is None:
        return State.MISSING
    if stamp != hashed_stamp:
        return State.UNHASHED
    return State.CONFLICT if in_library else State.NEW
