"""Stores decisions in the background, in the order in which they were made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from textual.dom import DOMNode
from textual.worker import Worker

from core.domain.decision import Choice
from core.errors import CuratorError
from tui.queue_model.decisions import Decisions

Store = Callable[[Sequence[int], Choice], None]


class DecisionWriter:
    """Stores decisions in a thread, one batch after another, while keys make new ones."""

    def __init__(
        self,
        node: DOMNode,
        decisions: Decisions,
        store: Store,
        stored: Callable[[Mapping[int, Choice]], None],
        failed: Callable[[CuratorError], None],
    ) -> None:
        self._node = node
        self._decisions = decisions
        self._store = store
        self._stored = stored
        self._failed = failed
        self._idle = asyncio.Event()
        self._idle.set()

    def begin(self) -> None:
        """Store new decisions, as soon as earlier ones are stored."""
        if self._idle.is_set():
            self._idle.clear()
            _: Worker[None] = self._node.run_worker(self._run, group="decisions", exit_on_error=False)

    async def settled(self) -> None:
        """Wait until every decision is stored."""
        await self._idle.wait()

    async def _run(self) -> None:
        try:
            while batch := self._decisions.next_batch():
                try:
                    await asyncio.shield(asyncio.to_thread(self._store_batch, batch))
                except CuratorError as error:
                    self._failed(error)
                else:
                    self._stored(batch)
        finally:
            self._idle.set()

    def _store_batch(self, batch: Mapping[int, Choice]) -> None:
        for choice in dict.fromkeys(batch.values()):
            self._store([pending_id for pending_id, wanted in batch.items() if wanted == choice], choice)
