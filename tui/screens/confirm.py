"""The summary before applying: in numbers, what destroys first, with the names behind each number."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from core.display import plain, size
from core.errors import CuratorError
from core.records import Plan, QueueRow, State, Strategy
from tui.messages import Decided
from tui.palette import AMBER, BRIGHT, GREY, RED, STRATEGY, TEXT
from tui.plan_text import count_of, overwritten
from tui.widgets.cells import fit

if TYPE_CHECKING:
    from core.library import Library

_DESTROYS_FIRST = (Strategy.DELETE, Strategy.OVERRIDE, Strategy.MERGE, Strategy.SKIP)
_AT_ONCE = 32
_NAMES = 100


class SummaryScreen(ModalScreen[Sequence[Decided] | None]):
    """Answers with what is to be applied, or with nothing.

    It can be confirmed once everything that overwrites has been looked at and is shown; the others may still come.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "confirm", "yes", id="dialog.yes", tooltip="Yes, do it"),
        Binding("n,escape", "cancel", "no", id="dialog.no", tooltip="No, nothing happens"),
        Binding("j,down", "scroll(1)", "down", id="dialog.down", show=False, tooltip="Scroll down"),
        Binding("k,up", "scroll(-1)", "up", id="dialog.up", show=False, tooltip="Scroll up"),
    ]

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self._strategies: dict[int, Strategy] = {}
        self._rows: dict[int, QueueRow] = {}
        self._plans: dict[int, Plan] = {}
        self._loaded = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Apply", classes="title", id="title", markup=False)
            with VerticalScroll(id="summary"):
                yield Static(id="groups", markup=False)
            yield Static(id="note", markup=False)
            keys = (("y", f"bold {AMBER}"), (" apply   ", TEXT), ("n", f"bold {AMBER}"), (" back to the list", TEXT))
            yield Static(Content.assemble(*keys), classes="answers")

    def on_mount(self) -> None:
        self.run_worker(self._load(), group="summing", exit_on_error=False)

    def action_confirm(self) -> None:
        if self._loaded:
            decided = [(row, self._strategies[id]) for id, row in self._rows.items()]
            self.dismiss([Decided(row, s, self._shown_plan(row.id, s)) for row, s in decided])

    def _shown_plan(self, id: int, strategy: Strategy) -> Plan | None:
        """Return the plan that promoting must still find; a merge loses nothing, whatever it meets by then."""
        return self._plans.get(id) if strategy is Strategy.OVERRIDE else None

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_scroll(self, by: int) -> None:
        self.query_one("#summary", VerticalScroll).scroll_relative(y=by, animate=False)

    async def _load(self) -> None:
        """Read decisions and rows, then plan after plan; what is known is shown as it comes."""
        queue = self._library.queue
        try:
            self._strategies = dict(await asyncio.to_thread(queue.decisions))
            for row in await asyncio.to_thread(queue.rows, list(self._strategies)):
                self._rows[row.id] = row
            wanted = [id for id, row in self._rows.items() if row.sha256 and _has_plan(self._strategies[id])]
            wanted.sort(key=lambda id: self._strategies[id] is not Strategy.OVERRIDE)
            overrides = sum(self._strategies[id] is Strategy.OVERRIDE for id in wanted)
            self._loaded = not overrides
            self._show(left=len(wanted))
            for start in range(0, len(wanted), _AT_ONCE):
                self._plans.update(await asyncio.to_thread(self._look, wanted[start : start + _AT_ONCE]))
                self._loaded = start + _AT_ONCE >= overrides
                self._show(left=len(wanted) - start - _AT_ONCE)
        except CuratorError as error:
            self.query_one("#note", Static).update(Content.styled(f"✕ {plain(error, 400)}", RED))

    def _look(self, ids: Sequence[int]) -> dict[int, Plan]:
        looks = ((id, self._library.queue.look(id, self._strategies[id])) for id in ids)
        return {id: look.plan for id, look in looks if look is not None and look.plan is not None}

    def _show(self, left: int = 0) -> None:
        count = len(self._rows)
        self.query_one("#title", Static).update(f"Apply {count:,} decision{'s' if count != 1 else ''}")
        by_strategy: dict[Strategy, list[QueueRow]] = defaultdict(list)
        for id, row in self._rows.items():
            by_strategy[self._strategies[id]].append(row)
        width = self.query_one("#groups").size.width or 60
        parts = [self._group(s, by_strategy[s], width) for s in _DESTROYS_FIRST if by_strategy[s]]
        self.query_one("#groups", Static).update(Content("\n\n").join(parts))
        self.query_one("#note", Static).update(self._note(left))

    def _group(self, strategy: Strategy, rows: Sequence[QueueRow], width: int) -> Content:
        colour = STRATEGY[strategy]
        head = Content.assemble(
            (f"{len(rows):>5,}  ", f"bold {BRIGHT}"), (f"{strategy:<9}", f"bold {colour}"), self._effect(strategy, rows)
        )
        names = [Content.styled(f"       {fit(row.name, max(width - 8, 8))}", GREY) for row in rows[:_NAMES]]
        if len(rows) > _NAMES:
            names.append(Content.styled(f"       and {len(rows) - _NAMES:,} more", GREY))
        return Content("\n").join([head, *names])

    def _effect(self, strategy: Strategy, rows: Sequence[QueueRow]) -> Content:
        if strategy is Strategy.SKIP:
            return Content.styled(" stay in the queue", GREY)
        images = sum(len(row.images) for row in rows)
        if strategy is Strategy.DELETE:
            return Content.styled(f" leave the queue with {count_of(images, 'image')}, kept in the trash", RED)
        plans = [plan for row in rows if (plan := self._plans.get(row.id))]
        lost = [pair for plan in plans for pair in overwritten(plan)]
        fields = sum(n for n, noun in lost if noun == "field")
        replaced = sum(n for n, noun in lost if noun == "image")
        added = sum(len(plan.images.added) for plan in plans)
        if fields or replaced:
            words = f" {count_of(fields, 'field')} and {count_of(replaced, 'image')} of the library are overwritten"
            return Content.styled(words, AMBER)
        return Content.styled(f" {count_of(added, 'image')} added · nothing overwritten", TEXT)

    def _note(self, left: int) -> Content:
        notes: list[tuple[str, str]] = []
        if left > 0:
            notes.append((f"looking at {left:,} more plans …\n", GREY))
        read = [r for id, r in self._rows.items() if not r.sha256 and _has_plan(self._strategies[id])]
        missing = sum(row.state is State.MISSING for row in read)
        if unhashed := len(read) - missing:
            total = size(sum(row.size_bytes for row in read if row.state is not State.MISSING))
            notes.append(
                (f"{unhashed:,} not hashed yet ({total}): read first, and what they meet is not known\n", AMBER)
            )
        if missing:
            notes.append((f"{missing:,} cannot be applied: their model file is missing\n", RED))
        return Content.assemble(*notes).rstrip()


def _has_plan(strategy: Strategy) -> bool:
    return strategy in (Strategy.MERGE, Strategy.OVERRIDE)
