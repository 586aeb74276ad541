"""Applies decisions, one promotion after another, in its own thread, and logs the outcomes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.dom import DOMNode
from textual.message import Message
from textual.worker import Worker, WorkerError

from core.domain import outcomes
from core.domain.enums import Action
from core.domain.outcomes import Outcome
from core.errors import Cancelled
from core.text import format_size, sanitize
from tui.jobs.eta import EtaEstimator, format_eta
from tui.keys import display_key
from tui.messages import ApplyEnded, Applying, ApplyState, Decided, Promoted
from tui.presenters.progress import bar
from tui.theme.palette import GREY, RED, STRATEGY, TEAL, TEXT

if TYPE_CHECKING:
    from core.library import Library

_TICK = 0.1


@dataclass(frozen=True, slots=True)
class LogLine:
    """The outcome of one promotion, for the log."""

    decided: Decided
    ok: bool
    words: str

    def content(self) -> Content:
        """Return the styled line."""
        strategy = self.decided.decision.strategy
        return Content.assemble(
            ("✓ " if self.ok else "✕ ", f"bold {TEAL if self.ok else RED}"),
            (f"{self.decided.row.id:>6}  ", GREY),
            (f"{strategy:<9} ", STRATEGY[strategy]),
            (sanitize(self.decided.row.name, 60), TEXT),
            (f"   {self.words}", GREY if self.ok else RED),
        )


class ApplyJob:
    """Applies decisions for a screen: one batch at a time, with a log of all of them."""

    def __init__(self, node: DOMNode, library: Library) -> None:
        self._node = node
        self._library = library
        self._cancel = threading.Event()
        self._withdrawn: set[int] = set()
        self._worker: Worker[None] | None = None
        self._pace = EtaEstimator()
        self.log: list[LogLine] = []
        self.running = False
        self._batch_start = 0

    def start(self, decided: Sequence[Decided]) -> None:
        """Promote a batch in a thread; messages go to the node."""
        self._cancel, self._withdrawn, self._pace = threading.Event(), set(), EtaEstimator()
        self.running, self._batch_start = True, len(self.log)
        cancel, withdrawn, node = self._cancel, self._withdrawn, self._node
        self._worker = self._node.run_worker(
            lambda: apply_all(self._library, decided, withdrawn, cancel, node.post_message),
            thread=True,
            group="apply",
            exit_on_error=False,
        )

    def stop(self) -> None:
        """Stop between two models; a file that is being hashed is abandoned."""
        self._cancel.set()

    async def settled(self) -> None:
        """Wait until no batch is running."""
        if self._worker is not None:
            with suppress(WorkerError):  # the screen reports it
                await self._worker.wait()

    def withdraw(self, ids: Collection[int]) -> None:
        """Exclude imports whose decision has changed while the batch runs."""
        self._withdrawn.update(ids)

    def add(self, line: LogLine) -> None:
        """Append a line to the log."""
        self.log.append(line)

    def ended(self, stopped: bool) -> Content:
        """Mark the batch as ended, and return its summary for the status line."""
        self.running = False
        batch = self.log[self._batch_start :]
        applied = sum(line.ok for line in batch)
        failed = len(batch) - applied
        parts = [("✓ ", f"bold {TEAL}"), (f"{applied:,} applied", TEXT)] if applied or not failed else []
        if failed:
            parts += [
                ("   ✕ ", f"bold {RED}"),
                (f"{failed:,} failed and {'stays' if failed == 1 else 'stay'} in the queue", RED),
            ]
        parts.append(("   stopped" if stopped else "", TEXT))
        parts.append((f"   {display_key(self._node.app, 'look.log')} shows the log" if batch else "", GREY))
        return Content.assemble(*parts)

    def words(self, state: ApplyState, width: int) -> Content:
        """Return the progress for the status line."""
        part = state.bytes_done / state.bytes_total if state.bytes_total else 0.0
        done = (state.done + part) / max(state.total, 1)
        left = format_eta(self._pace.left(state.done + part, state.total))
        stop = display_key(self._node.app, "apply.stop")
        stopping = "stopping after this model" if self._cancel.is_set() else f"{left}  {stop} stops".strip()
        read = (
            f"  hashing {format_size(state.bytes_done)} of {format_size(state.bytes_total)}"
            if state.bytes_total
            else ""
        )
        return Content.assemble(
            ("applying ", GREY),
            bar(done, 24 if width >= 100 else 12),
            (f" {state.done + 1:,} of {state.total:,}  ", f"bold {TEXT}"),
            (sanitize(state.name, 40), TEXT),
            (read, GREY),
            (f"  {stopping}", GREY),
        )


def outcome_words(outcome: Outcome) -> str:
    """Describe how a promotion ended: what was done, or why nothing was."""
    match outcome:
        case outcomes.Promoted() | outcomes.Planned():
            return _done_words(outcome)
        case outcomes.Conflict():
            return "the library has this model now: merge or override it"
        case outcomes.Changed():
            return "its plan has changed since the summary: review it, then apply again"
        case outcomes.Locked():
            return "it is already being promoted"
        case outcomes.NotFound():
            return "already done, no longer in the queue"
        case outcomes.Failed(error=error):
            return sanitize(error)


def _done_words(outcome: outcomes.Promoted | outcomes.Planned) -> str:
    words = (
        "nothing changed, stays in the queue" if outcome.action_taken is Action.IGNORED else f"{outcome.action_taken}"
    )
    if outcome.refused:
        reasons = "; ".join(f"{sanitize(one.image, 60)}: {sanitize(one.reason)}" for one in outcome.refused)
        words += f" · without {reasons}"
    if not outcome.in_place:
        words += " · its files follow when the library is next opened"
    return words


def apply_all(
    library: Library,
    decided: Sequence[Decided],
    withdrawn: Collection[int],
    cancel: threading.Event,
    post: Callable[[Message], object],
) -> None:
    """Promote each of ``decided`` and post the outcomes; ``cancel`` stops between two models.

    A file that is being hashed is abandoned immediately, with nothing changed; a promotion that has begun is finished.
    """
    for done, one in enumerate(decided):
        if cancel.is_set():
            break
        if one.row.id in withdrawn:
            continue
        post(Applying(ApplyState(done, len(decided), one.row.name)))
        try:
            outcome = library.processor.process_single_import(
                one.row.id,
                one.decision.strategy,
                confirmed=one.plan,
                resolution=one.decision.resolution,
                cancel=cancel,
                progress=_ticking(done, len(decided), one.row.name, post),
            )
        except Cancelled:
            break
        post(Promoted(one, outcome))
    post(ApplyEnded(stopped=cancel.is_set()))


def _ticking(done: int, total: int, name: str, post: Callable[[Message], object]) -> Callable[[int, int], None]:
    last = 0.0

    def progress(bytes_done: int, bytes_total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _TICK:
            last = time.monotonic()
            post(Applying(ApplyState(done, total, name, bytes_done, bytes_total)))

    return progress
