"""A list of ids of any length: its cursor, the keys and the mouse that move it, and its visible part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.geometry import Region, Size
from textual.message import Message

from tui.keys import KEYS
from tui.queue_model.listed_ids import ListedIds
from tui.widgets.queue_list.cached_lines import CachedLines


class IdList(CachedLines, can_focus=True, inherit_bindings=False):
    """Knows ids and places only, below one line of header; subclasses draw the lines."""

    BINDINGS = KEYS["list"]

    @dataclass
    class Moved(Message):
        """The cursor has moved to another import, or to none."""

        id: int | None

    def __init__(self, listed: ListedIds, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._listed = listed
        self._told: int | None = None  # the id under the cursor when last reported
        self._drawn_cursor = 0
        self._hover: int | None = None  # the line under the mouse

    @property
    def ids(self) -> Sequence[int]:
        """The ids shown, in order."""
        return self._listed.ids

    @property
    def current(self) -> int | None:
        """The id under the cursor."""
        return self._listed.current

    @property
    def cursor(self) -> int:
        """The place of the cursor, from 0."""
        return self._listed.cursor

    def in_view(self) -> list[int]:
        """Return the ids in view, the one under the cursor first."""
        top = self.scroll_offset.y
        shown = list(self.ids[top : top + self._visible_rows()])
        if (current := self.current) is not None and current in shown:
            shown.remove(current)
            shown.insert(0, current)
        return shown

    def show_others(self) -> None:
        """Show a new list of ids."""
        self._show_ids(follow=True)

    def show_gone(self) -> None:
        """Show that ids have left the list; do not scroll back if the cursor is out of view."""
        self._show_ids(follow=self._in_view(self._drawn_cursor))

    def _show_ids(self, *, follow: bool) -> None:
        self.virtual_size = Size(1, len(self.ids) + 1)
        if follow:
            self._keep_in_view()
        self._drawn_cursor = self.cursor
        self.refresh()
        self._view_changed()
        self._tell()

    def _tell(self) -> None:
        if self.current != self._told:
            self._told = self.current
            self.post_message(self.Moved(self._told))

    def go_to(self, pending_id: int) -> None:
        """Move the cursor to an import, if it is listed."""
        if (place := self._listed.place_of(pending_id)) is not None:
            self._move_to(place)

    def action_move(self, by: int) -> None:
        self._move_to(self.cursor + by)

    def action_page(self, by: int) -> None:
        self._move_to(self.cursor + by * max(self._visible_rows() - 1, 1))

    def action_first(self) -> None:
        self._move_to(0)

    def action_last(self) -> None:
        self._move_to(len(self.ids) - 1)

    def _move_to(self, place: int) -> None:
        before = self.cursor
        if self._listed.move_to(place):
            self._drawn_cursor = self.cursor
            self._keep_in_view()
            self._draw(before, self.cursor)
            self._tell()

    def _in_view(self, place: int) -> bool:
        top = self.scroll_offset.y
        return top <= place < top + self._visible_rows()

    def _keep_in_view(self) -> None:
        if not self.size:
            return  # a resize follows
        top, rows = self.scroll_offset.y, self._visible_rows()
        y = min(max(top, self.cursor - rows + 1), self.cursor)
        if y != top:
            self.scroll_to(y=y, animate=False, force=True)  # a list that grew has its scrollbar only at the next layout

    def on_click(self, event: events.Click) -> None:
        if (place := self._place_at(event.y)) is not None:
            self._move_to(place)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._hover_over(event.y)

    def on_leave(self) -> None:
        self._hover_over(None)

    def _hover_over(self, y: int | None) -> None:
        if y != self._hover:
            lines = [line for line in (self._hover, y) if line]
            self._hover = y
            self.refresh(*(Region(0, line, self.size.width, 1) for line in lines))

    def _place_at(self, y: int) -> int | None:
        """Return the place at a line of the widget, None for the header and below the last row."""
        place = self.scroll_offset.y + y - 1
        return place if y > 0 and place < len(self.ids) else None

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._view_changed()

    def on_resize(self) -> None:
        self._keep_in_view()
        self._view_changed()

    def _view_changed(self) -> None:
        """Handle a change of the visible lines."""

    def _visible_rows(self) -> int:
        return max(self.scrollable_content_region.height - 1, 1)  # the header takes a line

    def _draw(self, *places: int) -> None:
        """Redraw only the lines at these places."""
        top, width = self.scroll_offset.y, self.size.width
        lines = [Region(0, place - top + 1, width, 1) for place in places if place >= top]
        if len(lines) == 2 and abs(lines[0].y - lines[1].y) == 1:  # as with most keys; cheaper as one region
            lines = [lines[0].union(lines[1])]
        if lines:
            self.refresh(*lines)
