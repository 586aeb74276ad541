"""The programs to measure, each in its own process: ``python -m tests.bench.start NAME LIBRARY``.

``app`` is the real one, ``list`` its list alone, ``table`` a ``DataTable`` with the same rows. Each writes an escape
sequence when it begins, with its modules loaded; ``table`` has read its rows by then, the others open the library next.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import DataTable, Input

from core.domain.records import QueueRow
from core.domain.stacks import FoldedIds
from core.library import Library
from core.text import format_size
from tui.app import CuratorApp
from tui.queue_model.model import Part, QueueModel
from tui.theme.themes import themes
from tui.widgets.queue_list.queue_list import QueueList

_COLUMNS = ("id", "name", "type", "size", "state", "decision")
Cells = tuple[str, str, str, str, str, str]


class ListApp(App[None]):
    """The list alone, with rows from the store."""

    CSS_PATH = "../../tui/app.tcss"
    BINDINGS = [Binding("slash", "filter")]  # noqa: RUF012

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self._model = QueueModel()
        (usual, *_) = themes()
        self.register_theme(usual)
        self.theme = usual.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes()[0].palette.colours()

    def compose(self) -> ComposeResult:
        yield Input(id="words", compact=True)
        yield QueueList(self._model, id="list")

    def on_mount(self) -> None:
        self.query_one(QueueList).focus()
        self._model.watch(Part.ORDER, lambda: self._filter(self.query_one(Input).value))
        self._filter("")

    def action_filter(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._filter(event.value)

    @work(exclusive=True, group="ids")
    async def _filter(self, words: str) -> None:
        ids = await asyncio.to_thread(self._library.queue.search, words, self._model.order)
        self._model.put_ids(FoldedIds(ids), all_of_them=not words)

    @on(QueueList.RowsWanted)
    @work(exclusive=True, group="rows")
    async def _rows(self, event: QueueList.RowsWanted) -> None:
        rows = await asyncio.to_thread(self._library.queue.rows, event.ids)
        listed = self.query_one(QueueList)
        listed.show_rows(self._model.put_rows(event.generation, event.ids, rows, listed.in_view()))


class TableApp(App[None]):
    """A ``DataTable`` that is filled at the start and again for each filter."""

    BINDINGS = [  # noqa: RUF012
        Binding("slash", "filter"),
        Binding("t", "sort"),
        Binding("j", "key('down')"),
        Binding("G", "key('ctrl+end')"),
        Binding("g", "key('ctrl+home')"),
    ]

    def __init__(self, rows: list[Cells]) -> None:
        super().__init__()
        self._rows = rows

    def compose(self) -> ComposeResult:
        yield Input(id="words", compact=True)
        yield DataTable[str](cursor_type="row")

    def on_mount(self) -> None:
        table = self._table
        table.add_columns(*_COLUMNS)
        table.add_rows(self._rows)
        table.focus()

    @property
    def _table(self) -> DataTable[str]:
        return self.query_one(DataTable)

    def action_filter(self) -> None:
        self.query_one(Input).focus()

    def action_sort(self) -> None:
        self._table.sort(self._table.ordered_columns[_COLUMNS.index("name")].key)

    def action_key(self, key: str) -> None:
        {
            "down": self._table.action_cursor_down,
            "ctrl+end": self._table.action_scroll_bottom,
            "ctrl+home": self._table.action_scroll_top,
        }[key]()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._table.clear()
        self._table.add_rows([row for row in self._rows if event.value in row[1]])


def _cells(row: QueueRow) -> Cells:
    return str(row.id), row.name, row.type, format_size(row.size_bytes), str(row.state), str(row.decision or "")


def _begin() -> None:
    os.write(sys.stdout.fileno(), b"\x1b]0;begun %.6f\x07" % time.monotonic())


def main(name: str, folder: str) -> None:
    """Run the program of that name on the library in ``folder``."""
    if name == "table":
        with Library.open(Path(folder)) as library:
            rows = [_cells(row) for row in library.queue.all()]
        _begin()
        TableApp(rows).run()
        return
    _begin()
    with Library.open(Path(folder)) as library:
        (CuratorApp if name == "app" else ListApp)(library).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
