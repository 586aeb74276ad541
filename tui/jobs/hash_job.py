"""Hashes files ahead in a thread, and reports no more often than the screen can show."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.dom import DOMNode
from textual.message import Message

from core.errors import CuratorError
from tui.jobs.eta import EtaEstimator, format_eta
from tui.messages import Hashing, HashingEnded
from tui.presenters.progress import bar
from tui.theme.palette import GREY, TEXT

if TYPE_CHECKING:
    from core.hashing.background import HashProgress
    from core.library import Library

_TICK = 0.2


class HashJob:
    """Hashes files ahead for a screen: starts and stops with it, and starts again when files were added."""

    def __init__(
        self, node: DOMNode, library: Library, in_view: Callable[[], Sequence[int]], paused: bool = False
    ) -> None:
        self._node = node
        self._library = library
        self._in_view = in_view
        self._cancel = threading.Event()
        self._pace = EtaEstimator()
        self.paused = paused

    def start(self) -> None:
        """Hash unhashed files in a thread, unless paused; messages go to the node."""
        self.stop()
        if self.paused:
            return
        self._cancel, self._pace = threading.Event(), EtaEstimator()
        cancel, node = self._cancel, self._node
        self._node.run_worker(
            lambda: hash_all(self._library, self._in_view, cancel, node.post_message),
            thread=True,
            group="hashing",
            exit_on_error=False,
        )

    def stop(self) -> None:
        """Stop, even in the middle of a file."""
        self._cancel.set()

    def pause(self) -> None:
        """Pause until called again; a partly read file is then read from its start."""
        self.paused = not self.paused
        self.start()

    def idle_words(self) -> Content:
        """Return the text of the header while nothing is hashed; usually empty."""
        return Content.styled("hashing paused" if self.paused else "", GREY)

    def words(self, progress: HashProgress, wide: bool) -> Content:
        """Return the progress for the header."""
        done = progress.bytes_done / progress.bytes_total if progress.bytes_total else 1.0
        left = format_eta(self._pace.left(progress.bytes_done, progress.bytes_total))
        if not wide:
            return Content.assemble(("hashing ", GREY), (f"{done:.0%}", TEXT))
        tail = f" {done:4.0%}" + (f"  {left}" if left else "")
        return Content.assemble(("hashing ", GREY), bar(done, 16), (tail, GREY))


def hash_all(
    library: Library,
    first: Callable[[], Sequence[int]],
    cancel: threading.Event,
    post: Callable[[Message], object],
) -> None:
    """Hash unhashed files until none is left or ``cancel`` is set, and post the progress."""
    ticker = _Ticker(post)
    try:
        library.queue.hash_ahead(first, cancel, ticker)
    except CuratorError as error:
        post(HashingEnded(str(error)))
    else:
        post(HashingEnded())


class _Ticker:
    """Receives progress from several threads and posts it at intervals."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._last = 0.0
        self._finished = False

    def __call__(self, progress: HashProgress) -> None:
        with self._lock:
            self._finished |= progress.finished is not None
            now = time.monotonic()
            if now - self._last < _TICK:
                return
            self._last, finished, self._finished = now, self._finished, False
        self._post(Hashing(progress, finished))
