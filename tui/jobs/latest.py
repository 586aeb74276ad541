"""Questions to core that a key may ask again before they are answered."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from textual.dom import DOMNode
from textual.worker import Worker

from core.errors import Cancelled, CuratorError

K = TypeVar("K")
V = TypeVar("V")


class LatestQuery(Generic[K, V]):
    """Asks one question at a time in a thread; of those asked meanwhile, only the newest gets an answer.

    ``read`` runs in a thread. It gets an event that is set once its answer is wanted no more, because another question
    was asked or the screen is gone; where it then raises Cancelled, there is no answer. ``answer`` and ``failed`` run
    where the screen does, so nothing here needs a lock. A curator who holds a key down thus costs one read at a time,
    however slow the disk is.
    """

    def __init__(
        self,
        node: DOMNode,
        group: str,
        read: Callable[[K, threading.Event], V],
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
        self._reading: tuple[K, threading.Event] | None = None

    @property
    def busy(self) -> bool:
        """Whether a question is being answered."""
        return self._busy

    def ask(self, question: K) -> None:
        """Ask, forgetting a question that nobody has begun to answer."""
        self._wanted = [question]
        if self._reading is not None and self._reading[0] != question:
            self._reading[1].set()
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
                cancel = threading.Event()
                self._reading = question, cancel
                try:
                    value = await asyncio.to_thread(self._read, question, cancel)
                except Cancelled as error:
                    if not cancel.is_set():  # somebody else's
                        self._failed(question, error)
                except CuratorError as error:
                    self._failed(question, error)
                else:
                    self._answer(question, value)
        finally:
            if self._reading is not None:  # also where the screen is gone
                self._reading[1].set()
            self._reading, self._busy = None, False
