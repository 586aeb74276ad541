"""The queue as the curator sees it: which imports are listed, where the cursor is, what is marked and decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Flag, auto
from functools import partial
from typing import TYPE_CHECKING

from core.domain.decision import Choice
from core.domain.enums import State, Strategy
from core.domain.records import QueueRow
from core.domain.sort_order import DEFAULT_ORDER, SortOrder
from core.domain.stacks import FoldedIds
from tui.queue_model.decisions import Decisions
from tui.queue_model.id_index import next_without
from tui.queue_model.listed_ids import ListedIds
from tui.queue_model.row_cache import RowCache
from tui.queue_model.selection import Selection

if TYPE_CHECKING:
    from core.queue.queue import QueueCounts

_NEAR = (1, -1, 2, -2)  # places from the cursor


class Part(Flag):
    """Parts of the model that can change."""

    LIST = auto()  # other ids are listed
    GONE = auto()  # some ids have left the queue
    ROWS = auto()  # rows may have changed and must be read again
    COUNTS = auto()
    DECISIONS = auto()
    MARKS = auto()
    ORDER = auto()
    FAILURES = auto()


class QueueModel:
    """The single owner of ids, order, filter, cursor, marks, rows, counts and decisions.

    Widgets and controllers watch it, all in one thread. It reads and stores nothing itself: callers pass in the data.
    """

    def __init__(self) -> None:
        self.listed = ListedIds()
        self.marks = Selection(self.listed, partial(self._tell, Part.MARKS))
        self.decisions = Decisions()
        self.rows = RowCache()
        self.words = ""  # of the filter
        self.folded = False  # whether each training takes one line
        self.stacks: Mapping[int, tuple[int, ...]] = {}  # what the line of a stack stands for, by the listed id
        self.order = DEFAULT_ORDER
        self.total: int | None = None  # pending imports, listed or not
        self.states: Mapping[State, int] | None = None  # number of pending imports in each
        self.failures: dict[int, str] = {}  # why imports could not be promoted
        self._left: set[int] = set()  # ids that left the queue since the last count; each may be reported twice
        self._watchers: list[tuple[Part, Callable[[], object]]] = []

    def watch(self, parts: Part, changed: Callable[[], object]) -> None:
        """Call ``changed`` immediately whenever one of these parts changes."""
        self._watchers.append((parts, changed))

    # Queries

    def row(self, pending_id: int | None) -> QueueRow | None:
        """Return an import with its current decision, None if its row is not loaded yet."""
        row = None if pending_id is None else self.rows.get(pending_id)
        return None if row is None else self.decisions.over(row)

    @property
    def current_row(self) -> QueueRow | None:
        """The import under the cursor, None if there is none or its row is not loaded yet."""
        return self.row(self.listed.current)

    def near(self) -> list[QueueRow]:
        """Return the loaded rows around the cursor, the nearest first."""
        ids = self.listed.ids
        places = (self.listed.cursor + by for by in _NEAR)
        rows = (self.row(ids[place]) for place in places if 0 <= place < len(ids))
        return [row for row in rows if row is not None]

    @property
    def chosen(self) -> Sequence[int]:
        """The ids that a decision applies to: those marked, or the one under the cursor, or none in an empty list.

        A folded stack stands for all of its imports.
        """
        current = [] if self.listed.current is None else [self.listed.current]
        return sorted({i for pending_id in self.marks.ids or current for i in self.stands_for(pending_id)})

    def stands_for(self, pending_id: int) -> tuple[int, ...]:
        """Return the ids that a listed one stands for: itself, or all of its folded stack."""
        return self.stacks.get(pending_id, (pending_id,))

    @property
    def found(self) -> int:
        """The number of imports that are listed, those in folded stacks included."""
        return len(self.listed.ids) + sum(len(stack) - 1 for stack in self.stacks.values())

    @property
    def all_decided(self) -> bool:
        """Whether the queue is not empty and everything in it is decided."""
        return self.total is not None and 0 < self.total <= len(self.decisions.ids)

    def next_undecided(self, by: int) -> int | None:
        """Return the place of the next id without a decision, or of the previous one; wraps around once."""
        return next_without(self.listed.ids, self.listed.cursor, by, self.decisions.ids)

    # Changes made by keys

    def fold(self, folded: bool) -> None:
        """Set whether each training takes one line."""
        self.folded = folded
        self._tell(Part.ORDER)

    def sort(self, order: SortOrder) -> None:
        """Set the sort order."""
        self.order = order
        self._tell(Part.ORDER)

    def decide(self, ids: Collection[int], choice: Choice) -> None:
        """Set decisions, or clear them with None; earlier failures are cleared."""
        for pending_id in ids:
            self.failures.pop(pending_id, None)
        self.decisions.put(ids, choice)
        self._tell(Part.DECISIONS | Part.FAILURES)

    # Data that was read

    def put_ids(self, found: FoldedIds, *, all_of_them: bool) -> None:
        """List these ids, without copying the array; ``all_of_them`` says that no filter excludes any."""
        self.marks.list_others(found.ids)
        self.listed.put(found.ids)
        self.stacks = found.stacks
        if all_of_them:
            self.total = self.found
        self._tell(Part.LIST | Part.COUNTS | Part.MARKS)

    def put_rows(
        self, generation: int, asked: Collection[int], rows: Sequence[QueueRow], in_view: Iterable[int]
    ) -> set[int]:
        """Store rows requested in a generation of the cache; return the ids of those that changed."""
        return self.rows.take(generation, asked, rows, in_view)

    def put_counts(self, counts: QueueCounts) -> None:
        """Set the counts; they already exclude everything that has left the queue."""
        self.total, self.states = counts.pending, counts.states
        self._left.clear()
        self._tell(Part.COUNTS)

    def put_decisions(self, decisions: Iterable[tuple[int, Strategy]]) -> None:
        """Set the decisions that the database has."""
        self.decisions.fill(
            (pending_id, strategy) for pending_id, strategy in decisions if pending_id not in self._left
        )
        self._tell(Part.DECISIONS)

    # Events

    def expire(self) -> None:
        """Mark all rows as possibly changed; they stay until newer ones arrive."""
        self.rows.expire()
        self._tell(Part.ROWS)

    def begin_anew(self) -> None:
        """Forget which ids left the queue: they may be back."""
        self._left.clear()

    def take_out(self, gone: set[int], rows: Iterable[QueueRow] = ()) -> None:
        """Remove imports that have left the queue; ``rows`` give their states.

        The counts are adjusted until the next count, since counting a long queue is slow.
        """
        left = gone - self._left
        self._left |= gone
        if self.total is not None:
            self.total = max(self.total - len(left), 0)
        if self.states is not None:
            states = Counter(row.state for row in rows if row.id in left)
            self.states = {state: max(number - states[state], 0) for state, number in self.states.items()}
        self.decisions.count_out(gone)
        self.marks.leave(gone)
        self.rows.forget(gone)
        self.listed.take_out(gone)
        for pending_id in gone:
            self.failures.pop(pending_id, None)
        self._tell(Part.GONE | Part.COUNTS | Part.DECISIONS | Part.MARKS)

    def fail(self, pending_id: int, words: str) -> None:
        """Keep why an import could not be promoted; empty words clear it."""
        if words:
            self.failures[pending_id] = words
        else:
            self.failures.pop(pending_id, None)
        self._tell(Part.FAILURES)

    def end_batch(self, stored: Mapping[int, Choice]) -> None:
        """End a batch of decisions; ``stored`` holds those now in the database, and is empty if storing failed."""
        self.decisions.end_batch()
        self.rows.decide(stored)
        self.expire()

    def _tell(self, parts: Part) -> None:
        for watched, changed in self._watchers:
            if watched & parts:
                changed()
