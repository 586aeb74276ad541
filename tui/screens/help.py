"""Every key, taken from the bindings themselves; the filter syntax, the suggestion rules and the signs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from core.domain.query import SYNTAX_HELP
from core.planning.sources import TOOLS
from core.planning.suggestions import RULES
from tui.keys import GROUPS, KEYS, documented, key_name
from tui.theme.palette import AMBER, BLUE, BRIGHT, GREY, RED, STRATEGY, TEAL, TEXT
from tui.widgets.answers import Answers

SIGNS = (
    ("+", TEAL, "added, or fills a gap"),
    ("▶", AMBER, "replaces the library's value"),
    ("◀", GREY, "the library's value is kept"),
    ("=", GREY, "the same on both sides"),
    ("✕", RED, "removed"),
    ("-", GREY, "excluded manually"),
    ("*", BLUE, "chosen manually"),
    ("!", AMBER, "before a name: the file is cut short, damaged or another one"),
    ("≠", AMBER, "before a base model: the tensors are of another one"),
)
TIERS = (
    ("person", "what somebody wrote: an editor's sidecar, notes, a text file"),
    ("tool", f"what a tool fetched, in this order: {', '.join(TOOLS)}"),
    ("header", "the header of the model file"),
    ("name", "the name of the model file"),
)


class HelpScreen(ModalScreen[None]):
    """The help page; any of the usual closing keys closes it."""

    BINDINGS = KEYS["help"]

    def compose(self) -> ComposeResult:
        keys: Mapping[str, str] = getattr(self.app, "keys", {})
        found = groups(replace(one, key=keys.get(one.id or "", one.key)) for one in documented())
        half = sum(len(lines) + 2 for _, lines in found) // 2
        with Vertical(classes="dialog -large"):
            yield Static("Keys", classes="title")
            with VerticalScroll(id="help"):
                with Horizontal(classes="columns"):
                    for column in _columns(found, half):
                        yield Static(Content("\n").join(column))
                yield from _grammar()
                yield from _rules()
                yield from _sources()
                yield from _signs()
            yield Answers(("help.close", "close"))


def _grammar() -> Iterator[Widget]:
    """Yield the filter syntax."""
    yield Static(Content.styled("Filter syntax", f"bold {BRIGHT}"))
    for written, does in SYNTAX_HELP:
        words = Content.styled(written, f"bold {TEAL}"), Content.styled(does, TEXT)
        yield Horizontal(*map(Static, words), classes="told")


def _rules() -> Iterator[Widget]:
    """List the suggestion rules, one line each."""
    yield Static(Content.styled("Suggestions", f"bold {BRIGHT}"), classes="group")
    told = (
        "The first match counts. For several imports, . accepts only those with a ✓: they overwrite and drop nothing."
    )
    yield Static(Content.styled(told, GREY))
    for rule in RULES:
        word, colour = (rule.strategy, STRATEGY[rule.strategy]) if rule.strategy else ("review", TEXT)
        proposed = Content.assemble(("✓ " if rule.safe else "  ", f"bold {TEAL}"), (word, colour))
        yield Horizontal(Static(proposed), Static(Content.styled(rule.help, TEXT)), classes="told -rule")


def _sources() -> Iterator[Widget]:
    """List which source of a value counts."""
    yield Static(Content.styled("Which source counts", f"bold {BRIGHT}"), classes="group")
    yield Static(Content.styled("The first that states a value; lists are united. All are kept.", GREY))
    for word, says in TIERS:
        yield Horizontal(
            Static(Content.styled(word, f"bold {TEAL}")), Static(Content.styled(says, TEXT)), classes="told -rule"
        )


def _signs() -> Iterator[Widget]:
    """Yield the signs beside fields and images."""
    yield Static(Content.styled("Signs", f"bold {BRIGHT}"), classes="group")
    for sign, colour, says in SIGNS:
        yield Horizontal(
            Static(Content.styled(sign, f"bold {colour}")), Static(Content.styled(says, TEXT)), classes="told -rule"
        )


def _columns(found: Sequence[tuple[str, Sequence[Content]]], half: int) -> list[list[Content]]:
    """Split groups into two columns: those that begin in the first half go to the first."""
    columns: list[list[Content]] = [[], []]
    for title, lines in found:
        column = columns[0] if len(columns[0]) < half else columns[1]
        column += [Content.styled(title, f"bold {BRIGHT}"), *lines, Content("")]
    return columns


def groups(bindings: Iterable[Binding]) -> list[tuple[str, Sequence[Content]]]:
    """Return the bindings as lines, grouped by the first part of their ids."""
    by_group: dict[str, list[Content]] = {name: [] for name in GROUPS}
    for binding in bindings:
        if binding.id and (name := binding.id.split(".")[0]) in by_group:
            by_group[name].append(_line(binding))
    return [(GROUPS[name], lines) for name, lines in by_group.items() if lines]


def _line(binding: Binding) -> Content:
    keys = "  ".join(dict.fromkeys(key_name(key) for key in binding.key.split(",")))
    return Content.assemble((f"{keys:<16}", f"bold {AMBER}"), (binding.tooltip or binding.description, TEXT))
