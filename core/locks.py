"""Locks: in this process by pending id and by sha256, between processes on the library as a whole.

The locks inside the process save work and give the answer *locked*; that a promotion happens once rests on the
database's transactions alone.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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

    def __init__(self, path: Path) -> None:
        """Take the lock; ``alone`` tells whether no other process had it at that moment."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.alone = True
        except BlockingIOError:
            self.alone = False
            self.share()

    def share(self) -> None:
        """Let others open the library too; what only a lone process may do is done before."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def close(self) -> None:
        """Give the lock up."""
        os.close(self._descriptor)
