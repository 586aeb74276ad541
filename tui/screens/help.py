"""Every key there is, taken from the bindings themselves; what may be filtered by, and what is proposed when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.keys import format_key
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from core.search import GRAMMAR
from core.suggestions import RULES
from tui.palette import AMBER, BLUE, BRIGHT, GREY, RED, STRATEGY, TEAL, TEXT
from tui.widgets.answers import Answers

GROUPS = {
    "move": "Moving",
    "decide": "Deciding",
    "mark": "Marking",
    "alike": "The same for all like this",
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
SIGNS = (
    ("+", TEAL, "comes in, fills a gap, or is added to what is there"),
    ("▶", AMBER, "takes the place of what the library has"),
    ("◀", GREY, "the library's stays"),
    ("=", GREY, "both have the same"),
    ("✕", RED, "goes: nothing takes its place"),
    ("-", GREY, "left out by hand"),
    ("*", BLUE, "picked by hand"),
)
_NAMES = {"pagedown": "PgDn", "pageup": "PgUp", "escape": "Esc", "enter": "Enter"}  # else by a sign, or in full


class HelpScreen(ModalScreen[None]):
    """A page of keys; any of the keys that close things closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q", "dismiss", "close", id="help.close", tooltip="Close the help"),
    ]

    def compose(self) -> ComposeResult:
        keys: Mapping[str, str] = getattr(self.app, "keys", {})
        found = groups(replace(one, key=keys.get(one.id or "", one.key)) for one in all_bindings())
        half = sum(len(lines) + 2 for _, lines in found) // 2
        with Vertical(classes="dialog -large"):
            yield Static("Keys", classes="title")
            with VerticalScroll(id="help"):
                with Horizontal(classes="columns"):
                    for column in _columns(found, half):
                        yield Static(Content("\n").join(column))
                yield from _grammar()
                yield from _rules()
                yield from _signs()
            yield Answers(("help.close", "close"))


def _grammar() -> Iterator[Widget]:
    """Go through what may be filtered by."""
    yield Static(Content.styled("What the filter takes", f"bold {BRIGHT}"))
    for written, does in GRAMMAR:
        words = Content.styled(written, f"bold {TEAL}"), Content.styled(does, TEXT)
        yield Horizontal(*map(Static, words), classes="told")


def _rules() -> Iterator[Widget]:
    """Go through what is proposed when, one line a rule."""
    yield Static(Content.styled("What is proposed", f"bold {BRIGHT}"), classes="group")
    told = "The first that fits. Of several imports, . takes only what has a ✓: it overwrites and drops nothing."
    yield Static(Content.styled(told, GREY))
    for rule in RULES:
        word, colour = (rule.strategy, STRATEGY[rule.strategy]) if rule.strategy else ("look", TEXT)
        proposed = Content.assemble(("✓ " if rule.safe else "  ", f"bold {TEAL}"), (word, colour))
        yield Horizontal(Static(proposed), Static(Content.styled(rule.tells, TEXT)), classes="told -rule")


def _signs() -> Iterator[Widget]:
    """Go through the signs beside fields and images."""
    yield Static(Content.styled("Signs beside fields and images", f"bold {BRIGHT}"), classes="group")
    for sign, colour, says in SIGNS:
        yield Horizontal(
            Static(Content.styled(sign, f"bold {colour}")), Static(Content.styled(says, TEXT)), classes="told -rule"
        )


def _columns(found: Sequence[tuple[str, Sequence[Content]]], half: int) -> list[list[Content]]:
    """Share groups among two columns: those that begin in the first half go to the first."""
    columns: list[list[Content]] = [[], []]
    for title, lines in found:
        column = columns[0] if len(columns[0]) < half else columns[1]
        column += [Content.styled(title, f"bold {BRIGHT}"), *lines, Content("")]
    return columns


def all_bindings() -> list[Binding]:
    """Return the bindings of the app, its screens and its widgets."""
    return list(dict.fromkeys(binding for room in rooms() for binding in room))


def rooms() -> list[list[Binding]]:
    """Return the bindings that are on at the same time, each time with those of the app, which come last."""
    from tui.app import CuratorApp
    from tui.screens.alike import AlikeScreen, CriteriaList
    from tui.screens.apply import LogScreen
    from tui.screens.compare import CompareScreen
    from tui.screens.confirm import SummaryScreen
    from tui.screens.history import HistoryScreen
    from tui.screens.import_old import ImportScreen
    from tui.screens.queue import QueueScreen
    from tui.screens.viewer import ViewerScreen
    from tui.widgets.field_table import FieldTable
    from tui.widgets.filter_line import FilterInput
    from tui.widgets.long_list import LongList
    from tui.widgets.path_input import PathInput
    from tui.widgets.pending_list import PendingList

    owners: list[list[type[DOMNode]]] = [
        [LongList, PendingList, QueueScreen],
        [FilterInput],
        [CompareScreen, FieldTable],
        [ViewerScreen],
        [ImportScreen, PathInput],
        [HistoryScreen],
        [LogScreen],
        [SummaryScreen],
        [AlikeScreen, CriteriaList],
    ]
    return [[*_own(*room), *_own(CuratorApp)] for room in owners]


def _own(*owners: type[DOMNode]) -> list[Binding]:
    return [binding for owner in owners for binding in owner.BINDINGS if isinstance(binding, Binding)]


def groups(bindings: Iterable[Binding]) -> list[tuple[str, Sequence[Content]]]:
    """Return the bindings as lines, by the first part of their ids."""
    by_group: dict[str, list[Content]] = {name: [] for name in GROUPS}
    for binding in bindings:
        if binding.id and (name := binding.id.split(".")[0]) in by_group:
            by_group[name].append(_line(binding))
    return [(GROUPS[name], lines) for name, lines in by_group.items() if lines]


def _line(binding: Binding) -> Content:
    keys = "  ".join(dict.fromkeys(key_name(key) for key in binding.key.split(",")))
    return Content.assemble((f"{keys:<16}", f"bold {AMBER}"), (binding.tooltip or binding.description, TEXT))


def key_name(key: str) -> str:
    """Return a key as people write it."""
    if key in _NAMES:
        return _NAMES[key]
    shown = format_key(key)
    return shown if len(shown) == 1 else "+".join(part.capitalize() for part in key.split("+"))
