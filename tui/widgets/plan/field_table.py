"""The full comparison: every field with its texts wrapped, one of them under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.keys import KEYS
from tui.presenters.plan_lines import FieldLine, Span
from tui.theme.palette import AMBER, BLUE, Palette
from tui.theme.themes import palette_of
from tui.widgets.plan.field_rows import header, rows, whole_lines, widths

_LINES = 6  # lines of a field that is not under the cursor
_ALL_LINES = 2000  # lines of the field under the cursor: enough for any text that a person wrote
_MARGIN = 3


class FieldTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws the fields it is given; the one under the cursor is shown in full."""

    BINDINGS = KEYS["fields"]

    class Moved(Message):
        """Another field is under the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._fields: Sequence[FieldLine] = ()
        self._verb = ""
        self._cursor = 0
        self._header: list[Span] = []
        self._cols = widths(1, ())
        self._short: list[list[list[Span]]] = []
        self._lines: list[tuple[int, bool, list[Span]]] = []

    @property
    def current(self) -> FieldLine | None:
        """The field under the cursor."""
        return self._fields[self._cursor] if self._fields else None

    def show(self, fields: Sequence[FieldLine], verb: str) -> None:
        """Show other fields; the cursor stays on its field if that is among them."""
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
            self.post_message(self.Moved())

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
            shown = whole_lines(self._fields[n], self._cols, _ALL_LINES) if n == self._cursor else block
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
            self.scroll_to(y=mine[0], animate=False, force=True)
        elif mine[-1] >= top + room:
            self.scroll_to(y=mine[-1] - room + 1, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        place = self.scroll_offset.y + y - 1
        here = picked = False
        if y == 0:
            spans = self._header
        elif place < len(self._lines):
            n, picked, spans = self._lines[place]
            here = n == self._cursor
        else:
            return Strip.blank(width, self.rich_style)
        palette = palette_of(self.app)
        segments = [Segment(text, _style(palette, style, here)) for text, style in spans]
        bar = Segment("▌" if here else " ", _style(palette, AMBER, here))
        hand = Segment("* " if picked else "  ", _style(palette, f"bold {BLUE}", here))
        strip = Strip([bar, hand, *segments])
        return strip.adjust_cell_length(width, _style(palette, "", here)).apply_style(self.rich_style)


@lru_cache(maxsize=256)
def _style(palette: Palette, words: str, here: bool) -> Style:
    """Return the style of a text, on the cursor line or on another."""
    if not here:
        return palette.style(words)
    ink = Style(color=palette.cursor_ink or None)
    return palette.style(words) + ink + Style(bgcolor=palette.cursor)
