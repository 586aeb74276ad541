"""Reads the list, its rows and its counts for the model, and stores decisions."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.screen import Screen

from core.domain.decision import Choice
from core.domain.enums import State, Strategy
from core.domain.query import QueryError
from core.domain.records import QueueRow
from core.domain.sort_order import SortKey, SortOrder
from core.domain.stacks import FoldedIds
from core.errors import Cancelled, CuratorError
from tui.config.session import Session
from tui.jobs.decision_writer import DecisionWriter
from tui.jobs.latest import LatestQuery
from tui.jobs.suggestion_loader import SuggestionLoader
from tui.keys import display_key
from tui.queue_model.model import Part, QueueModel
from tui.screens.queue.navigator import QueuePosition
from tui.widgets.filter_bar import FilterBar
from tui.widgets.queue_list.queue_list import QueueList
from tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from core.library import Library
    from core.queue.queue import QueueCounts

_RECOUNT = 0.5  # minimum seconds between two counts
_EMPTY = "The queue is empty.\n\n{key} brings models in: a folder, or an old manager's database."

IdsQuestion = tuple[str, SortOrder, bool]
RowsQuestion = tuple[int, Sequence[int]]


class ListController:
    """Reads in threads; the model shows decisions immediately, and they are stored in the background."""

    def __init__(
        self, screen: Screen[None], library: Library, model: QueueModel, rows_came: Callable[[], None]
    ) -> None:
        self._screen = screen
        self._library = library
        self._model = model
        self._rows_came = rows_came
        queue = library.queue
        self._ids = LatestQuery[IdsQuestion, FoldedIds](
            screen, "ids", lambda question, _: self._search(*question), self._show_ids, self._no_ids
        )
        self._rows = LatestQuery[RowsQuestion, "list[QueueRow]"](
            screen, "rows", lambda question, _: queue.rows(question[1]), self._show_rows, self._read_failed
        )
        self._counts = LatestQuery[None, "QueueCounts"](
            screen, "counts", lambda *_: self._timed_counts(), self._show_counts, self._read_failed
        )
        self._decided_ids = LatestQuery[int, "list[tuple[int, Strategy]]"](
            screen, "decided", lambda *_: queue.decisions(), self._show_decided, self._read_failed
        )
        self.decisions = DecisionWriter(screen, model.decisions, queue.decide, model.end_batch, self._not_stored)
        self.suggesting = SuggestionLoader(screen, library, self._suggested, self._failed)
        self.first_rows_shown = asyncio.Event()  # set when the first rows are shown; slow work may begin then
        self._recount_due = False
        self._pause = _RECOUNT
        self._leaving = threading.Event()
        self._then: int | None = None
        model.watch(Part.ORDER, self.find)
        model.watch(Part.COUNTS, self._show_found)

    @property
    def session(self) -> Session:
        """The current session: cursor, filter and order."""
        return Session(self._model.listed.current, self._model.words, self._model.order, self._model.folded)

    def resume(self, session: Session) -> None:
        """Read everything, and restore a session."""
        self._put_words(session.words)
        self._model.fold(session.folded)
        self._model.sort(session.order)
        self.load(session.row)

    def load(self, then: int | None = None) -> None:
        """Read everything, then put the cursor on import ``then``."""
        self._then = then
        self._model.begin_anew()
        self._model.expire()
        self.find()
        self._ask_decided()
        if self.first_rows_shown.is_set():
            self._counts.ask(None)

    def _stand(self) -> None:
        if not self.first_rows_shown.is_set():
            self.first_rows_shown.set()
            self._counts.ask(None)

    @property
    def _filter(self) -> FilterBar:
        return self._screen.query_one(FilterBar)

    @property
    def _question(self) -> IdsQuestion:
        return self._model.words, self._model.order, self._model.folded

    @property
    def _list(self) -> QueueList:
        return self._screen.query_one(QueueList)

    def place(self) -> QueuePosition | None:
        """Return the position of the cursor, None in an empty list."""
        listed = self._model.listed
        if listed.current is None:
            return None
        row = self._model.current_row
        strategy = row.decision if row else None
        choice = self._model.decisions.coming(listed.current, strategy) or strategy
        return QueuePosition(listed.current, listed.cursor + 1, len(listed.ids), choice)

    def filter(self, words: str) -> None:
        """Replace the filter, and show what matches."""
        self._put_words(words)
        self.find()

    def _put_words(self, words: str) -> None:
        self._filter.put(words)
        self._model.words = words

    def typed(self, words: str) -> None:
        """Show what matches the filter as typed."""
        self._model.words = words
        self.find()

    def find(self) -> None:
        """Read which imports are listed."""
        self._ids.ask(self._question)

    def show_same(self) -> str:
        """Show only imports of the same file as the one under the cursor; if impossible, return the reason."""
        row = self._model.current_row
        if row is None or row.state is State.MISSING:
            return "The file is missing, so duplicates cannot be found."
        if row.sha256 is None:
            return "The file is not hashed yet, so duplicates cannot be found."
        if not row.duplicate_ids:
            return "No other import in the queue has the same file."
        self.filter(f"same:{row.id}")
        return ""

    def want_rows(self, generation: int, ids: Sequence[int]) -> None:
        """Read rows for the list."""
        self._rows.ask((generation, ids))

    def refresh(self) -> None:
        """Read the rows in view again, and recount soon."""
        self._model.expire()
        self.recount()

    def hashed(self) -> None:
        """Read the results of hashing: everything that can be hashed is."""
        self.refresh()
        if self._model.order.column is SortKey.STATE:
            self.find()

    def recount(self) -> None:
        """Recount soon; counting a long queue is slow."""
        if not self._recount_due:
            self._recount_due = True
            self._screen.set_timer(self._pause, self._count)

    def decide(self, ids: Sequence[int], choice: Choice) -> None:
        """Show a decision and store it."""
        self._model.decide(ids, choice)
        self.decisions.begin()

    def take_out(self, gone: set[int], rows: Sequence[QueueRow]) -> None:
        """Remove imports that have left the queue; ``rows`` give their states."""
        stacks = not gone.isdisjoint(self._model.stacks)
        self._model.take_out(gone, rows)
        self.recount()
        if stacks:  # others of a training may be left, which another file stands for
            self.find()

    def stop(self) -> None:
        """Stop counting and suggesting: neither is worth waiting for when the app quits."""
        self._leaving.set()
        self.suggesting.stop()

    def _count(self) -> None:
        self._recount_due = False
        self._counts.ask(None)

    def _timed_counts(self) -> QueueCounts:
        started = time.monotonic()
        counts = self._library.queue.counts(self._leaving)
        self._pause = max(_RECOUNT, 10 * (time.monotonic() - started))
        return counts

    def _search(self, words: str, order: SortOrder, folded: bool) -> FoldedIds:
        ids = self._library.queue.search(words, order, self._leaving)
        return self._library.queue.fold(ids) if folded else FoldedIds(ids)

    def _show_ids(self, question: IdsQuestion, found: FoldedIds) -> None:
        words, ids = self._model.words, found.ids
        if question == self._question:
            empty = _EMPTY.format(key=display_key(self._screen.app, "import.open"))
            self._list.show_empty("Nothing in the queue matches the filter.\n\nEsc clears it." if words else empty)
            self._model.put_ids(found, all_of_them=not words)
            if self._then is not None:
                self._list.go_to(self._then)
                self._then = None
            if not ids:
                self._stand()

    def suggest(self) -> None:
        """Request suggestions for the rows in view."""
        rows = (self._model.row(pending_id) for pending_id in self._list.in_view())
        self.suggesting.want([row for row in rows if row is not None])
        self._list.show_suggested(self.suggesting.words)

    def _suggested(self) -> None:
        self._list.show_suggested(self.suggesting.words)
        self._rows_came()

    def _no_ids(self, question: IdsQuestion, error: CuratorError) -> None:
        if question != self._question:
            return
        if isinstance(error, QueryError):
            self._filter.show_problem(str(error))
            self._stand()
        else:
            self._read_failed(question, error)

    def _show_found(self) -> None:
        self._filter.show_found(self._model.found, self._model.total or 0)

    def _show_rows(self, question: RowsQuestion, rows: list[QueueRow]) -> None:
        generation, ids = question
        self._list.show_rows(self._model.put_rows(generation, ids, rows, self._list.in_view()))
        self.suggest()
        # Another process has removed them, unless they are back since this was asked.
        if generation == self._model.rows.generation and (gone := set(ids) - {row.id for row in rows}):
            self.take_out(gone, [row for pending_id in gone if (row := self._model.row(pending_id))])
        self._rows_came()
        self._stand()

    def _show_counts(self, _: None, counts: QueueCounts) -> None:
        self._model.put_counts(counts)

    def _ask_decided(self) -> None:
        self._decided_ids.ask(self._model.decisions.batches)

    def _show_decided(self, batches: int, decisions: list[tuple[int, Strategy]]) -> None:
        if batches == self._model.decisions.batches:
            self._model.put_decisions(decisions)
        else:  # a batch was stored meanwhile, before or after this was read
            self._ask_decided()

    def _not_stored(self, error: CuratorError) -> None:
        self._model.end_batch({})
        self._ask_decided()
        self._failed(error)

    def _failed(self, error: CuratorError) -> None:
        self._screen.query_one(StatusBar).warn(str(error))

    def _read_failed(self, _: object, error: CuratorError) -> None:
        self._stand()
        if not isinstance(error, Cancelled):
            self._failed(error)
