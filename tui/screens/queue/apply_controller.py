"""Applying and undoing for the queue screen: confirmations and results."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from textual.screen import Screen

from core.domain.enums import Action, Status, Strategy
from core.errors import CuratorError
from tui.jobs.apply_job import ApplyJob, LogLine, outcome_words
from tui.keys import display_key
from tui.messages import ApplyEnded, Applying, Promoted
from tui.presenters.history_lines import past_words, stopped_words
from tui.queue_model.model import QueueModel
from tui.screens.queue.list_controller import ListController
from tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from core.domain.history import PastOperation, UndoReport
    from core.library import Library

_DECIDING = (Strategy.MERGE, Strategy.OVERRIDE, Strategy.DELETE, Strategy.SKIP)


class ApplyController:
    """Owns the running batch and its log."""

    def __init__(self, screen: Screen[None], library: Library, model: QueueModel, listing: ListController) -> None:
        self._screen = screen
        self._library = library
        self._model = model
        self._listing = listing
        self.job = ApplyJob(screen, library)
        self._undoing: asyncio.Future[UndoReport] | None = None
        self._leaving = threading.Event()

    @property
    def _status(self) -> StatusBar:
        return self._screen.query_one(StatusBar)

    def leave(self) -> None:
        """Stop applying after the current model, and undoing an import after the current batch."""
        self.job.stop()
        self._leaving.set()

    async def settled(self) -> str:
        """Wait until the work that ``leave`` stops has ended; return a sentence about an undo left half done."""
        await self.job.settled()
        if self._undoing is None:
            return ""
        await asyncio.wait([self._undoing])
        return "" if self._undoing.exception() else stopped_words(self._undoing.result())

    async def apply(self) -> None:
        """Show the summary, ask once, and begin; the list keeps the focus meanwhile."""
        if self._busy():
            return
        await self._listing.decisions.settled()
        if not self._model.decisions.ids:
            keys = [display_key(self._screen.app, f"decide.{strategy}") for strategy in _DECIDING]
            self._status.say(f"Nothing is decided yet: {', '.join(keys[:-1])} and {keys[-1]} decide.")
            return
        from tui.screens.apply_summary import SummaryScreen  # noqa: PLC0415 - start-up

        decided = await self._screen.app.push_screen_wait(SummaryScreen(self._library))
        if decided:
            self.job.start(decided)
            self._screen.refresh_bindings()

    def _busy(self) -> bool:
        if self.job.running:
            self._status.say(
                f"Still applying: {display_key(self._screen.app, 'apply.stop')} stops after the current model."
            )
        return self.job.running

    def go_on(self, event: Applying) -> None:
        """Show the progress of the batch."""
        self._status.show(self.job.words(event.state, self._screen.size.width))

    def came(self, event: Promoted) -> None:
        """Handle the outcome of a promotion: the import leaves the list, or stays with the reason."""
        outcome, pending_id = event.outcome, event.decided.row.id
        ok = outcome.status is Status.SUCCESS
        self.job.add(LogLine(event.decided, ok, outcome_words(outcome)))
        failed = not ok and outcome.status is not Status.NOT_FOUND
        self._model.fail(pending_id, outcome_words(outcome) if failed else "")
        if not failed and outcome.action_taken is not Action.IGNORED:
            self._listing.take_out({pending_id}, [event.decided.row])
        self._listing.suggesting.forget(outcome.sha256)
        self._listing.refresh()

    def end(self, event: ApplyEnded) -> None:
        """Report how the batch went."""
        self._status.show(self.job.ended(event.stopped))
        self._listing.refresh()
        self._screen.refresh_bindings()

    async def undo(self) -> None:
        """Ask, then undo the newest promotion or import."""
        if self._busy():
            return
        try:
            newest = await asyncio.to_thread(self._library.history.newest)
            if newest is None:
                self._status.say("There is nothing to undo.")
                return
            from tui.screens.history import UndoScreen  # noqa: PLC0415 - start-up

            if not await self._screen.app.push_screen_wait(UndoScreen(newest)):
                return
            self._undoing = asyncio.ensure_future(asyncio.to_thread(self._library.undo, cancel=self._leaving))
            report = await self._undoing
        except CuratorError as error:
            self._status.warn(str(error))
            return
        for past in report.undone:
            self._taken_back(past)
        if report.refused:  # also after part of an import was undone
            self._status.warn(report.refused)

    async def history(self) -> None:
        """Show the history, from which the newest operation can be undone."""
        from tui.screens.history import HistoryScreen  # noqa: PLC0415 - start-up

        if await self._screen.app.push_screen_wait(HistoryScreen(self._library)):
            await self.undo()

    def _taken_back(self, past: PastOperation) -> None:
        if past.imported is None:
            self._status.say(f"Undone: {past.operation.action} {past.name}. It is in the queue again.")
        else:
            self._status.say(f"Undone: {past_words(past)}.")
        self._listing.load(then=past.operation.pending_id)
