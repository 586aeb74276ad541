"""Every key there is, taken from the bindings themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.keys import format_key
from textual.screen import ModalScreen
from textual.widgets import Static

from core.search import GRAMMAR
from tui.palette import AMBER, BRIGHT, GREY, TEAL, TEXT

GROUPS = {
    "move": "Moving",
    "decide": "Deciding",
    "mark": "Marking",
    "look": "Looking",
    "filter": "In the filter",
    "apply": "Applying",
    "import": "Importing",
    "compare": "In the comparison",
    "fields": "In its fields",
    "view": "With the images alone",
    "history": "In the history",
    "log": "In the log",
    "dialog": "In every dialog",
    "app": "Everywhere",
}


class HelpScreen(ModalScreen[None]):
    """A page of keys; any of the keys that close things closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q", "dismiss", "close", id="help.close", tooltip="Close the help"),
    ]

    def compose(self) -> ComposeResult:
        found = groups(all_bindings())
        half = sum(len(lines) + 2 for _, lines in found) // 2
        with Vertical(classes="dialog -large"):
            yield Static("Keys", classes="title")
            with VerticalScroll(id="help"), Horizontal(classes="columns"):
                for column in _columns(found, half):
                    yield Static(Content("\n").join(column))
            yield Static(Content.assemble(("esc", f"bold {AMBER}"), (" close", GREY)), classes="answers")


def _columns(found: Sequence[tuple[str, Sequence[Content]]], half: int) -> list[list[Content]]:
    """Share groups among two columns: those that begin in the first half go to the first."""
    columns: list[list[Content]] = [[], []]
    for title, lines in found:
        column = columns[0] if len(columns[0]) < half else columns[1]
        column += [Content.styled(title, f"bold {BRIGHT}"), *lines, Content("")]
    return columns


def all_bindings() -> list[Binding]:
    """Return the bindings of the app, its screens and its widgets."""
    from tui.app import CuratorApp
    from tui.screens.apply import LogScreen
    from tui.screens.compare import CompareScreen
    from tui.screens.confirm import SummaryScreen
    from tui.screens.history import HistoryScreen
    from tui.screens.import_old import ImportScreen
    from tui.screens.queue import QueueScreen
    from tui.screens.viewer import ViewerScreen
    from tui.widgets.field_table import FieldTable
    from tui.widgets.filter_line import FilterInput
    from tui.widgets.path_input import PathInput
    from tui.widgets.pending_list import PendingList

    owners = (
        *(PendingList, QueueScreen, FilterInput, CompareScreen, FieldTable, ViewerScreen, ImportScreen, PathInput),
        *(HistoryScreen, LogScreen, SummaryScreen, CuratorApp),
    )
    return [binding for owner in owners for binding in owner.BINDINGS if isinstance(binding, Binding)]


def groups(bindings: Iterable[Binding]) -> list[tuple[str, Sequence[Content]]]:
    """Return the bindings as lines, by the first part of their ids."""
    by_group: dict[str, list[Content]] = {name: [] for name in GROUPS}
    for binding in bindings:
        if binding.id and (name := binding.id.split(".")[0]) in by_group:
            by_group[name].append(_line(binding))
    by_group["filter"] += [
        Content.assemble((f"{written:<16} ", f"bold {TEAL}"), (f" {does}", TEXT)) for written, does in GRAMMAR
    ]
    return [(GROUPS[name], lines) for name, lines in by_group.items() if lines]


def _line(binding: Binding) -> Content:
    keys = "  ".join(dict.fromkeys(key_name(key) for key in binding.key.split(",")))
    return Content.assemble((f"{keys:<16}", f"bold {AMBER}"), (binding.tooltip or binding.description, TEXT))


def key_name(key: str) -> str:
    """Return a key as people write it."""
    return {"pagedown": "PgDn", "pageup": "PgUp", "escape": "Esc", "enter": "⏎"}.get(key, format_key(key))
