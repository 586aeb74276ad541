"""The history of the library, newest first, and the confirmation before an undo."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from core.domain.enums import Action, OperationKind
from core.domain.history import PastOperation
from core.domain.operations import Operation
from core.errors import CuratorError
from tui.keys import KEYS
from tui.presenters.cell_text import cut, fit
from tui.presenters.formatting import local_time
from tui.presenters.history_lines import brought_words, operation_words, past_words
from tui.theme.palette import AMBER, BRIGHT, FAINT, GREY, RED, TEAL, TEXT
from tui.widgets.answers import Answers

if TYPE_CHECKING:
    from core.library import Library

_SHOWN = 500
_TONE = {
    Action.INSERTED: TEAL,
    Action.MERGED: TEAL,
    Action.OVERRIDDEN: AMBER,
    Action.DELETED: RED,
    Action.IGNORED: GREY,
}

_IMPORT = (
    "They leave the library and the queue, their images go to the trash, and importing again brings them back. "
    "New tags stay. There is no redo."
)
_CHANGE = "They get back the values that they had. There is no redo."
_PROMOTION = "Rows, tags, metadata and images become what they were, and it is pending again. There is no redo."

_KEPT = ("Not all of it can be undone", "It cannot be undone")


def ending(past: PastOperation) -> tuple[str, str]:
    """Return how an operation ended, and the colour of the text."""
    operation = past.operation
    if operation.open:
        return "its files follow", AMBER
    if operation.undone_by is not None:
        return f"undone by {operation.undone_by}", GREY
    if operation.lost:
        return f"{len(operation.lost)} files were lost", RED
    if past.undo_blocked_by:
        return f"cannot be undone: {past.undo_blocked_by}", GREY
    return "", TEXT


def _effect(past: PastOperation) -> str:
    """Return what undoing an operation does."""
    imported = past.imported
    if imported is None:
        return _PROMOTION
    return _IMPORT if imported.models or imported.pending or imported.images else _CHANGE


def _files(operation: Operation) -> str:
    """Return a description of an operation that concerns no particular model."""
    return f"{len(operation.moves):,} image files" if operation.kind is OperationKind.IMPORT and operation.moves else ""


class HistoryScreen(ModalScreen[bool]):
    """Lists the newest operations; returns whether to undo the newest promotion or import."""

    BINDINGS = KEYS["history"]

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -large"):
            yield Static("History", classes="title")
            with VerticalScroll(id="log"):
                yield Static("reading …", id="lines", markup=False)
            yield Answers(("history.undo", "undo the newest"), ("history.close", "close"))

    def on_mount(self) -> None:
        self._load()

    def action_scroll(self, by: int) -> None:
        self.query_one("#log", VerticalScroll).scroll_relative(y=by, animate=False)

    @work(group="history", exit_on_error=False)
    async def _load(self) -> None:
        lines = self.query_one("#lines", Static)
        try:
            past = await asyncio.to_thread(self._library.history.operations, _SHOWN + 1)
        except CuratorError as error:
            lines.update(Content.styled(f"✕ {cut(error, 400)}", RED))
            return
        width = max(self.query_one("#log").size.width - 2, 30)
        shown = [self._line(one, width) for one in past[:_SHOWN]]
        if len(past) > _SHOWN:
            shown.append(Content.styled("older ones: model-curator history --json", FAINT))
        lines.update(Content("\n").join(shown) if shown else Content.styled("Nothing has happened yet.", GREY))

    @staticmethod
    def _line(past: PastOperation, width: int) -> Content:
        operation = past.operation
        words, tone = ending(past)
        action = (
            _TONE.get(operation.action, TEXT) if operation.action and operation.kind is OperationKind.PROMOTE else TEXT
        )
        name = width - 6 - 18 - 17 - 2
        if words:
            name = min(name, max(name // 2, 12))
        return Content.assemble(
            (f"{operation.number:>5} ", FAINT),
            (f"{local_time(operation.timestamp_ms)}  ", GREY),
            (fit(operation_words(operation), 17), action if operation.undone_by is None else GREY),
            (fit(past.name or _files(operation), name), TEXT if operation.undone_by is None else GREY),
            ("  ", ""),
            (cut(words, max(width - name - 43, 0)), tone),
        )


class UndoScreen(ModalScreen[bool]):
    """Asks once before a promotion or an import is undone."""

    BINDINGS = KEYS["dialog"]

    def __init__(self, newest: PastOperation) -> None:
        super().__init__()
        self._newest = newest

    def compose(self) -> ComposeResult:
        newest = self._newest
        with Vertical(classes="dialog"):
            yield Static("Undo", classes="title")
            yield Static(
                Content.assemble(
                    (past_words(newest), f"bold {BRIGHT}"),
                    (f"  {cut(newest.name, 50)}" if newest.imported is None else "", TEXT),
                    (f"   {local_time(newest.operation.timestamp_ms)}", GREY),
                )
            )
            if newest.imported is not None:
                yield Static(Content.styled(brought_words(newest.imported), TEXT))
            yield Static(Content.styled(_effect(newest), GREY), classes="group")
            if newest.undo_blocked_by:
                yield Static(
                    Content.styled(f"{_KEPT[newest.imported is None]}: {cut(newest.undo_blocked_by, 400)}", AMBER),
                    classes="group",
                )
            yield Answers(("dialog.yes", "undo it"), ("dialog.no", "leave it"))

    def action_confirm(self) -> None:
        self.dismiss(True)

    def action_cancel(self) -> None:
        self.dismiss(False)
