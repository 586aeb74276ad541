"""Run one background query at a time, keeping only the newest request."""

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
    """Asks one question at a time in a thread; of those asked meanwhile, only the newest is answered.

    ``read`` runs in a thread. It receives an event that is set once its answer is no longer wanted, because another
    question was asked or the screen is gone; if it then raises Cancelled, there is no answer. ``answer`` and ``failed``
    run in the screen's event loop, so nothing here needs a lock. Holding a key down therefore costs one read at a time,
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
        """Ask a question, and drop an older one that is still waiting."""
        self._wanted = [question]
        if self._reading is not None and self._reading[0] != question:
            self._reading[1].set()
        if not self._busy:
            self._busy = True
            _: Worker[None] = self._node.run_worker(self._run, group=self._group, exit_on_error=False)

    def forget(self) -> None:
        """Drop a question that is still waiting."""
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
                    if not cancel.is_set():  # cancelled by someone else
                        self._failed(question, error)
                except CuratorError as error:
                    self._failed(question, error)
                else:
                    self._answer(question, value)
        finally:
            if self._reading is not None:  # also if the screen is gone
                self._reading[1].set()
            self._reading, self._busy = None, False
