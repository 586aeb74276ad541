"""The comparison in full: every field, its texts wrapped, one of them under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.palette import AMBER, BLUE, CURSOR
from tui.plan_text import FieldLine, Piece
from tui.widgets.fields import header, in_full, rows, widths

_LINES = 6  # of a field that is not under the cursor
_ALL_LINES = 2000  # of the one that is: any text a person wrote
_MARGIN = 3


class FieldTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws the fields it is given; the one under the cursor is shown in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "field", id="fields.down", key_display="j k", tooltip="The next field"),
        Binding("k,up", "move(-1)", "field", id="fields.up", show=False, tooltip="The field before"),
        Binding("pagedown,ctrl+d", "page(1)", "page down", id="fields.page_down", show=False, tooltip="A page down"),
        Binding("pageup,ctrl+u", "page(-1)", "page up", id="fields.page_up", show=False, tooltip="A page up"),
        Binding("g,home", "move(-1000000)", "first", id="fields.first", show=False, tooltip="The first field"),
        Binding("G,end", "move(1000000)", "last", id="fields.last", show=False, tooltip="The last field"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._fields: Sequence[FieldLine] = ()
        self._verb = ""
        self._cursor = 0
        self._header: list[Piece] = []
        self._cols = widths(1, ())
        self._short: list[list[list[Piece]]] = []
        self._lines: list[tuple[int, bool, list[Piece]]] = []

    @property
    def current(self) -> FieldLine | None:
        """The field under the cursor."""
        return self._fields[self._cursor] if self._fields else None

    def show(self, fields: Sequence[FieldLine], verb: str) -> None:
        """Show other fields; the cursor stays on the field it is on, where that is among them."""
        here = (current.label, current.target) if (current := self.current) else None
        self._fields, self._verb = fields, verb
        self._cursor = next((n for n, field in enumerate(fields) if (field.label, field.target) == here), 0)
        self._lay_out()

    def action_move(self, by: int) -> None:
        self._move_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        self.scroll_relative(y=by * max(self._room() - 1, 1), animate=False)

    def on_click(self, event: events.Click) -> None:
        place = self.scroll_offset.y + event.y - 1
        if event.y > 0 and place < len(self._lines):
            self._move_to(self._lines[place][0])

    def on_resize(self) -> None:
        self._lay_out()

    def _move_to(self, place: int) -> None:
        place = max(0, min(place, len(self._fields) - 1))
        if place != self._cursor and self._fields:
            self._cursor = place
            self._arrange()

    def _room(self) -> int:
        return max(self.scrollable_content_region.height - 1, 1)

    def _lay_out(self) -> None:
        width = max(self.scrollable_content_region.width - _MARGIN, 1)
        self._cols = widths(width, self._fields)
        self._header = header(self._cols, self._verb, self._fields)
        self._short = [rows(field, self._cols, _LINES) for field in self._fields]
        self._arrange()

    def _arrange(self) -> None:
        self._lines = []
        for n, block in enumerate(self._short):
            shown = in_full(self._fields[n], self._cols, _ALL_LINES) if n == self._cursor else block
            self._lines += [(n, self._fields[n].picked and not k, line) for k, line in enumerate(shown)]
        self.virtual_size = Size(1, len(self._lines) + 1)
        self._keep_in_view()
        self.refresh()

    def _keep_in_view(self) -> None:
        mine = [y for y, (n, _, _) in enumerate(self._lines) if n == self._cursor]
        if not mine:
            return
        top, room = self.scroll_offset.y, self._room()
        if mine[0] < top or len(mine) >= room:
            self.scroll_to(y=mine[0], animate=False)
        elif mine[-1] >= top + room:
            self.scroll_to(y=mine[-1] - room + 1, animate=False)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        place = self.scroll_offset.y + y - 1
        here = picked = False
        if y == 0:
            segments = _segments(self._header, None)
        elif place < len(self._lines):
            n, picked, pieces = self._lines[place]
            here = n == self._cursor
            segments = _segments(pieces, CURSOR if here else None)
        else:
            return Strip.blank(width, self.rich_style)
        ground = Style(bgcolor=CURSOR if here else None)
        bar = Segment("▌" if here else " ", ground + Style(color=AMBER))
        hand = Segment("* " if picked else "  ", ground + Style(color=BLUE, bold=True))
        strip = Strip([bar, hand, *segments])
        return strip.adjust_cell_length(width, ground).apply_style(self.rich_style)


def _segments(pieces: Sequence[Piece], ground: str | None) -> list[Segment]:
    return [Segment(text, _style(style, ground)) for text, style in pieces]


@lru_cache(maxsize=256)
def _style(style: str, ground: str | None) -> Style:
    return Style.parse(style) + Style(bgcolor=ground)
