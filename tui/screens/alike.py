"""The same for all like this: what they must have in common, how many that are, and then the key that acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from core.display import plain
from core.errors import CuratorError
from core.records import QueueRow, Strategy
from tui.alike import Act, Criterion, Fitting, ForAll, criteria, fitting
from tui.latest import Latest
from tui.palette import AMBER, BLUE, BRIGHT, GREY, RED, STRATEGY, TEXT
from tui.widgets.cells import cut, cut_front, fit

if TYPE_CHECKING:
    from core.library import Library

_NAME = 13


class CriteriaList(OptionList, inherit_bindings=False):
    """The criteria, one a line, with a sign for those that count."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "switch", id="alike.switch", tooltip="Let it count, or not"),
        Binding("j,down", "cursor_down", "down", id="alike.down", tooltip="The next criterion"),
        Binding("k,up", "cursor_up", "up", id="alike.up", tooltip="The criterion before"),
    ]

    def __init__(self, shown: list[Criterion]) -> None:
        self._criteria = shown
        self._on = [criterion.on for criterion in shown]
        super().__init__(*(criterion.name for criterion in shown), id="criteria", markup=False, compact=True)

    @property
    def words(self) -> str:
        """What is asked for, in the words of the search grammar."""
        return " ".join(criterion.word for criterion, on in zip(self._criteria, self._on, strict=True) if on)

    def switch(self, n: int) -> None:
        """Let a criterion count, or not."""
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


class AlikeScreen(ModalScreen[ForAll | None]):
    """Answers with what is to be done for which imports; every key but the way out waits until they are counted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "act('merge')", "merge", id="alike.merge", tooltip="Merge for all that fit"),
        Binding("o", "act('override')", "override", id="alike.override", tooltip="Override for all that fit"),
        Binding("d", "act('delete')", "delete", id="alike.delete", tooltip="Delete for all that fit"),
        Binding("s", "act('skip')", "skip", id="alike.skip", tooltip="Skip for all that fit"),
        Binding("full_stop", "act_suggested", "suggested", id="alike.suggested", tooltip="What is proposed for each"),
        Binding("enter,y", "act_mark", "mark", id="alike.mark", tooltip="Mark all that fit in the list"),
        Binding("n,escape,q", "dismiss(None)", "no", id="alike.no", tooltip="Back, nothing happens"),
    ]

    def __init__(self, library: Library, row: QueueRow, settled: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._row = row
        self._settled = settled
        self._list = CriteriaList(list(criteria(row)))
        self._fitting: Fitting | None = None
        self._latest = Latest[str, Fitting](
            self, "alike", lambda words: fitting(library, words, row.id), self._counted, self._failed
        )

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("The same for all like this", classes="title")
            yield Static(self._head(), id="like", markup=False)
            yield self._list
            yield Static(id="alike-note", markup=False)
            yield Static(self._keys(), classes="answers")

    def on_mount(self) -> None:
        self._list.focus()
        self._begin()

    @work(group="settling", exit_on_error=False)
    async def _begin(self) -> None:
        self._note(("counting …", GREY))
        await self._settled()  # what was decided a moment ago counts too
        self._ask()

    def action_act(self, strategy: str) -> None:
        self._answer(Strategy(strategy))

    def action_act_suggested(self) -> None:
        self._answer(Act.SUGGESTED)

    def action_act_mark(self) -> None:
        self._answer(Act.MARK)

    def _answer(self, act: Strategy | Act) -> None:
        if self._fitting and self._fitting.ids:
            self.dismiss(ForAll(self._fitting.ids, act))

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

    def _counted(self, words: str, found: Fitting) -> None:
        if words != self._list.words:
            return
        self._fitting = found
        count = len(found.ids)
        words = " import fits" if count == 1 else " imports fit"
        self._note((f"{count:,}", f"bold {BRIGHT}"), (words, TEXT), *_others(found))

    def _failed(self, words: str, error: CuratorError) -> None:
        if words == self._list.words:
            self._note((f"✕ {plain(error, 400)}", RED))

    def _note(self, *parts: tuple[str, str]) -> None:
        self.query_one("#alike-note", Static).update(Content.assemble(*parts))

    def _head(self) -> Content:
        decision = self._row.decision
        name = (cut(self._row.name, 44), BRIGHT)
        if decision is None:
            return Content.assemble(name)
        key = (f"  {decision[0]} decides the same for all", GREY)
        return Content.assemble(name, (f"  ● {decision}", STRATEGY[decision]), key)

    @staticmethod
    def _keys() -> Content:
        bold = f"bold {AMBER}"
        return Content.assemble(
            *(("m o d s", bold), (" decide for all   ", TEXT), (".", bold), (" take what is proposed", TEXT)),
            *(
                ("   ⏎", bold),
                (" mark them\n", TEXT),
                ("space", bold),
                (" switch   ", TEXT),
                ("esc", bold),
                (" back", TEXT),
            ),
        )


def _others(found: Fitting) -> list[tuple[str, str]]:
    decided = sum(found.decided.values())
    if not decided:
        return []
    each = ", ".join(f"{number:,} {strategy}" for strategy, number in found.decided.items())
    are = "is" if decided == 1 else "are"
    return [
        (f"; {decided:,} of the others {are} decided already ({each})", AMBER),
        (", which a decision here replaces", GREY),
    ]
