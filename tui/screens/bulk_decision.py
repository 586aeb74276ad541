"""One decision for similar imports: choose the criteria, see how many match, then press the key that acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from core.domain.enums import Strategy
from core.domain.records import QueueRow
from core.errors import CuratorError
from core.text import sanitize
from tui.jobs.latest import LatestQuery
from tui.keys import KEYS
from tui.presenters.answer_keys import answer_keys
from tui.presenters.bulk_criteria import BulkAction, BulkDecision, Criterion, Matches, criteria, find_matches
from tui.presenters.cell_text import cut, cut_front, fit
from tui.theme.palette import AMBER, BLUE, BRIGHT, GREY, RED, STRATEGY, TEXT

if TYPE_CHECKING:
    from core.library import Library

_NAME = 13
_KEYS = (
    ("m o d s", "decide for all"),
    (".", "accept suggestions"),
    ("⏎", "mark them"),
    ("space", "switch"),
    ("esc", "back"),
)


class CriteriaList(OptionList, inherit_bindings=False):
    """The criteria, one per line, with a sign for those that are selected."""

    BINDINGS = KEYS["criteria"]

    def __init__(self, shown: list[Criterion]) -> None:
        self._criteria = shown
        self._on = [criterion.on for criterion in shown]
        super().__init__(*(criterion.name for criterion in shown), id="criteria", markup=False, compact=True)

    @property
    def words(self) -> str:
        """The selected criteria as a search query."""
        return " ".join(criterion.word for criterion, on in zip(self._criteria, self._on, strict=True) if on)

    def switch(self, n: int) -> None:
        """Select or deselect a criterion."""
        self._on[n] = not self._on[n]
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    @on(OptionList.OptionHighlighted)
    def _draw(self) -> None:
        for n in range(len(self._criteria)):
            self.replace_option_prompt_at_index(n, self._line(n))

    def _line(self, n: int) -> Content:
        criterion, counts = self._criteria[n], self._on[n]
        room = max(self.size.width - _NAME - 4, 8)
        value = cut_front(criterion.value, room) if criterion.name == "same folder" else cut(criterion.value, room)
        return Content.assemble(
            ("▌" if n == self.highlighted else " ", AMBER),
            ("✓ " if counts else "· ", f"bold {BLUE}" if counts else GREY),
            (fit(criterion.name, _NAME), TEXT if counts else GREY),
            (value, BRIGHT if counts else GREY),
        )


class BulkDecisionScreen(ModalScreen[BulkDecision | None]):
    """Returns what to do with which imports; every key except closing waits until the matches are counted."""

    BINDINGS = KEYS["bulk decision"]

    def __init__(self, library: Library, row: QueueRow, settled: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._row = row
        self._settled = settled
        self._list = CriteriaList(list(criteria(row)))
        self._fitting: Matches | None = None
        self._latest = LatestQuery[str, Matches](
            self, "alike", lambda words, _: find_matches(library, words, row.id), self._counted, self._failed
        )

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Apply to similar imports", classes="title")
            yield Static(self._head(), id="like", markup=False)
            yield self._list
            yield Static(id="alike-note", markup=False)
            yield Static(answer_keys(*_KEYS[:-2]) + "\n" + answer_keys(*_KEYS[-2:]), classes="answers")

    def on_mount(self) -> None:
        self._list.focus()
        self._begin()

    @work(group="settling", exit_on_error=False)
    async def _begin(self) -> None:
        self._note(("counting …", GREY))
        await self._settled()  # so that recent decisions are counted too
        self._ask()

    def action_act(self, strategy: str) -> None:
        self._answer(Strategy(strategy))

    def action_act_suggested(self) -> None:
        self._answer(BulkAction.SUGGESTED)

    def action_act_mark(self) -> None:
        self._answer(BulkAction.MARK)

    def _answer(self, act: Strategy | BulkAction) -> None:
        if self._fitting and self._fitting.ids:
            self.dismiss(BulkDecision(self._fitting.ids, act))

    @on(OptionList.OptionSelected)
    def _switch(self, event: OptionList.OptionSelected) -> None:
        self._list.switch(event.option_index)
        self._ask()

    def _ask(self) -> None:
        self._fitting = None
        if self._list.words:
            self._note(("counting …", GREY))
            self._latest.ask(self._list.words)
        else:
            self._latest.forget()
            self._note(("Choose what they must have in common with it.", TEXT))

    def _counted(self, words: str, found: Matches) -> None:
        if words != self._list.words:
            return
        self._fitting = found
        count = len(found.ids)
        words = " import matches" if count == 1 else " imports match"
        self._note((f"{count:,}", f"bold {BRIGHT}"), (words, TEXT), *_others(found))

    def _failed(self, words: str, error: CuratorError) -> None:
        if words == self._list.words:
            self._note((f"✕ {sanitize(error, 400)}", RED))

    def _note(self, *parts: tuple[str, str]) -> None:
        self.query_one("#alike-note", Static).update(Content.assemble(*parts))

    def _head(self) -> Content:
        decision = self._row.decision
        name = (cut(self._row.name, 44), BRIGHT)
        if decision is None:
            return Content.assemble(name)
        key = (f"  {decision[0]} decides the same for all", GREY)
        return Content.assemble(name, (f"  ● {decision}", STRATEGY[decision]), key)


def _others(found: Matches) -> list[tuple[str, str]]:
    decided = sum(found.decided.values())
    if not decided:
        return []
    each = ", ".join(f"{number:,} {strategy}" for strategy, number in found.decided.items())
    return [(f"; {decided:,} of the others already decided ({each})", AMBER), (", would be replaced", GREY)]
