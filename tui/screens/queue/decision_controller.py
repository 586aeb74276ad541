"""Deciding for the queue screen: which imports a decision applies to, and its effect on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from textual.screen import Screen

from core.domain.decision import Choice, Decision
from core.domain.enums import Strategy
from core.text import count_of
from tui.keys import display_key
from tui.presenters.bulk_criteria import BulkAction, BulkDecision
from tui.queue_model.model import QueueModel
from tui.screens.queue.apply_controller import ApplyController
from tui.screens.queue.list_controller import ListController
from tui.screens.queue.navigator import QueueNavigator
from tui.screens.queue.preview_controller import PreviewController
from tui.widgets.queue_list.queue_list import QueueList
from tui.widgets.status_bar import StatusBar

_AT_ONCE = 64  # suggestions; the first time, each takes as long as decoding its images


class DecisionController:
    """Acts on the marked imports, or on the one under the cursor; never asks."""

    def __init__(
        self,
        screen: Screen[None],
        model: QueueModel,
        listing: ListController,
        promoting: ApplyController,
        detail: PreviewController,
    ) -> None:
        self._screen = screen
        self._model = model
        self._listing = listing
        self._promoting = promoting
        self._detail = detail
        self._newer: set[int] | None = None  # ids decided while suggestions are being accepted; None while they are not

    @property
    def _list(self) -> QueueList:
        return self._screen.query_one(QueueList)

    def decide(self, strategy: Strategy | None) -> None:
        """Set or (with None) clear decisions; a decision on a single import moves the cursor on."""
        ids, alone = self._model.chosen, not self._model.marks.ids
        self._store(ids, strategy)
        self._model.marks.clear()
        if alone and strategy is not None:
            self._list.action_move(1)
        if self._model.all_decided:
            self._say(f"All are decided: {display_key(self._screen.app, 'apply.start')} applies them.")

    async def for_all(self, answer: BulkDecision) -> None:
        """Carry out a choice for all similar imports."""
        if isinstance(answer.act, Strategy):
            self._store(answer.ids, answer.act)
            self._model.marks.unmark(answer.ids)
            self._say(f"{answer.act} for {count_of(len(answer.ids), 'import')}: a sums up and applies.")
            return
        self._model.marks.mark(answer.ids)
        if answer.act is BulkAction.SUGGESTED:
            await self._take(answer.ids, alone=False)

    async def take_suggested(self) -> None:
        """Accept suggestions; of several, only those that overwrite and drop nothing, and the others stay marked."""
        self._model.marks.end_range()
        ids = self._model.chosen
        alone = not self._model.marks.ids and len(ids) == 1
        if await self._take(ids, alone) and alone and self._model.listed.current == ids[0]:
            self._list.action_move(1)

    def is_taking(self) -> bool:
        """Return whether suggestions are still being accepted, and say so."""
        if self._newer is not None:
            self._say("Still looking up suggestions.")
        return self._newer is not None

    async def _take(self, ids: Sequence[int], alone: bool) -> int:
        """Accept suggestions in batches, and return how many."""
        if self.is_taking():
            return 0
        self._newer = set()
        taken = left = 0
        try:
            for start in range(0, len(ids), _AT_ONCE):
                if len(ids) > _AT_ONCE:
                    self._say(f"Looking up suggestions: {start:,} of {len(ids):,} …")
                part = ids[start : start + _AT_ONCE]
                found, not_safe = await asyncio.to_thread(self._listing.suggesting.take, part, unseen=not alone)
                taken, left = taken + self._take_found(found, self._newer), left + not_safe
        finally:
            self._newer = None
        if left and alone:
            self._say("No suggestion to accept: this import needs review.")
        elif left:
            rest = f"{taken:,} accepted, " if taken else ""
            self._say(f"{rest}{left:,} left: to review, or to accept one by one.")
        elif not alone:
            self._say(f"{count_of(taken, 'suggestion')} accepted.")
        return taken

    def _take_found(self, found: Mapping[Strategy, Sequence[int]], newer: Collection[int]) -> int:
        """Store suggestions for imports that were not decided meanwhile, and return how many."""
        taken = {
            strategy: [pending_id for pending_id in ids if pending_id not in newer] for strategy, ids in found.items()
        }
        for strategy, ids in taken.items():
            self._store(ids, strategy)
            self._model.marks.unmark(ids)
        return sum(map(len, taken.values()))

    def walk(self) -> QueueNavigator:
        """Return a navigator that lets another screen move along the list and decide."""
        return QueueNavigator(self._listing.place, self._list.action_move, self._decide_current, self._model.near)

    def _decide_current(self, choice: Choice) -> None:
        current = self._model.listed.current
        if current is not None:  # what was picked by hand is about this import alone
            alone = isinstance(choice, Decision)
            self._store([current] if alone else self._model.stands_for(current), choice)

    def _say(self, words: str) -> None:
        self._screen.query_one(StatusBar).say(words)

    def _decided_anew(self, ids: Sequence[int]) -> None:
        if self._newer is not None:
            self._newer.update(ids)
        self._promoting.job.withdraw(ids)
        self._detail.unpeek()

    def _store(self, ids: Sequence[int], choice: Choice) -> None:
        self._decided_anew(ids)
        self._listing.decide(ids, choice)
