"""The first line: where you are, how much is left, and what works in the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from core.records import State
from tui.palette import AMBER, BRIGHT, FAINT, GREY, RED, TEAL
from tui.widgets.cells import cut_front

if TYPE_CHECKING:
    from core.queue import QueueCounts

Part = tuple[str, str]


class TopLine(Widget):
    """One line in three parts; what there is no room for gives way from the middle outwards."""

    def __init__(self, root: Path, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._root = root
        self._counts: QueueCounts | None = None
        self._decided = 0
        self._background: Content = Content("")

    def show_counts(self, counts: QueueCounts) -> None:
        """Show how much there is, and in which states."""
        self._counts = counts
        self.refresh()

    def show_decided(self, decided: int) -> None:
        """Show how much of it is decided."""
        self._decided = decided
        self.refresh()

    def show_task(self, task: Content) -> None:
        """Show what works in the background; nothing for nothing."""
        self._background = task
        self.refresh()

    def render(self) -> Content:
        width = self.size.width
        right = self._background
        middle = self._middle(short=width < 110)
        left = Content.styled("Model Curator", f"bold {BRIGHT}")
        room = width - cell_len(left.plain) - cell_len(middle.plain) - cell_len(right.plain) - 9
        if room >= 12:
            left = Content.assemble(left, ("   " + cut_front(_home(self._root), room), GREY))
        elif room < -3:
            left = Content("")
        spare = max(width - sum(cell_len(part.plain) for part in (left, middle, right)), 2)
        return Content.assemble(left, " " * (spare // 2 if left else 0), middle, " " * (spare - spare // 2), right)

    def _middle(self, short: bool) -> Content:
        if self._counts is None:
            return Content("")
        states = self._counts.states
        parts: list[Part] = [(f"{self._counts.pending:,}", f"bold {BRIGHT}"), (" pending", GREY)]
        for state, colour, word in ((State.CONFLICT, AMBER, "conflict"), (State.MISSING, RED, "missing")):
            if (count := states.get(state, 0)) and not (short and state is State.MISSING):
                plural = "s" if state is State.CONFLICT and count != 1 else ""
                parts += [("   ", ""), (f"{count:,}", f"bold {colour}"), (f" {word}{plural}", GREY)]
        decided = self._decided
        parts += [("   ", ""), (f"{decided:,}", f"bold {TEAL if decided else GREY}"), (" decided", GREY)]
        return Content.assemble(*parts)


def bar(done: float, width: int, colour: str = TEAL) -> Content:
    """Return a thin bar; ``done`` is a part of 1."""
    filled = round(max(0.0, min(done, 1.0)) * width)
    return Content.assemble(("━" * filled, colour), ("━" * (width - filled), FAINT))


def _home(root: Path) -> str:
    try:
        return f"~/{root.relative_to(Path.home())}"
    except (ValueError, RuntimeError):  # elsewhere, or a user without a home
        return str(root)
