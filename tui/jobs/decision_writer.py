"""Decisions on their way to the database: on the screen at once, stored in the order in which they were made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from textual.dom import DOMNode
from textual.worker import Worker

from core.domain.decision import Choice, Decision, strategy_of
from core.domain.enums import Strategy
from core.domain.records import QueueRow
from core.errors import CuratorError

Store = Callable[[Sequence[int], Choice], None]


class DecisionWriter:
    """Stores decisions in a thread, one batch after the other, while keys go on making new ones."""

    def __init__(
        self,
        node: DOMNode,
        store: Store,
        stored: Callable[[], None],
        failed: Callable[[CuratorError], None],
    ) -> None:
        self._node = node
        self._store = store
        self._stored = stored
        self._failed = failed
        self._waiting: dict[int, Choice] = {}
        self._storing: dict[int, Choice] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, ids: Iterable[int], choice: Choice) -> None:
        """Take a decision; it is stored as soon as those before it are."""
        for id in ids:
            waiting = self._waiting.get(id)
            # A strategy alone keeps what was picked by hand for it.
            if not (isinstance(waiting, Decision) and waiting.strategy is choice):
                self._waiting[id] = choice
        self._begin()

    def coming(self, id: int, strategy: Strategy | None) -> Decision | None:
        """Return a decision with what was picked by hand that has not reached the database, None for any other."""
        for batch in (self._waiting, self._storing):
            choice = batch.get(id)
            if isinstance(choice, Decision) and choice.strategy is strategy:
                return choice
        return None

    def overlay_pending(self, rows: Iterable[QueueRow]) -> list[QueueRow]:
        """Return rows from the database with the decisions that have not reached it yet."""
        coming = {**self._storing, **self._waiting}
        return [self._over(row, strategy_of(coming[row.id])) if row.id in coming else row for row in rows]

    def _over(self, row: QueueRow, strategy: Strategy | None) -> QueueRow:
        decision = self.coming(row.id, strategy)
        by_hand = row.has_overrides and row.decision is strategy if decision is None else bool(decision.resolution)
        return replace(row, decision=strategy, has_overrides=by_hand)

    def _begin(self) -> None:
        if self._waiting and self._idle.is_set():
            self._idle.clear()
            _: Worker[None] = self._node.run_worker(self._run, group="decisions", exit_on_error=False)

    async def settled(self) -> None:
        """Wait until every decision is stored."""
        await self._idle.wait()

    async def _run(self) -> None:
        try:
            while self._waiting:
                self._storing, self._waiting = self._waiting, {}
                try:
                    await asyncio.shield(asyncio.to_thread(self._store_batch, self._storing))
                except CuratorError as error:
                    self._failed(error)
                self._storing = {}
                self._stored()
        finally:
            self._idle.set()

    def _store_batch(self, batch: dict[int, Choice]) -> None:
        for choice in dict.fromkeys(batch.values()):
            self._store([id for id, wanted in batch.items() if wanted == choice], choice)
