"""The threads of a library that hash, decode and encode."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from core.errors import LibraryError

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Pool(ThreadPoolExecutor):
    """A thread pool that answers a call after ``close`` with LibraryError, and ends a queued one with it."""

    def __init__(self, threads: int, name: str, prepare: Callable[[], None] = lambda: None) -> None:
        """``prepare`` runs first in each thread."""
        super().__init__(threads, name, prepare)
        self._inside = threading.local()
        self.closed = False

    def check(self) -> None:
        """Raise LibraryError where the pool is closed."""
        if self.closed:
            raise LibraryError("the library is closed")

    def submit(self, function: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run a function in one of the threads. Raises LibraryError where the pool is closed."""

        def run() -> _T:
            self.check()
            self._inside.here = True
            return function(*args, **kwargs)

        self.check()
        try:
            return super().submit(run)
        except RuntimeError:  # it was closed a moment ago, or there can be no more threads
            self.check()
            raise

    @property
    def is_own_thread(self) -> bool:
        """Whether the current thread is one of the pool's."""
        return getattr(self._inside, "here", False)

    def close(self) -> None:
        """End what is queued with LibraryError, and wait for what runs."""
        self.closed = True
        self.shutdown()
