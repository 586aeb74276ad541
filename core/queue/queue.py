"""The queue, as used by screens and commands: the pending imports with their states and decisions."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlite_utils import Database

from core.domain.decision import Choice, Decision, strategy_of
from core.domain.enums import State, Strategy
from core.domain.outcomes import Conflict
from core.domain.plans import Plan
from core.domain.query import Query, parse
from core.domain.records import PendingImport, QueueRow, RecordWithImages
from core.domain.resolution import NO_OVERRIDES, Resolution
from core.domain.sort_order import DEFAULT_ORDER, SortKey, SortOrder
from core.domain.stacks import FoldedIds
from core.errors import Cancelled, CuratorError, RowDamaged
from core.files.safe_open import fingerprint
from core.hashing.background import BackgroundHasher, HashProgress
from core.operations.add_words import AddWords
from core.planning.plan import plan_promotion
from core.planning.suggestions import Suggestion, suggest
from core.promotion.lookup import RecordReader
from core.promotion.planner import EarlyOutcome, PromotionPlanner
from core.queue import states
from core.queue.facets import Facet, facets
from core.queue.rows import row_of
from core.storage import LibraryDatabase, aliases, pending, queue_rows, search, stacks, state_facts

_WINDOW = 500


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many pending imports there are, how many have a decision, and how many are in each state."""

    pending: int
    decided: int
    states: Mapping[State, int]


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """One pending import beside the library's model; if ``plan`` is None, ``reason`` says why.

    ``resolution`` holds the manual choices that are part of the plan.
    """

    row: QueueRow
    pending: RecordWithImages
    existing: RecordWithImages | None
    plan: Plan | None
    reason: str = ""
    resolution: Resolution = NO_OVERRIDES


class Queue:
    """The queue of one library. Every method blocks on the database, and on ``stat`` of the model files."""

    def __init__(
        self,
        store: LibraryDatabase,
        cases: PromotionPlanner,
        lookup: RecordReader,
        hash_ahead: BackgroundHasher,
        add_words: AddWords,
    ) -> None:
        self._store = store
        self._cases = cases
        self._lookup = lookup
        self._hash_ahead = hash_ahead
        self._add_words = add_words

    def search(
        self, words: str = "", order: SortOrder = DEFAULT_ORDER, cancel: threading.Event | None = None
    ) -> array[int]:
        """Return the ids of the matching pending imports, in order; see ``core.domain.query`` for the syntax.

        Model files are checked if a term or the order needs them. Raises QueryError, and Cancelled.
        """
        query = parse(words)
        with self._store.read() as db:
            found = search.ids(db, query) if words.strip() else None
            if found is not None and (query.states or query.same or query.verdicts):
                found = self._looked_at(found, query)
            if order.column is SortKey.STATE:
                return states.ids_by_state(db, found, order.descending, cancel)
            return found if found is not None and order == DEFAULT_ORDER else queue_rows.fetch_ids(db, order, found)

    def fold(self, ids: array[int]) -> FoldedIds:
        """Return a list of ids with one line for each training; see ``core.planning.stacks``."""
        with self._store.read() as db:
            return stacks.fold(db, ids)

    def _looked_at(self, ids: array[int], query: Query) -> array[int]:
        """Return the ids that match the terms that need the model files."""
        same = [(term, {row.sha256 for row in self.rows([term.id])} - {None}) for term in query.same]

        def fits(row: QueueRow) -> bool:
            return query.admits(row.state, row.verdict) and all(
                (row.id == term.id or row.sha256 in hashes) != term.negated for term, hashes in same
            )

        return array("q", (row.id for window in self._windows(ids) for row in window if fits(row)))

    def _windows(self, ids: array[int], cancel: threading.Event | None = None) -> Iterator[list[QueueRow]]:
        """Yield the rows of many imports, some at a time. Raises Cancelled."""
        for start in range(0, len(ids), _WINDOW):
            if cancel is not None and cancel.is_set():
                raise Cancelled("no longer wanted")
            yield self.rows(ids[start : start + _WINDOW])

    def rows(self, ids: Sequence[int]) -> list[QueueRow]:
        """Return the rows of the given pending imports, in that order; missing ones are left out."""
        with self._store.read() as db:
            found = queue_rows.fetch_rows(db, ids)
            stamps = {row.path: fingerprint(row.path) for row in found.values()}
            trainings = stacks.stacks_of(db, ids)
            rows = [row_of(db, found[i], stamps[found[i].path]) for i in ids if i in found]
            return [replace(row, stack=trainings[row.id]) if row.id in trainings else row for row in rows]

    def all(self) -> Iterator[QueueRow]:
        """Yield the whole queue by id, reading one window at a time."""
        for window in self._windows(self.search()):
            yield from window

    def facets(self, words: str = "", cancel: threading.Event | None = None) -> tuple[Facet, ...]:
        """Return which values the matching imports have, and how often. Raises QueryError, and Cancelled."""
        found = self.search(words, cancel=cancel)
        return facets(row for window in self._windows(found, cancel) for row in window)

    def counts(self, cancel: threading.Event | None = None) -> QueueCounts:
        """Count the whole queue; every model file is checked with ``stat``, none is read. Raises Cancelled."""
        with self._store.read() as db:
            pending_imports, decided = queue_rows.totals(db)
            return QueueCounts(pending_imports, decided, states.count(db, cancel))

    def decide(self, ids: Sequence[int], choice: Choice) -> None:
        """Store a decision for each of the pending imports, or clear it with None.

        A strategy alone keeps the stored manual choices if the strategy is unchanged, and drops them otherwise.
        """
        with self._store.write() as db:
            pending.decide(db, ids, choice)

    def add_words(self, ids: Sequence[int], tags: Sequence[str] = (), triggers: Sequence[str] = ()) -> int:
        """Give tags and trigger words to pending imports, as one operation; return how many did not have them all.

        Raises LibraryError.
        """
        return self._add_words(ids, tags, triggers)

    def decisions(self) -> list[tuple[int, Strategy]]:
        """Return all decisions not yet applied, by id."""
        with self._store.read() as db:
            return pending.decisions(db)

    def full_decisions(self) -> dict[int, Decision]:
        """Return all decisions not yet applied, by id, each with its manual choices."""
        with self._store.read() as db:
            return pending.full_decisions(db)

    def preview(self, pending_id: int, choice: Choice, cancel: threading.Event | None = None) -> ImportPreview | None:
        """Return one pending import with the plan of a choice, or None if it is gone; nothing is hashed.

        Without a strategy, the plan is that of an insert, or of a merge if the library has the model. With a strategy
        alone, stored manual choices are part of the plan if the stored decision has that strategy. Images without a
        verdict are decoded first. Raises LibraryError if ``pending/`` is not there, and Cancelled.
        """
        strategy = strategy_of(choice)
        found = self.rows([pending_id])
        with self._store.read() as db:
            read = pending.read(db, pending_id)
            if not found or read is None:
                return None
            record, damage = read
            row = replace(found[0], damage=damage)
            decision = choice if isinstance(choice, Decision) else record.decision
            kept = decision is not None and decision.strategy is strategy
            resolution = decision.resolution if decision and kept else NO_OVERRIDES
            entry = self._lookup.entry(db, record)
            existing, reason = self._existing(db, row, strategy)
        if strategy in (Strategy.DELETE, Strategy.SKIP):
            return ImportPreview(row, entry, existing, plan_promotion(record, None, strategy, (), 0).plan)
        if damage:
            reason = str(RowDamaged("pending_import", pending_id, damage))
        elif row.sha256 is None:
            reason = "the model file is missing" if row.state is State.MISSING else "not hashed yet"
        if reason or row.sha256 is None:
            return ImportPreview(row, entry, None, None, reason)
        if existing is not None and strategy is None:
            strategy = Strategy.MERGE
        return self._planned(ImportPreview(row, entry, existing, None, "", resolution), record, strategy, cancel)

    def _planned(
        self, look: ImportPreview, record: PendingImport, strategy: Strategy | None, cancel: threading.Event | None
    ) -> ImportPreview:
        """Return the preview with its plan, or with the reason why there is none."""
        try:
            sha256 = str(look.row.sha256)
            case = self._cases.prepare(record, sha256, strategy, look.resolution, cancel)
            return replace(look, plan=case.planned.plan)
        except Cancelled:
            raise
        except EarlyOutcome as answer:
            existing = answer.outcome.existing if isinstance(answer.outcome, Conflict) else None
            return replace(look, existing=existing, reason="the library has this model now")
        except CuratorError as error:
            return replace(look, reason=str(error))

    def _existing(self, db: Database, row: QueueRow, strategy: Strategy | None) -> tuple[RecordWithImages | None, str]:
        """Return the library's model, if it has one, and the reason if it cannot be read.

        One with the same weights counts unless the import is to become a model of its own.
        """
        merges = strategy in (None, Strategy.MERGE)
        sha256 = row.sha256 and (aliases.model_of(db, row.sha256) or (row.model_with_weights if merges else None))
        try:
            return (self._lookup.model(db, sha256) if sha256 else None), ""
        except RowDamaged as error:
            return None, str(error)

    def suggestion(self, pending_id: int, cancel: threading.Event | None = None) -> Suggestion | None:
        """Return the suggestion for a pending import, or None if it is gone.

        Its images are decoded the first time. Raises Cancelled once ``cancel`` is set.
        """
        look = self.preview(pending_id, None, cancel=cancel)
        if look is None or not isinstance(look.pending.record, PendingImport):
            return None
        claimed, copies = look.pending.record.claimed_sha256, 0
        with self._store.read() as db:
            if look.row.sha256 and (row := queue_rows.fetch_rows(db, [pending_id]).get(pending_id)):
                copies = sum(fingerprint(path) == stamp for _, path, stamp in state_facts.same_hash(db, row))
        return suggest(
            look.row.state,
            look.plan,
            reason=look.reason,
            copies=copies,
            sha256=look.row.sha256,
            claimed_sha256=claimed,
            bases=(look.row.base_model, look.row.shown_base),
            judged=look.row.verdict,
            with_weights=len(look.row.ids_with_weights),
        )

    def hash_ahead(
        self,
        first: Callable[[], Sequence[int]],
        cancel: threading.Event,
        progress: Callable[[HashProgress], None],
    ) -> None:
        """Hash all files of the queue that are not hashed yet; ``first()`` returns the ids to hash first.

        Returns when everything is hashed or ``cancel`` is set. ``progress`` is called often, from several threads.
        """
        self._hash_ahead.run(self.search(), first, cancel, progress)
