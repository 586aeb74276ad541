"""Dialogs of the queue screen that act on several imports: one decision for similar ones, words for all of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.screen import Screen

from core.errors import CuratorError
from tui.presenters.plan_lines import count_of
from tui.queue_model.model import QueueModel
from tui.screens.queue.decision_controller import DecisionController
from tui.screens.queue.list_controller import ListController
from tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from core.library import Library


class BulkController:
    """Asks, then acts on many imports at once."""

    def __init__(
        self,
        screen: Screen[None],
        library: Library,
        model: QueueModel,
        listing: ListController,
        deciding: DecisionController,
    ) -> None:
        self._screen = screen
        self._library = library
        self._model = model
        self._listing = listing
        self._deciding = deciding

    async def alike(self) -> None:
        """Take one decision for imports that are similar to the one under the cursor."""
        from tui.screens.bulk_decision import BulkDecisionScreen  # noqa: PLC0415 - start-up

        if row := self._model.current_row:
            dialog = BulkDecisionScreen(self._library, row, self._listing.decisions.settled)
            if answer := await self._screen.app.push_screen_wait(dialog):
                await self._deciding.for_all(answer)

    async def add_words(self) -> None:
        """Give tags and trigger words to the marked imports, or to the one under the cursor and its folded stack."""
        from tui.screens.words_dialog import WordsScreen  # noqa: PLC0415 - start-up

        ids, status = self._model.chosen, self._screen.query_one(StatusBar)
        words = await self._screen.app.push_screen_wait(WordsScreen(len(ids)))
        if words is None:
            return
        try:
            changed = await asyncio.to_thread(self._library.queue.add_words, ids, words.tags, words.triggers)
        except CuratorError as error:
            status.warn(str(error))
            return
        status.say(f"Added to {count_of(changed, 'import')}." if changed else "They have these words already.")
        self._model.marks.clear()
        self._listing.refresh()
