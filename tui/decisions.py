"""Decisions on their way to the database: on the screen at once, stored in the order in which they were made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from textual.dom import DOMNode

from core.errors import CuratorError
from core.records import QueueRow, Strategy

Store = Callable[[Sequence[int], Strategy | None], None]


class Decisions:
    """Stores decisions in a thread, one batch after the other, while keys go on making new ones."""

    def __init__(
        self, node: DOMNode, store: Store, stored: Callable[[], None], failed: Callable[[CuratorError], None]
    ) -> None:
        self._node = node
        self._store = store
        self._stored = stored
        self._failed = failed
        self._waiting: dict[int, Strategy | None] = {}
        self._storing: dict[int, Strategy | None] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, ids: Iterable[int], strategy: Strategy | None) -> None:
        """Take a decision; it is stored as soon as those before it are."""
        self._waiting.update(dict.fromkeys(ids, strategy))
        if self._waiting and self._idle.is_set():
            self._idle.clear()
            self._node.run_worker(self._run(), group="decisions", exit_on_error=False)

    def over(self, rows: Iterable[QueueRow]) -> list[QueueRow]:
        """Return rows from the database with the decisions that have not reached it yet."""
        coming = {**self._storing, **self._waiting}
        return [replace(row, decision=coming[row.id]) if row.id in coming else row for row in rows]

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

    def _store_batch(self, batch: dict[int, Strategy | None]) -> None:
        for strategy in dict.fromkeys(batch.values()):
            self._store([id for id, wanted in batch.items() if wanted is strategy], strategy)
