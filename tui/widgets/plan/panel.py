"""The panel below the list: what the current strategy would do, in one line of numbers and field by field."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Static

from core.domain.enums import Strategy
from tui.presenters.cell_text import cut
from tui.presenters.plan_lines import FieldLine, Span
from tui.theme.palette import FAINT, GREY, GROUND, STRATEGY, TEXT
from tui.widgets.plan.field_rows import table

_META = "strategy"  # of a tab; not Textual's own mechanism for clicks, so that no text can ever act as one
ORDER = (Strategy.MERGE, Strategy.OVERRIDE, Strategy.DELETE, Strategy.SKIP)


class PlanPanel(Widget):
    """Shows the strategies as tabs, the summary in numbers, and as much of the field table as fits."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strategy: Strategy | None = None
        self._decided = False
        self._sentence: Sequence[Span] = ()
        self._lines: Sequence[FieldLine] = ()

    async def on_click(self, event: events.Click) -> None:
        await decide_by_click(self, event)

    def show(self, strategy: Strategy, decided: bool, sentence: Sequence[Span], lines: Sequence[FieldLine]) -> None:
        """Show what ``strategy`` would do; ``decided`` distinguishes a decision from a preview."""
        self._strategy, self._decided = strategy, decided
        self._sentence, self._lines = sentence, lines
        self.refresh()

    def clear(self) -> None:
        """Show nothing."""
        self._strategy, self._sentence, self._lines = None, (), ()
        self.refresh()

    def render(self) -> Content:
        if self._strategy is None:
            return Content("")
        width, height = self.size
        gap = [Content("")] if height > 9 else []
        head = self._head(width)
        verb = f"{self._strategy}"
        return Content("\n").join([*head, *gap, *table(self._lines, verb, width, height - len(head) - len(gap))])

    def _head(self, width: int) -> list[Content]:
        shown = tabs(self._strategy, self._decided)
        room = width - cell_len(shown.plain) - 3
        words = sentence(self._sentence, max(room, width))
        if cell_len(words.plain) <= room:
            return [Content.assemble(shown, "   ", words)]
        return [shown, sentence(self._sentence, width)]


def tabs(strategy: Strategy | None, decided: bool) -> Content:
    """Return the four strategies in a line: a decision is filled and ticked, a preview is in brackets.

    In widgets that call ``decide_by_click``, clicking one of them decides, as its key does.
    """
    parts: list[Content] = []
    for one in ORDER:
        if one is not strategy:
            words, style = f"  {one}  ", GREY
        elif decided:
            words, style = f" ✓{one}  ", f"bold {GROUND} on {STRATEGY[one]}"
        else:
            words, style = f" [{one}] ", f"bold {STRATEGY[one] if one is not Strategy.SKIP else TEXT}"
        parts.append(Content.styled(words, style).stylize(Style.from_meta({_META: str(one)})))
    return Content.assemble(*parts)


async def decide_by_click(widget: Widget, event: events.Click) -> None:
    """Decide for the strategy whose tab was clicked, if any."""
    if strategy := event.style.meta.get(_META):
        await widget.run_action(f"screen.decide('{strategy}')")


class PlanLine(Static):
    """The tabs, and a summary of the plan."""

    async def on_click(self, event: events.Click) -> None:
        await decide_by_click(self, event)


def sentence(spans: Sequence[Span], width: int) -> Content:
    """Return the spans on one line, cut at the end if they do not fit."""
    parts: list[tuple[str, str]] = []
    left = width
    for text, tone in spans:
        if parts:
            parts.append((" · ", FAINT))
            left -= 3
        shown = cut(text, left)
        parts.append((shown, tone))
        left -= cell_len(shown)
        if left <= 4:
            break
    return Content.assemble(*parts)
