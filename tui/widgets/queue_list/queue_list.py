"""The queue as a list of any length: the data of the model, drawn line by line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from core.domain.sort_order import SortKey, SortOrder
from tui.keys import KEYS
from tui.queue_model.model import Part, QueueModel
from tui.theme.themes import palette_of
from tui.widgets.queue_list.columns import Columns, RowStyle, column_at, columns, header
from tui.widgets.queue_list.id_list import IdList
from tui.widgets.queue_list.row_lines import empty_line, row_line, strip


class QueueList(IdList):
    """Draws one line per id; requests missing rows, and reports where the cursor is."""

    BINDINGS = KEYS["queue list"]

    class Opened(Message):
        """The full comparison of the import under the cursor was requested."""

    @dataclass
    class RowsWanted(Message):
        """Rows in view are missing or may have changed; the answer goes to the model."""

        generation: int
        ids: Sequence[int]

    def __init__(self, model: QueueModel, *, id: str | None = None) -> None:
        super().__init__(model.listed, id=id)
        self._model = model
        self._highest = 0
        self._bases = False  # whether a row with a base model was shown: until then there is no such column
        self._hashing: frozenset[int] = frozenset()
        self._suggested: Mapping[int, str] = {}
        self._empty: str = ""
        self._ground, self._columns = Style(), columns(0, 0)
        self._palette = palette_of(self.app)

    def on_mount(self) -> None:
        self._model.watch(Part.LIST, self.show_others)
        self._model.watch(Part.GONE, self.show_gone)
        self._model.watch(Part.ROWS, self._view_changed)
        self._model.watch(Part.DECISIONS | Part.MARKS | Part.FAILURES | Part.ORDER, self.refresh)

    def show_others(self) -> None:
        self._highest = max(self.ids, default=0)
        super().show_others()

    def show_rows(self, changed: Collection[int]) -> None:
        """Redraw changed rows that are in view, and request rows that are still missing."""
        rows = map(self._model.row, changed)
        if not self._bases and any(row and (row.base_model or row.shown_base) for row in rows):
            self._bases = True
            self.refresh()
        first = max(self.scroll_offset.y - 1, 0)
        near = enumerate(self.ids[first : first + self._visible_rows() + 2], first)
        # Whether a line shows the same file as its neighbours depends on their rows.
        self._draw(*{place + by for place, pending_id in near if pending_id in changed for by in (-1, 0, 1)})
        self._view_changed()

    def show_hashing(self, ids: Iterable[int]) -> None:
        """Show which files are being hashed."""
        hashing = frozenset(ids)
        if hashing != self._hashing:
            self._hashing = hashing
            self.refresh()

    def show_suggested(self, words: Mapping[int, str]) -> None:
        """Show suggestions, each as a word, for imports not decided yet."""
        if words != self._suggested:
            self._suggested = words
            self.refresh()

    def show_empty(self, reason: str) -> None:
        """Set the text shown while the list is empty."""
        self._empty = reason
        self.refresh()

    def toggle_mark(self) -> None:
        """Toggle the mark of the import under the cursor, and move on."""
        if (current := self.current) is not None:
            self._model.marks.toggle(current)
            self.action_move(1)

    def action_sort(self) -> None:
        all_columns = list(SortKey)
        self._model.sort(SortOrder(all_columns[(all_columns.index(self._model.order.column) + 1) % len(all_columns)]))

    def action_turn(self) -> None:
        self._model.sort(replace(self._model.order, descending=not self._model.order.descending))

    def action_fold(self) -> None:
        self._model.fold(not self._model.folded)

    def _move_to(self, place: int) -> None:
        before = self.cursor
        super()._move_to(place)
        if self.cursor != before:
            self._model.marks.follow()

    def on_click(self, event: events.Click) -> None:
        place = self._place_at(event.y)
        if event.y == 0:
            column = column_at(self._shared_columns(), event.x)
            order = self._model.order
            self._model.sort(SortOrder(column, column is order.column and not order.descending))
        elif place is not None and event.ctrl:
            self._model.marks.toggle(self.ids[place])
        elif place is not None and event.chain == 2:
            self.post_message(self.Opened())

    def _view_changed(self) -> None:
        if not self.ids:
            return
        top = min(self.scroll_offset.y, len(self.ids) - 1)
        last = min(top + self._visible_rows(), len(self.ids)) - 1
        if wanted := self._model.rows.wanted(self.ids, top, last):
            self.post_message(self.RowsWanted(self._model.rows.generation, wanted))

    def prepare_lines(self) -> None:
        self._ground, self._columns = self.rich_style, self._shared_columns()
        self._palette = palette_of(self.app)

    def _shared_columns(self) -> Columns:
        return columns(self.scrollable_content_region.width, self._highest, bases=self._bases)

    def render_line(self, y: int) -> Strip:
        cols = self._columns
        if (place := self._place_at(y)) is not None:
            pending_id = self.ids[place]
            return row_line(
                self._model.row(pending_id),
                pending_id,
                cols,
                self._look(pending_id, place, y),
                self._ground,
                self._palette,
            )
        if y == 0:
            return strip(
                header(cols, self._palette, self._model.order, folded=self._model.folded), cols.width, self._ground
            )
        segments = [] if self.ids else empty_line(self._empty, y, *self.scrollable_content_region.size, self._palette)
        return strip(segments, cols.width, self._ground)

    def _look(self, pending_id: int, place: int, y: int) -> RowStyle:
        above, below, same_file = self._group(place)
        return RowStyle(
            cursor=place == self.cursor,
            focus=self.has_focus,
            marked=self._model.marks.holds(pending_id, place),
            hashing=pending_id in self._hashing,
            failed=pending_id in self._model.failures,
            suggestion=self._suggested.get(pending_id, ""),
            stripe=bool(place % 2),
            hover=y == self._hover,
            above=above,
            below=below,
            same_file=same_file,
            files=len(self._model.stands_for(pending_id)),
        )

    def _group(self, place: int) -> tuple[bool, bool, bool]:
        """Return whether the lines above and below belong to that at a place, and whether by the same file.

        Files count more than trainings.
        """
        row = self._model.rows.get(self.ids[place])
        places = (place - 1, place + 1)
        near = [self._model.rows.get(self.ids[one]) if 0 <= one < len(self.ids) else None for one in places]
        if row is None:
            return False, False, False
        alike = [one is not None and row.sha256 is not None and one.sha256 == row.sha256 for one in near]
        if any(alike):
            return alike[0], alike[1], True
        above, below = (one is not None and row.stack != () and one.stack == row.stack for one in near)
        return above, below, False
