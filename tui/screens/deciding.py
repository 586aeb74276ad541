"""Deciding on behalf of the queue: which imports a decision is about, and what it does to the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from textual.screen import Screen

from core.records import Strategy
from tui.screens.detail import Detail
from tui.screens.listing import Listing
from tui.screens.promoting import Promoting
from tui.walk import Walk
from tui.widgets.pending_list import PendingList
from tui.widgets.status_line import StatusLine


class Deciding:
    """Acts on the marked imports, or on the one under the cursor; never asks."""

    def __init__(
        self,
        screen: Screen[None],
        listing: Listing,
        promoting: Promoting,
        detail: Detail,
        show_current: Callable[[], None],
    ) -> None:
        self._screen = screen
        self._listing = listing
        self._promoting = promoting
        self._detail = detail
        self._show_current = show_current

    @property
    def _list(self) -> PendingList:
        return self._screen.query_one(PendingList)

    def _chosen(self) -> tuple[list[int], bool]:
        """Return the ids a decision is about, and whether it is the one under the cursor alone."""
        marked, current = sorted(self._list.marked), self._list.current
        return (marked, False) if marked else ([] if current is None else [current], True)

    def decide(self, strategy: Strategy | None) -> None:
        """Decide, or take decisions back with None; a decision on one import moves the cursor on."""
        ids, alone = self._chosen()
        self._store(ids, strategy)
        self._list.clear_marks()
        if alone and strategy is not None:
            self._list.action_move(1)
        if self._listing.all_decided:
            self._screen.query_one(StatusLine).say("All are decided: a applies them.")

    async def take_suggested(self) -> None:
        """Take what is proposed; of several only what overwrites and drops nothing, and the others stay marked."""
        ids, alone = self._chosen()
        taken, left = await asyncio.to_thread(self._listing.suggesting.take, ids)
        for strategy, chosen in taken.items():
            self._store(chosen, strategy)
            self._list.unmark(chosen)
        if alone and taken and self._list.current == ids[0]:
            self._list.action_move(1)
        if left:
            self._screen.query_one(StatusLine).say(f"{left:,} to look at: nothing can be taken unseen.")

    def walk(self) -> Walk:
        """Return what another screen needs to go along the list and decide there."""
        return Walk(self._listing.place, self._list.action_move, self._decide_current)

    def _decide_current(self, strategy: Strategy | None) -> None:
        if self._list.current is not None:
            self._store([self._list.current], strategy)

    def _store(self, ids: Sequence[int], strategy: Strategy | None) -> None:
        self._promoting.decided_anew(ids)
        self._detail.unpeek()
        self._listing.decide(ids, strategy)
        self._show_current()
