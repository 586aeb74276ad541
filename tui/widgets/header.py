"""The first line: the library, the counts of the queue, and background work."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from core.domain.enums import State, Strategy
from tui.presenters.cell_text import cut_front
from tui.queue_model.model import Part, QueueModel
from tui.theme.palette import BLUE, BRIGHT, GREY, STATE, TEAL, TEXT

Span = tuple[str, str]
_PATH = 24  # cells reserved for the library's path before more detail is shown
_COUNTED = {
    State.CONFLICT: ("conflict", "conflicts"),
    State.MISSING: ("missing", "missing"),
    State.SAME_WEIGHTS: ("same weights", "same weights"),
    State.DUPLICATE: ("duplicate", "duplicates"),
    State.NEW: ("new", "new"),
    State.UNHASHED: ("not hashed", "not hashed"),
}
_ORDER = (Strategy.DELETE, Strategy.OVERRIDE, Strategy.MERGE, Strategy.SKIP)  # the most destructive first


class Detail(IntEnum):
    """How much detail of the queue is shown; the header uses the highest that fits."""

    LEAST = 0
    USUAL = 1  # states that need attention
    STRATEGIES = 2  # the decisions for each strategy
    STATES = 3  # all states as well


class HeaderBar(Widget):
    """One line in three parts; if space is short, they are reduced from the middle outwards."""

    def __init__(self, root: Path, model: QueueModel, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._root = root
        self._model = model
        self._background: Content = Content("")

    def on_mount(self) -> None:
        self._model.watch(Part.COUNTS | Part.DECISIONS | Part.MARKS, self.refresh)

    def show_task(self, task: Content) -> None:
        """Show background work; empty content clears it."""
        self._background = task
        self.refresh()

    def render(self) -> Content:
        width = self.size.width
        right = self._background
        left, path = Content.styled("Model Curator", f"bold {BRIGHT}"), _home(self._root)
        for detail in reversed(Detail):
            middle = self._middle(detail)
            room = width - sum(cell_len(part.plain) for part in (left, middle, right)) - 9
            if room >= min(_PATH, cell_len(path)):
                break
        if room >= 12:
            left = Content.assemble(left, ("   " + cut_front(path, room), GREY))
        elif room < -3:
            left = Content("")
        spare = max(width - sum(cell_len(part.plain) for part in (left, middle, right)), 2)
        return Content.assemble(left, " " * (spare // 2 if left else 0), middle, " " * (spare - spare // 2), right)

    def _middle(self, detail: Detail) -> Content:
        states, marks = self._model.states, self._model.marks
        if states is None:
            return Content("")
        parts: list[Span] = [(f"{self._model.total:,}", f"bold {BRIGHT}"), (" pending", GREY)]
        for state in self._told(detail):
            if count := states.get(state, 0):
                word = _COUNTED[state][count != 1]
                parts += [("   ", ""), (f"{count:,}", f"bold {STATE[state]}"), (f" {word}", GREY)]
        counts = self._model.decisions.counts
        decided = counts.total()
        parts += [("   ", ""), (f"{decided:,}", f"bold {TEAL if decided else GREY}"), (" decided", GREY)]
        if decided and detail >= Detail.STRATEGIES:
            words = ", ".join(f"{counts[one]:,} {one}" for one in _ORDER if counts[one])
            parts.append((f" ({words})", GREY))
        if marks.count:
            hidden = f", {marks.hidden:,} of them not shown" if marks.hidden else ""
            tone = TEXT if hidden else GREY
            parts += [("   ", ""), (f"{marks.count:,}", f"bold {BLUE}"), (f" marked{hidden}", tone)]
        return Content.assemble(*parts)

    def _told(self, detail: Detail) -> Sequence[State]:
        """Return the states to count, those that need attention first."""
        if detail is Detail.LEAST:
            return [] if self._model.marks.count else [State.CONFLICT]
        return list(_COUNTED) if detail is Detail.STATES else [State.CONFLICT, State.MISSING]


def _home(root: Path) -> str:
    try:
        return f"~/{root.relative_to(Path.home())}"
    except (ValueError, RuntimeError):  # not below the home folder, or a user without one
        return str(root)
