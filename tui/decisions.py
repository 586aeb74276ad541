"""Decisions on their way to the database: on the screen at once, stored in the order in which they were made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from textual.dom import DOMNode
from textual.worker import Worker

from core.errors import CuratorError
from core.picks import Picks
from core.records import QueueRow, Strategy

Store = Callable[[Sequence[int], Strategy | None], None]
StorePicks = Callable[[int, Strategy, Picks], None]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A decision; without picks, those that are stored stay where the strategy does."""

    strategy: Strategy | None
    picks: Picks | None = None


class Decisions:
    """Stores decisions in a thread, one batch after the other, while keys go on making new ones."""

    def __init__(
        self,
        node: DOMNode,
        store: Store,
        store_picks: StorePicks,
        stored: Callable[[], None],
        failed: Callable[[CuratorError], None],
    ) -> None:
        self._node = node
        self._store = store
        self._store_picks = store_picks
        self._stored = stored
        self._failed = failed
        self._waiting: dict[int, _Wanted] = {}
        self._storing: dict[int, _Wanted] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, ids: Iterable[int], strategy: Strategy | None) -> None:
        """Take a decision; it is stored as soon as those before it are."""
        by_hand = {id: one for id, one in self._waiting.items() if one.picks is not None and one.strategy is strategy}
        self._waiting.update(dict.fromkeys(ids, _Wanted(strategy)))
        self._waiting.update(by_hand)
        self._begin()

    def put_picks(self, id: int, strategy: Strategy, picks: Picks) -> None:
        """Take a decision with what was picked by hand."""
        self._waiting[id] = _Wanted(strategy, picks)
        self._begin()

    def picks(self, id: int, strategy: Strategy | None) -> Picks | None:
        """Return what was picked for a decision and has not reached the database, None where that knows best."""
        coming = (batch.get(id) for batch in (self._waiting, self._storing))
        return next((one.picks for one in coming if one and one.picks is not None and one.strategy is strategy), None)

    def over(self, rows: Iterable[QueueRow]) -> list[QueueRow]:
        """Return rows from the database with the decisions that have not reached it yet."""
        coming = {**self._storing, **self._waiting}
        return [self._over(row, coming[row.id].strategy) if row.id in coming else row for row in rows]

    def _over(self, row: QueueRow, strategy: Strategy | None) -> QueueRow:
        picks = self.picks(row.id, strategy)
        by_hand = row.by_hand and row.decision is strategy if picks is None else bool(picks)
        return replace(row, decision=strategy, by_hand=by_hand)

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

    def _store_batch(self, batch: dict[int, _Wanted]) -> None:
        plain = {id: one.strategy for id, one in batch.items() if one.picks is None}
        for strategy in dict.fromkeys(plain.values()):
            self._store([id for id, wanted in plain.items() if wanted is strategy], strategy)
        for id, one in batch.items():
            if one.picks is not None and one.strategy is not None:
                self._store_picks(id, one.strategy, one.picks)
