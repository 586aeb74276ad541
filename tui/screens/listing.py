"""The list with its filter, its counts and its decisions, kept in step with the store."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.screen import Screen

from core.errors import Cancelled, CuratorError
from core.records import QueueRow, Strategy
from core.search import QueryError
from tui.decisions import Decisions
from tui.latest import Latest
from tui.suggesting import Suggesting
from tui.walk import Place
from tui.widgets.filter_line import FilterLine
from tui.widgets.pending_list import PendingList
from tui.widgets.top_line import TopLine

if TYPE_CHECKING:
    from core.library import Library
    from core.queue import QueueCounts

_RECOUNT = 0.5  # seconds between two counts, at least
_EMPTY = "The queue is empty.\n\ni brings an old manager's database in."

RowsQuestion = tuple[int, Sequence[int]]


class Listing:
    """Reads ids, rows and counts in threads; shows decisions at once and stores them behind."""

    def __init__(
        self,
        screen: Screen[None],
        library: Library,
        rows_came: Callable[[], None],
        failed: Callable[[CuratorError], None],
    ) -> None:
        self._screen = screen
        self._library = library
        self._rows_came = rows_came
        self._failed = failed
        queue = library.queue
        self._ids = Latest[str, "array[int]"](screen, "ids", queue.ids, self._show_ids, self._no_ids)
        self._rows = Latest[RowsQuestion, "list[QueueRow]"](
            screen, "rows", lambda question: queue.rows(question[1]), self._show_rows, self._read_failed
        )
        self._counts = Latest[None, "QueueCounts"](
            screen, "counts", lambda _: self._timed_counts(), self._show_counts, self._read_failed
        )
        self._decided_ids = Latest[None, "list[tuple[int, Strategy]]"](
            screen, "decided", lambda _: queue.decisions(), self._show_decided, self._read_failed
        )
        self.decisions = Decisions(screen, queue.decide, self._stored, failed)
        self.suggesting = Suggesting(screen, library, self._suggested, failed)
        self.decided: set[int] = set()
        self._total = 0
        self._recount_due = False
        self._pause = _RECOUNT
        self._counted = False
        self._leaving = threading.Event()
        self._then: int | None = None

    def load(self, then: int | None = None) -> None:
        """Read everything; ``then`` put the cursor on that import."""
        self._then = then
        self._ids.ask(self._filter.words)
        self._decided_ids.ask(None)
        self._counts.ask(None)

    @property
    def _filter(self) -> FilterLine:
        return self._screen.query_one(FilterLine)

    @property
    def _list(self) -> PendingList:
        return self._screen.query_one(PendingList)

    @property
    def all_decided(self) -> bool:
        """Whether there is something in the queue, and all of it is decided."""
        return self._counted and 0 < self._total <= len(self.decided)

    def place(self) -> Place | None:
        """Return where the curator stands, None in an empty list."""
        listed = self._list
        if listed.current is None:
            return None
        row = listed.row(listed.current)
        return Place(listed.current, listed.cursor + 1, len(listed.ids), row.decision if row else None)

    def filter(self, words: str) -> None:
        """Show only what holds all of the words."""
        self._ids.ask(words)

    def want_rows(self, generation: int, ids: Sequence[int]) -> None:
        """Read rows for the list."""
        self._rows.ask((generation, ids))

    def refresh(self) -> None:
        """Read again what is in view, and count again before long."""
        self._list.refresh_rows()
        self.recount()

    def recount(self) -> None:
        """Count again before long; a count of a long queue is not cheap."""
        if not self._recount_due:
            self._recount_due = True
            self._screen.set_timer(self._pause, self._count)

    def decide(self, ids: Sequence[int], strategy: Strategy | None) -> None:
        """Show a decision and store it."""
        self._list.show_decision(ids, strategy)
        if strategy is None:
            self.decided.difference_update(ids)
        else:
            self.decided.update(ids)
        self._screen.query_one(TopLine).show_decided(len(self.decided))
        self.decisions.put(ids, strategy)

    def take_out(self, gone: set[int]) -> None:
        """Take imports out that have left the queue."""
        self.decided -= gone
        self._total -= len(gone)
        self._list.take_out(gone)
        self._screen.query_one(TopLine).show_decided(len(self.decided))
        self._show_found()
        self.recount()

    def stop(self) -> None:
        """Count no more: whoever leaves need not wait for a count of a long queue."""
        self._leaving.set()

    def _count(self) -> None:
        self._recount_due = False
        self._counts.ask(None)

    def _timed_counts(self) -> QueueCounts:
        started = time.monotonic()
        counts = self._library.queue.counts(self._leaving)
        self._pause = max(_RECOUNT, 10 * (time.monotonic() - started))
        return counts

    def _show_ids(self, words: str, ids: array[int]) -> None:
        if words == self._filter.words:
            self._list.show_empty("Nothing in the queue fits these words.\n\nEsc clears them." if words else _EMPTY)
            self._list.set_ids(ids)
            if self._then is not None:
                self._list.go_to(self._then)
                self._then = None
            self._show_found()

    def suggest(self) -> None:
        """Propose something for what is in view."""
        rows = (self._list.row(id) for id in self._list.in_view())
        self.suggesting.want([row for row in rows if row is not None])
        self._list.show_suggested(self.suggesting.words)

    def _suggested(self) -> None:
        self._list.show_suggested(self.suggesting.words)
        self._rows_came()

    def _no_ids(self, words: str, error: CuratorError) -> None:
        if words != self._filter.words:
            return
        if isinstance(error, QueryError):
            self._filter.show_problem(str(error))
        else:
            self._failed(error)

    def _show_found(self) -> None:
        self._filter.show_found(len(self._list.ids), self._total)

    def _show_rows(self, question: RowsQuestion, rows: list[QueueRow]) -> None:
        generation, ids = question
        self._list.supply(generation, ids, self.decisions.over(rows))
        self.suggest()
        if gone := set(ids) - {row.id for row in rows}:  # another process took them
            self.take_out(gone)
        self._rows_came()

    def _show_counts(self, _: None, counts: QueueCounts) -> None:
        self._total, self._counted = counts.pending, True
        self._screen.query_one(TopLine).show_counts(counts)
        self._screen.query_one(TopLine).show_decided(len(self.decided))
        self._show_found()

    def _show_decided(self, _: None, decisions: list[tuple[int, Strategy]]) -> None:
        self.decided = {id for id, _ in decisions} | self.decided
        self._screen.query_one(TopLine).show_decided(len(self.decided))

    def _stored(self) -> None:
        self._list.refresh_rows()

    def _read_failed(self, _: object, error: CuratorError) -> None:
        if not isinstance(error, Cancelled):
            self._failed(error)
