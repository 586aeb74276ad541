"""The summary before applying: totals, the most destructive first, with the names behind each number."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from core.domain.enums import Strategy
from core.domain.records import QueueRow
from core.errors import CuratorError
from core.text import count_of, format_size, sanitize
from tui.keys import KEYS
from tui.messages import Decided
from tui.presenters.apply_summary import ApplySummary, Group, Impact, looks
from tui.presenters.cell_text import cut, fit
from tui.theme.palette import AMBER, BRIGHT, GREY, RED, STRATEGY, TEXT
from tui.widgets.answers import Answers

if TYPE_CHECKING:
    from core.library import Library

_AT_ONCE = 32
_NAMES = 100
_NAMES_GROWING = 20  # while the summary is redrawn again and again
_TICK = 0.25  # seconds between two updates of a growing summary
_TONE = {Impact.LOSES: AMBER, Impact.UNKNOWN: AMBER}


class SummaryScreen(ModalScreen[Sequence[Decided] | None]):
    """Returns the decisions to apply, or None.

    It can be confirmed, and offers that, once everything that may overwrite has been read and is shown; the rest may
    still be loading.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS["dialog"], *KEYS["summary"]]

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self._summary: ApplySummary | None = None
        self._loaded = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Apply", classes="title", id="title", markup=False)
            with VerticalScroll(id="summary"):
                yield Static(id="groups", markup=False)
            yield Static(id="note", markup=False)
            yield Answers(("dialog.yes", "apply"), ("dialog.no", "back to the list"))

    def on_mount(self) -> None:
        self._load()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return self._loaded or action != "confirm"

    def action_confirm(self) -> None:
        if self._summary:
            self.dismiss([self._decided(self._summary, row) for row in self._summary.rows.values()])

    @staticmethod
    def _decided(summary: ApplySummary, row: QueueRow) -> Decided:
        return Decided(row, summary.decisions[row.id], summary.plans.get(row.id))

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_scroll(self, by: int) -> None:
        self.query_one("#summary", VerticalScroll).scroll_relative(y=by, animate=False)

    @work(group="summing", exit_on_error=False)
    async def _load(self) -> None:
        """Read decisions and rows, then plan after plan; show results as they arrive."""
        try:
            self._summary = summary = await asyncio.to_thread(ApplySummary.read, self._library)
            wanted = summary.wanted
            shown_at = self._show(summary, left=len(wanted))
            self._allow(not summary.must_see)
            for start in range(0, len(wanted), _AT_ONCE):
                found = await asyncio.to_thread(looks, self._library, summary, wanted[start : start + _AT_ONCE])
                for pending_id, look in found.items():
                    summary.take(pending_id, look)
                left = len(wanted) - start - _AT_ONCE
                all_seen = not self._loaded and start + _AT_ONCE >= summary.must_see
                if left <= 0 or all_seen or time.monotonic() - shown_at > _TICK:
                    shown_at = self._show(summary, left)
                self._allow(self._loaded or all_seen)  # not before it is shown
        except CuratorError as error:
            self.query_one("#note", Static).update(Content.styled(f"✕ {sanitize(error, 400)}", RED))

    def _allow(self, loaded: bool) -> None:
        self._loaded = loaded
        self.query_one(Answers).refresh()

    def _show(self, summary: ApplySummary, left: int) -> float:
        """Show what is known so far, and return the current time."""
        self.query_one("#title", Static).update(f"Apply {count_of(len(summary.rows), 'decision')}")
        width = self.query_one("#groups").size.width or 60
        parts = [self._group(summary, group, width, _NAMES_GROWING if left > 0 else _NAMES) for group in summary.groups]
        self.query_one("#groups", Static).update(Content("\n\n").join(parts))
        self.query_one("#note", Static).update(self._note(summary, left))
        return time.monotonic()

    def _group(self, summary: ApplySummary, group: Group, width: int, names: int) -> Content:
        colour = STRATEGY[group.strategy]
        head = Content.assemble(
            (f"{group.count:>5,}  ", f"bold {BRIGHT}"), (f"{group.strategy:<9}", f"bold {colour}"), self._effect(group)
        )
        shown = group.order[:names]
        room = max(width - 8, 8)
        longest = max((cell_len(cut(summary.rows[pending_id].name, room)) for _, _, pending_id in shown), default=0)
        lines = [
            self._line(summary, hurt, pending_id, room, min(longest, room * 2 // 5)) for hurt, _, pending_id in shown
        ]
        if group.count > names:
            lines.append(Content.styled(f"       and {group.count - names:,} more", GREY))
        return Content("\n").join([head, *lines])

    @staticmethod
    def _line(summary: ApplySummary, hurt: Impact, pending_id: int, room: int, names: int) -> Content:
        name, note = summary.rows[pending_id].name, summary.notes.get(pending_id, "")
        if not note:
            return Content.styled(f"       {fit(name, room)}", GREY)
        tone = RED if summary.decisions[pending_id].strategy is Strategy.DELETE else _TONE.get(hurt, TEXT)
        return Content.assemble((f"       {fit(name, names)}  ", GREY), (cut(note, room - names - 2), tone))

    @staticmethod
    def _effect(group: Group) -> Content:
        if group.strategy is Strategy.SKIP:
            return Content.styled(" stay in the queue", GREY)
        if group.strategy is Strategy.DELETE:
            return Content.styled(f" leave the queue with {count_of(group.images, 'image')}, kept in the trash", RED)
        hand = f" · {group.by_hand:,} manual" if group.by_hand else ""
        if group.fields or group.replaced:
            pairs = (group.fields, "field"), (group.replaced, "image")
            lost = " and ".join(count_of(number, noun) for number, noun in pairs if number)
            return Content.styled(f" {lost} of the library overwritten{hand}", AMBER)
        return Content.styled(f" {count_of(group.added, 'image')} added · nothing overwritten{hand}", TEXT)

    @staticmethod
    def _note(summary: ApplySummary, left: int) -> Content:
        notes: list[tuple[str, str]] = []
        if left > 0:
            notes.append((f"looking at {count_of(left, 'more plan')} …\n", GREY))
        if summary.unhashed:
            total = format_size(summary.unhashed_bytes)
            words = f"{summary.unhashed:,} not hashed yet ({total}): read first, and what they meet is not known\n"
            notes.append((words, AMBER))
        if summary.missing:
            notes.append((f"{summary.missing:,} cannot be applied: their model file is missing\n", RED))
        return Content.assemble(*notes).rstrip()
