"""The queue as a screen or a command sees it: which pending imports there are, in what state, with which decision."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sqlite_utils import Database

from core import states
from core.cases import Answer, Cases
from core.errors import CuratorError, RowDamaged
from core.files import model_stamp
from core.hash_ahead import HashAhead, HashProgress
from core.lookup import Lookup
from core.order import BY_ID, Column, Order
from core.picks import NO_PICKS, Picks
from core.plan import make_plan
from core.records import MOST_ALIKE, Entry, PendingImport, Plan, QueueRow, State, Strategy
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

    def ids(self, words: str = "", order: Order = BY_ID, cancel: threading.Event | None = None) -> array[int]:
        """Return the ids of the pending imports that fit, in order; see ``core.search`` for what may be written.

        Where it is about states, the model files are looked at. Raises QueryError, and Cancelled.
        """
        query = parse(words)
        with self._store.reading() as db:
            found = search.ids(db, query) if words.strip() else None
            if found is not None and (query.states or query.same):
                found = self._looked_at(found, query)
            if order.column is Column.STATE:
                return states.in_order(db, found, order.descending, cancel)
            return found if found is not None and order == BY_ID else rows.ids(db, order, found)

    def _looked_at(self, ids: array[int], query: Query) -> array[int]:
        """Return those of the ids that fit as far as the model files tell."""
        same = [(term, {row.sha256 for row in self.rows([term.id])} - {None}) for term in query.same]

        def fits(row: QueueRow) -> bool:
            return query.admits(row.state) and all(
                (row.id == term.id or row.sha256 in hashes) != term.negated for term, hashes in same
            )

        windows = (self.rows(ids[start : start + _WINDOW]) for start in range(0, len(ids), _WINDOW))
        return array("q", (row.id for window in windows for row in window if fits(row)))

    def rows(self, ids: Sequence[int]) -> list[QueueRow]:
        """Return the lines of the given pending imports, in that order; those that are gone are left out."""
        with self._store.reading() as db:
            found = rows.window(db, ids)
            stamps = {row.path: model_stamp(row.path) for row in found.values()}
            return [self._row(db, found[i], stamps[found[i].path]) for i in ids if i in found]

    @staticmethod
    def _row(db: Database, row: StoredRow, stamp: str | None) -> QueueRow:
        sha256 = row.sha256 if stamp is not None and stamp == row.stamp else None
        state = states.state_alone(stamp, row.stamp, row.in_library)
        found = rows.twins(db, row) if sha256 else ()
        same = (id for id, path, theirs in found if model_stamp(path) == theirs)
        alike = tuple(sorted(islice(same, MOST_ALIKE)))
        if state is State.NEW and alike:
            state = State.DUPLICATE
        library_tags = row.library_tags if sha256 is not None else ()
        facts = row.id, row.name, row.path, row.type, row.size_bytes
        decided = row.decision, row.tags, row.images, row.by_hand
        return QueueRow(*facts, sha256, state, *decided, library_tags, alike, row.damage)

    def all(self) -> Iterator[QueueRow]:
        """Go through the whole queue by id, a window at a time."""
        everything = self.ids()
        for start in range(0, len(everything), _WINDOW):
            yield from self.rows(everything[start : start + _WINDOW])

    def counts(self, cancel: threading.Event | None = None) -> QueueCounts:
        """Count the whole queue; every model file is looked at, none is read. Raises Cancelled."""
        with self._store.reading() as db:
            pending_imports, decided = rows.totals(db)
            return QueueCounts(pending_imports, decided, states.count(db, cancel))

    def decide(self, ids: Sequence[int], strategy: Strategy | None) -> None:
        """Store a decision for each of the pending imports, or clear theirs with None.

        What was picked by hand stays where the strategy does, and is gone with it.
        """
        with self._store.writing() as db:
            pending.decide(db, ids, strategy)

    def pick(self, pending_id: int, strategy: Strategy, picks: Picks) -> None:
        """Store a decision with what was picked by hand for it."""
        with self._store.writing() as db:
            pending.pick(db, pending_id, strategy, picks)

    def decisions(self) -> list[tuple[int, Strategy]]:
        """Return all decisions not yet applied, by id."""
        with self._store.reading() as db:
            return pending.decisions(db)

    def picks(self) -> dict[int, Picks]:
        """Return what was picked by hand, by id, for each decision that was made so."""
        with self._store.reading() as db:
            return pending.all_picks(db)

    def look(self, pending_id: int, strategy: Strategy | None, picks: Picks | None = None) -> Look | None:
        """Return one pending import with the plan of a strategy; nothing is hashed for it. None where it is gone.

        Without a strategy the plan is that of an insert, or of a merge where the library has the model. ``picks``
        made by hand are part of the plan; where they are not given, those of the decision, if this is its strategy.
        """
        found = self.rows([pending_id])
        with self._store.reading() as db:
            read = pending.read(db, pending_id)
            if not found or read is None:
                return None
            record, damage = read
            row = replace(found[0], damage=damage)
            if picks is None:
                picks = record.picks if strategy is record.decision else NO_PICKS
            record = replace(record, picks=picks)
            entry = Entry(record, tuple(image.file for image in record.images))
            existing, reason = self._existing(db, row.sha256)
        if strategy in (Strategy.DELETE, Strategy.SKIP):
            return Look(row, entry, existing, make_plan(record, None, strategy, (), 0))
        if damage:
            reason = str(RowDamaged("pending_import", pending_id, damage))
        elif row.sha256 is None:
            reason = "the model file is missing" if row.state is State.MISSING else "not hashed yet"
        if reason or row.sha256 is None:
            return Look(row, entry, None, None, reason)
        if existing is not None and strategy is None:
            strategy = Strategy.MERGE
        try:
            return Look(row, entry, existing, self._cases.meet(record, row.sha256, strategy).plan)
        except Answer as answer:
            return Look(row, entry, answer.outcome.existing, None, "the library has this model by now")
        except CuratorError as error:
            return Look(row, entry, existing, None, str(error))

    def _existing(self, db: Database, sha256: str | None) -> tuple[Entry | None, str]:
        """Return the library's model, where it has one, or why it cannot be read."""
        try:
            return (self._lookup.model(db, sha256) if sha256 else None), ""
        except RowDamaged as error:
            return None, str(error)

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
                copies = sum(model_stamp(path) == stamp for _, path, stamp in rows.twins(db, row))
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
