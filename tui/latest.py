"""Questions to core that a key may ask again before they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from textual.dom import DOMNode
from textual.worker import Worker

from core.errors import CuratorError

K = TypeVar("K")
V = TypeVar("V")


class Latest(Generic[K, V]):
    """Asks one question at a time in a thread; of those asked meanwhile, only the newest gets an answer.

    ``read`` runs in a thread. ``answer`` and ``failed`` run where the screen does, so nothing here needs a lock. A
    curator who holds a key down thus costs one read at a time, however slow the disk is.
    """

    def __init__(
        self,
        node: DOMNode,
        group: str,
        read: Callable[[K], V],
        answer: Callable[[K, V], None],
        failed: Callable[[K, CuratorError], None],
    ) -> None:
        self._node = node
        self._group = group
        self._read = read
        self._answer = answer
        self._failed = failed
        self._wanted: list[K] = []
        self._busy = False

    @property
    def busy(self) -> bool:
        """Whether a question is being answered."""
        return self._busy

    def ask(self, question: K) -> None:
        """Ask, forgetting a question that nobody has begun to answer."""
        self._wanted = [question]
        if not self._busy:
            self._busy = True
            _: Worker[None] = self._node.run_worker(self._run, group=self._group, exit_on_error=False)

    def forget(self) -> None:
        """Drop a question that nobody has begun to answer."""
        self._wanted = []

    async def _run(self) -> None:
        try:
            while self._wanted:
                question = self._wanted.pop()
                try:
                    value = await asyncio.to_thread(self._read, question)
                except CuratorError as error:
                    self._failed(question, error)
                else:
                    self._answer(question, value)
        finally:
            self._busy = False
