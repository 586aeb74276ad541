"""Locks: in this process by pending id and by sha256, between processes on the library as a whole.

The locks inside the process save work and give the answer *locked*; that a promotion happens once rests on the
database's transactions alone.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from core import forks
from core.waiting import OnWait, Wait, flock_holder

_PAUSE = 0.02  # seconds between two attempts at the library's lock; it is held exclusively for microseconds
_Key = TypeVar("_Key")


class KeyedLocks(Generic[_Key]):
    """A lock for each key, made when it is asked for and gone with the last who holds it or waits for it.

    An interrupt that comes before it is released therefore locks nobody out.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[_Key, threading.Lock] = WeakValueDictionary()
        self._guard = threading.Lock()

    def of(self, key: _Key) -> threading.Lock:
        """Return the lock of a key; keep it as long as it is held."""
        with self._guard:
            return self._locks.setdefault(key, threading.Lock())


def held(path: Path) -> bool:
    """Tell whether any process has the library of this lock open for writing; nothing is written."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)
    except BlockingIOError:
        return True
    except OSError:  # no lock that anybody could hold
        return False
    return False


class LibraryLock:
    """Held, shared, by every process that has the library open for writing."""

    def __init__(self, path: Path, on_wait: OnWait = lambda _: None) -> None:
        """Take the lock. ``alone`` tells whether no other process has it; then ``share`` must follow at once.

        Raises LibraryLocked where another process keeps it to itself for too long.
        """
        self._path = path
        self._on_wait = on_wait
        self._file = open(path, "ab")  # noqa: SIM115 - held until close; a file, as where nobody closes it, its end does
        self.alone = self._try(fcntl.LOCK_EX)
        if not self.alone:
            self.share()
        forks.watch(self)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._file, kind | fcntl.LOCK_NB)
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
        """Give the lock up; once it is, that does nothing."""
        self._file.close()

    def after_fork_in_child(self) -> None:
        """Close the child's descriptor. To unlock it would unlock the parent's: they share one lock."""
        self._file.close()
