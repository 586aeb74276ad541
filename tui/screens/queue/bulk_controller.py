"""Dialogs of the queue screen about several imports: one decision for similar ones, words for all, what they have."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING

from textual.screen import Screen

from core.domain.query import narrowed
from core.errors import CuratorError
from core.text import count_of
from tui.queue_model.model import QueueModel
from tui.screens.queue.decision_controller import DecisionController
from tui.screens.queue.list_controller import ListController
from tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from core.library import Library


class BulkDialog(StrEnum):
    """The dialogs."""

    ALIKE = "alike"
    WORDS = "words"
    FACETS = "facets"


class BulkController:
    """Asks, then acts on many imports at once, or filters them."""

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

    async def open(self, dialog: BulkDialog) -> None:
        """Open one of the dialogs, and do what was chosen in it."""
        match dialog:
            case BulkDialog.ALIKE:
                await self._alike()
            case BulkDialog.WORDS:
                await self._add_words()
            case BulkDialog.FACETS:
                await self._facets()

    async def _alike(self) -> None:
        """Take one decision for imports that are similar to the one under the cursor."""
        from tui.screens.bulk_decision import BulkDecisionScreen  # noqa: PLC0415 - start-up

        if row := self._model.current_row:
            dialog = BulkDecisionScreen(self._library, row, self._listing.decisions.settled)
            if answer := await self._screen.app.push_screen_wait(dialog):
                await self._deciding.for_all(answer)

    async def _add_words(self) -> None:
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

    async def _facets(self) -> None:
        """Count what the listed imports have, and add the chosen value to the filter."""
        from tui.screens.facets_dialog import FacetsScreen  # noqa: PLC0415 - start-up

        await self._listing.decisions.settled()  # so that recent decisions are counted too
        words = self._model.words
        if term := await self._screen.app.push_screen_wait(FacetsScreen(self._library, words)):
            self._listing.filter(narrowed(words, term))
