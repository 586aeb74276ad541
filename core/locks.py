"""Locks: in this process by pending id and by sha256, between processes on the library as a whole.

The locks inside the process save work and give the answer *locked*; that a promotion happens once rests on the
database's transactions alone.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core import forks
from core.waiting import OnWait, Wait, flock_holder

_PAUSE = 0.02  # seconds between two attempts at the library's lock; it is held exclusively for microseconds


class IdLocks:
    """At most one holder for each pending id; nobody waits."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._guard = threading.Lock()

    @contextmanager
    def try_hold(self, pending_id: int) -> Iterator[bool]:
        """Hold the id for the block, or give False at once where somebody else holds it."""
        with self._guard:
            free = pending_id not in self._held
            self._held.add(pending_id)
        try:
            yield free
        finally:
            if free:
                with self._guard:
                    self._held.discard(pending_id)


class Sha256Locks:
    """At most one holder for each sha256; the others wait their turn."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[threading.Lock, int]] = {}
        self._guard = threading.Lock()

    @contextmanager
    def hold(self, sha256: str) -> Iterator[None]:
        """Hold the sha256 for the block, waiting for whoever has it."""
        with self._guard:
            lock, users = self._locks.get(sha256, (threading.Lock(), 0))
            self._locks[sha256] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._locks.pop(sha256)
                if users > 1:
                    self._locks[sha256] = lock, users - 1


class LibraryLock:
    """Held, shared, by every process that has the library open for writing."""

    def __init__(self, path: Path, on_wait: OnWait = lambda _: None) -> None:
        """Take the lock. ``alone`` tells whether no other process has it; then ``share`` must follow at once.

        Raises LibraryLocked where another process keeps it to itself for too long.
        """
        self._path = path
        self._on_wait = on_wait
        self._guard = threading.Lock()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.alone = self._try(fcntl.LOCK_EX)
        if not self.alone:
            self.share()
        forks.watch(self)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def share(self) -> None:
        """Let others open the library too. What only a lone process may look at, it has looked at before.

        Raises LibraryLocked. The lock is then given up.
        """
        # Turning an exclusive lock into a shared one is not atomic: another process may come between, for a moment.
        wait = Wait(lambda: flock_holder(self._path), self._on_wait)
        try:
            while not self._try(fcntl.LOCK_SH):
                wait.go_on()
                time.sleep(_PAUSE)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the lock up. In the child of a fork that is done already, and the parent keeps its own."""
        with self._guard:
            self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def before_fork(self) -> None:
        """Let no other thread close it meanwhile."""
        self._guard.acquire()

    def after_fork(self) -> None:
        """Go on."""
        self._guard.release()

    def after_fork_in_child(self) -> None:
        """Close the child's descriptor. To unlock it would unlock the parent's: they share one lock."""
        self._close()
        self._guard.release()
