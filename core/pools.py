"""The thread pools of a library for hashing, decoding and encoding."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import ParamSpec, TypeVar, TypeVarTuple

from core.errors import LibraryError

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

_STEP_BACK = 10  # of the 20 levels of niceness


class Pool(ThreadPoolExecutor):
    """A thread pool in which ``close`` makes queued and later calls raise LibraryError."""

    def __init__(self, threads: int, name: str, prepare: Callable[[], None] = lambda: None) -> None:
        """``prepare`` runs first in each thread."""
        super().__init__(threads, name, prepare)
        self._inside = threading.local()
        self.closed = False

    def check(self) -> None:
        """Raise LibraryError if the pool is closed."""
        if self.closed:
            raise LibraryError("the library is closed")

    def submit(self, function: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run a function in one of the threads. Raises LibraryError if the pool is closed."""

        def run() -> _T:
            self.check()
            self._inside.here = True
            return function(*args, **kwargs)

        self.check()
        try:
            return super().submit(run)
        except RuntimeError:  # closed a moment ago, or no thread can be started
            self.check()
            raise

    def run_all(self, function: Callable[[*_Ts], _T], calls: Iterable[tuple[*_Ts]]) -> list[_T]:
        """Call a function with each tuple of arguments, and return the results in order.

        If a call raises, or the caller is interrupted, pending calls are cancelled and running ones are awaited, so
        that none keeps writing to a folder that the caller then removes.
        """
        futures: list[Future[_T]] = []
        try:
            for arguments in calls:
                futures.append(self.submit(function, *arguments))
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            wait(futures)
            raise

    @property
    def is_own_thread(self) -> bool:
        """Whether the current thread is one of the pool's."""
        return getattr(self._inside, "here", False)

    def close(self) -> None:
        """Fail queued calls with LibraryError, and wait for running ones."""
        self.closed = True
        self.shutdown()


def lower_thread_priority() -> None:
    """Lower the priority of this thread, so that encoding and hashing do not delay key handling."""
    if sys.platform == "linux":  # elsewhere the priority applies to the whole process
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _STEP_BACK)
