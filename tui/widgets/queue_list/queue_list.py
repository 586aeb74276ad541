"""The queue as a list of any length: it holds ids, and rows only for what was lately in view."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from core.domain.enums import Strategy
from core.domain.records import QueueRow
from core.domain.sort_order import DEFAULT_ORDER, SortKey, SortOrder
from tui.keys import KEYS
from tui.theme.themes import palette_of
from tui.widgets.queue_list.columns import Columns, RowStyle, column_at, columns, header
from tui.widgets.queue_list.id_list import IdList
from tui.widgets.queue_list.row_cache import RowCache
from tui.widgets.queue_list.row_lines import empty_line, row_line, strip
from tui.widgets.queue_list.selection import Selection


class QueueList(IdList):
    """Draws a line per id; asks for rows it has not got, and tells where the cursor is."""

    BINDINGS = KEYS["queue list"]

    @dataclass
    class Sorted(Message):
        """The list is wanted in another order."""

        order: SortOrder

    class Opened(Message):
        """All of the import under the cursor is wanted."""

    @dataclass
    class RowsWanted(Message):
        """Rows in view are unknown, or may have changed; the answer goes to ``supply``."""

        generation: int
        ids: Sequence[int]

    class Marked(Message):
        """Other rows are marked; ``marks`` tells which."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._highest = 0
        self._rows = RowCache()
        self.marks = Selection(self._marks_changed)
        self._hashing: frozenset[int] = frozenset()
        self._failed: frozenset[int] = frozenset()
        self._suggested: Mapping[int, str] = {}
        self._order = DEFAULT_ORDER
        self._empty: str = ""
        self._ground, self._columns = Style(), columns(0, 0)
        self._palette = palette_of(self.app)

    # What the list holds

    @property
    def marked(self) -> Collection[int]:
        """The ids marked, those filtered out and those of an open range among them."""
        return self.marks.ids

    def row(self, id: int | None) -> QueueRow | None:
        """Return what is known of an import, ``None`` where its row has not come yet."""
        return None if id is None else self._rows.get(id)

    # What it is given

    def set_ids(self, ids: array[int]) -> None:
        self.marks.show(ids)
        self._highest = max(ids, default=0)
        super().set_ids(ids)

    def _show_ids(self, before: int | None, *, follow: bool = True) -> None:
        self.marks.reach(self._cursor)
        self.post_message(self.Marked())
        super()._show_ids(before, follow=follow)

    def take_out(self, gone: Collection[int]) -> None:
        """Take ids out of the list and out of the marks."""
        self.marks.leave(gone)
        self._rows.forget(gone)
        super().take_out(gone)

    def supply(self, generation: int, ids: Collection[int], rows: Iterable[QueueRow]) -> None:
        """Take the answer to ``RowsWanted``. What was asked before the last ``refresh_rows`` fills gaps only."""
        changed = self._rows.take(generation, ids, rows, self.in_view())
        first = max(self.scroll_offset.y - 1, 0)
        near = enumerate(self._ids[first : first + self._visible_rows() + 2], first)
        # A row tells its neighbours whether they are of one file.
        self._draw(*{place + by for place, id in near if id in changed for by in (-1, 0, 1)})
        self._view_changed()

    def refresh_rows(self) -> None:
        """Ask again for what is in view; the old rows stay on the screen until the new ones come."""
        self._rows.expire()
        self._view_changed()

    def show_decision(self, ids: Iterable[int], strategy: Strategy | None, by_hand: bool | None = None) -> None:
        """Show a decision before it is stored; unless told, what was picked by hand stays where the strategy does."""
        self._rows.decide(ids, strategy, by_hand)
        self.refresh()

    def show_hashing(self, ids: Iterable[int]) -> None:
        """Show which files are being read."""
        hashing = frozenset(ids)
        if hashing != self._hashing:
            self._hashing = hashing
            self.refresh()

    def show_failed(self, ids: Iterable[int]) -> None:
        """Show which imports could not be promoted."""
        self._failed = frozenset(ids)
        self.refresh()

    def show_suggested(self, words: Mapping[int, str]) -> None:
        """Show in a word what is proposed for those not decided yet."""
        if words != self._suggested:
            self._suggested = words
            self.refresh()

    def show_order(self, order: SortOrder) -> None:
        """Show in the header how the list is sorted."""
        self._order = order
        self.refresh()

    def show_empty(self, reason: str) -> None:
        """Say why there is nothing to show, where there is nothing."""
        self._empty = reason
        self.refresh()

    def toggle_mark(self) -> None:
        """Mark the import under the cursor, or unmark it, and move on."""
        if (current := self.current) is not None:
            self.marks.toggle(current)
            self.action_move(1)

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.Marked())

    def action_sort(self) -> None:
        all_columns = list(SortKey)
        self._sort(SortOrder(all_columns[(all_columns.index(self._order.column) + 1) % len(all_columns)]))

    def action_turn(self) -> None:
        self._sort(replace(self._order, descending=not self._order.descending))

    def _sort(self, order: SortOrder) -> None:
        self.show_order(order)
        self.post_message(self.Sorted(order))

    def _move_to(self, place: int) -> None:
        before = self._cursor
        super()._move_to(place)
        if self._cursor != before:
            self.marks.reach(self._cursor)
            if self.marks.in_range:
                self._marks_changed()

    def on_click(self, event: events.Click) -> None:
        place = self._place_at(event.y)
        if event.y == 0:
            column = column_at(self._shared_columns(), event.x)
            self._sort(SortOrder(column, column is self._order.column and not self._order.descending))
        elif place is not None and event.ctrl:
            self.marks.toggle(self._ids[place])
        elif place is not None and event.chain == 2:
            self.post_message(self.Opened())

    def _view_changed(self) -> None:
        if not self._ids:
            return
        top = min(self.scroll_offset.y, len(self._ids) - 1)
        last = min(top + self._visible_rows(), len(self._ids)) - 1
        if wanted := self._rows.wanted(self._ids, top, last):
            self.post_message(self.RowsWanted(self._rows.generation, wanted))

    def prepare_lines(self) -> None:
        self._ground, self._columns = self.rich_style, self._shared_columns()
        self._palette = palette_of(self.app)

    def _shared_columns(self) -> Columns:
        return columns(self.scrollable_content_region.width, self._highest)

    def render_line(self, y: int) -> Strip:
        cols = self._columns
        if (place := self._place_at(y)) is not None:
            id = self._ids[place]
            return row_line(self._rows.get(id), id, cols, self._look(id, place, y), self._ground, self._palette)
        if y == 0:
            return strip(header(cols, self._palette, self._order), cols.width, self._ground)
        segments = [] if self._ids else empty_line(self._empty, y, *self.scrollable_content_region.size, self._palette)
        return strip(segments, cols.width, self._ground)

    def _look(self, id: int, place: int, y: int) -> RowStyle:
        return RowStyle(
            cursor=place == self._cursor,
            focus=self.has_focus,
            marked=self.marks.holds(id, place),
            hashing=id in self._hashing,
            failed=id in self._failed,
            suggestion=self._suggested.get(id, ""),
            stripe=bool(place % 2),
            hover=y == self._hover,
            above=self._same_file(place, place - 1),
            below=self._same_file(place, place + 1),
        )

    def _same_file(self, place: int, other: int) -> bool:
        """Tell whether the imports at two places are known to be of one file."""
        if not 0 <= other < len(self._ids):
            return False
        one, two = self._rows.get(self._ids[place]), self._rows.get(self._ids[other])
        return one is not None and two is not None and one.sha256 is not None and one.sha256 == two.sha256
