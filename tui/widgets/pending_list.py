"""The queue as a list of any length: it holds ids, and rows only for what was lately in view."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from core.records import QueueRow, Strategy
from tui.widgets.columns import Look, columns, header
from tui.widgets.lines import empty_line, row_line, strip
from tui.widgets.places import around, cut, place_among, place_of

PAGE = 64
_KEPT_ROWS = 64 * PAGE


class PendingList(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws a line per id; asks for rows it has not got, and tells where the cursor is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next", id="move.down", tooltip="The next row", show=False),
        Binding("k,up", "move(-1)", "previous", id="move.up", tooltip="The row before", show=False),
        Binding("pagedown", "page(1)", "page down", id="move.page_down", tooltip="A page down", show=False),
        Binding("pageup", "page(-1)", "page up", id="move.page_up", tooltip="A page up", show=False),
        Binding("g,home", "first", "first", id="move.first", tooltip="The first row", show=False),
        Binding("G,end", "last", "last", id="move.last", tooltip="The last row", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor stands on another import, or on none."""

        id: int | None

    @dataclass
    class RowsWanted(Message):
        """Rows in view are unknown, or may have changed; the answer goes to ``supply``."""

        generation: int
        ids: Sequence[int]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._ids: array[int] = array("q")
        self._highest = 0
        self._rows: dict[int, QueueRow] = {}
        self._fresh: set[int] = set()
        self._generation = 0
        self._cursor = 0
        self._marked: set[int] = set()
        self._hashing: frozenset[int] = frozenset()
        self._failed: frozenset[int] = frozenset()
        self._suggested: Mapping[int, str] = {}
        self._empty: str = ""
        self._ground = Style()

    # What the list holds

    @property
    def ids(self) -> Sequence[int]:
        """The ids shown, in order."""
        return self._ids

    @property
    def current(self) -> int | None:
        """The id under the cursor."""
        return self._ids[self._cursor] if self._ids else None

    @property
    def cursor(self) -> int:
        """The place of the cursor, from 0."""
        return self._cursor

    @property
    def marked(self) -> Collection[int]:
        """The ids marked, those filtered out among them."""
        return self._marked

    def row(self, id: int | None) -> QueueRow | None:
        """Return what is known of an import, ``None`` where its row has not come yet."""
        return None if id is None else self._rows.get(id)

    def in_view(self) -> list[int]:
        """Return the ids in view, the one under the cursor first."""
        top = self.scroll_offset.y
        shown = list(self._ids[top : top + self._visible_rows()])
        if (current := self.current) is not None and current in shown:
            shown.remove(current)
            shown.insert(0, current)
        return shown

    # What it is given

    def set_ids(self, ids: array[int]) -> None:
        """Show other ids, and keep them. The cursor stays on its import, or goes to the next one that is left."""
        before = self.current
        self._cursor = place_among(ids, self._ids, self._cursor)
        self._ids = ids
        self._highest = max(ids, default=0)
        self._show_ids(before)

    def _show_ids(self, before: int | None) -> None:
        self.virtual_size = Size(1, len(self._ids) + 1)
        self._keep_in_view()
        self.call_after_refresh(self._keep_in_view)  # only then is a longer list as long as it is
        self.refresh()
        self._want()
        if self.current != before:
            self.post_message(self.Moved(self.current))

    def take_out(self, gone: Collection[int]) -> None:
        """Take ids out of the list and out of the marks."""
        before = self.current
        self._cursor = cut(self._ids, gone, self._cursor)
        self._marked.difference_update(gone)
        self._fresh.difference_update(gone)
        for id in gone:
            self._rows.pop(id, None)
        self._show_ids(before)

    def go_to(self, id: int) -> None:
        """Put the cursor on an import, where it is in the list."""
        if (place := place_of(self._ids, id)) is not None:
            self._move_to(place)

    def supply(self, generation: int, ids: Iterable[int], rows: Iterable[QueueRow]) -> None:
        """Take the answer to ``RowsWanted``. What was asked before the last ``refresh_rows`` fills gaps only."""
        late = generation != self._generation
        asked = list(ids)
        changed = set()
        for row in rows:
            if not (late and row.id in self._rows) and self._rows.get(row.id) != row:
                self._rows[row.id] = row
                changed.add(row.id)
        if not late:
            self._fresh.update(asked)
        if len(self._rows) > _KEPT_ROWS:
            keep = {*asked, *self.in_view()}
            self._rows = {id: row for id, row in self._rows.items() if id in keep}
            self._fresh &= keep
        top = self.scroll_offset.y
        self._draw(*(top + n for n, id in enumerate(self._ids[top : top + self._visible_rows()]) if id in changed))
        self._want()

    def refresh_rows(self) -> None:
        """Ask again for what is in view; the old rows stay on the screen until the new ones come."""
        self._generation += 1
        self._fresh.clear()
        self._want()

    def show_decision(self, ids: Iterable[int], strategy: Strategy | None) -> None:
        """Show a decision before it is stored."""
        for id in ids:
            if row := self._rows.get(id):
                self._rows[id] = replace(row, decision=strategy)
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

    def show_empty(self, reason: str) -> None:
        """Say why there is nothing to show, where there is nothing."""
        self._empty = reason
        self.refresh()

    def toggle_mark(self) -> None:
        """Mark the import under the cursor, or unmark it, and move on."""
        if (current := self.current) is not None:
            self._marked ^= {current}
            self.action_move(1)
            self.refresh()

    def mark_all(self) -> None:
        """Mark all shown; unmark them where all of them are marked."""
        shown = set(self._ids)
        self._marked = self._marked - shown if shown <= self._marked else self._marked | shown
        self.refresh()

    def clear_marks(self) -> None:
        """Unmark everything."""
        self.unmark(list(self._marked))

    def unmark(self, ids: Iterable[int]) -> None:
        """Unmark these."""
        self._marked.difference_update(ids)
        self.refresh()

    def action_move(self, by: int) -> None:
        self._move_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        self._move_to(self._cursor + by * max(self._visible_rows() - 1, 1))

    def action_first(self) -> None:
        self._move_to(0)

    def action_last(self) -> None:
        self._move_to(len(self._ids) - 1)

    def _move_to(self, place: int) -> None:
        place = max(0, min(place, len(self._ids) - 1))
        if place == self._cursor or not self._ids:
            return
        before, self._cursor = self._cursor, place
        self._keep_in_view()
        self._draw(before, place)
        self.post_message(self.Moved(self.current))

    def _keep_in_view(self) -> None:
        top, rows = self.scroll_offset.y, self._visible_rows()
        y = min(max(top, self._cursor - rows + 1), self._cursor)
        if y != top:
            self.scroll_to(y=y, animate=False)

    def on_click(self, event: events.Click) -> None:
        if event.y > 0 and (place := self.scroll_offset.y + event.y - 1) < len(self._ids):
            self._move_to(place)

    # Rows for what is in view

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._want()

    def on_resize(self) -> None:
        self._keep_in_view()
        self._want()

    def _visible_rows(self) -> int:
        return max(self.scrollable_content_region.height - 1, 1)  # the header takes a line

    def _want(self) -> None:
        if not self._ids:
            return
        top = min(self.scroll_offset.y, len(self._ids) - 1)
        last = min(top + self._visible_rows(), len(self._ids)) - 1
        unknown = [place for place in range(top, last + 1) if self._ids[place] not in self._fresh]
        if not unknown:  # then what the next page would show, either way
            near = around(top, last, len(self._ids))
            unknown = [n for n in near if self._ids[n] not in self._rows and self._ids[n] not in self._fresh]
        if unknown:
            low, high = unknown[0] // PAGE * PAGE, (unknown[-1] // PAGE + 1) * PAGE
            self.post_message(self.RowsWanted(self._generation, self._ids[low:high]))

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = self.rich_style  # the same for all lines, and not cheap
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        region = self.scrollable_content_region
        cols = columns(region.width, self._highest)
        place = self.scroll_offset.y + y - 1
        if y > 0 and place < len(self._ids):
            id = self._ids[place]
            return row_line(self._rows.get(id), id, cols, self._look(id, place), self._ground)
        segments = header(cols) if y == 0 else [] if self._ids else empty_line(self._empty, y, *region.size)
        return strip(segments, region.width, self._ground)

    def _look(self, id: int, place: int) -> Look:
        return Look(
            cursor=place == self._cursor,
            focus=self.has_focus,
            marked=id in self._marked,
            hashing=id in self._hashing,
            failed=id in self._failed,
            suggestion=self._suggested.get(id, ""),
        )

    def _draw(self, *places: int) -> None:
        """Draw some lines anew; the others are as they were."""
        top, width = self.scroll_offset.y, self.size.width
        if lines := [Region(0, place - top + 1, width, 1) for place in places if place >= top]:
            self.refresh(*lines)
