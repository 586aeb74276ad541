"""Locks: in this process by pending id and by sha256, between processes on the library as a whole.

The locks inside the process save work and give the answer *locked*; that a promotion happens once rests on the
database's transactions alone.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from pathlib import Path
from typing import BinaryIO

from core.errors import LibraryError
from core.locks import forks
from core.locks.waiting import OnWait, Wait, flock_holder

_PAUSE = 0.02  # seconds between two attempts at the library's lock; it is held exclusively for microseconds


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


def _open(path: Path) -> BinaryIO:
    """Open the file of a lock, or make it: a file object, which its end closes where nobody else does.

    A link would have a file made wherever it leads, and a pipe would keep us waiting.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise
    else:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return open(descriptor, "r+b", buffering=0)
        os.close(descriptor)
    raise LibraryError(f"{path} is not a regular file; remove it")


class LibraryLock:
    """Held, shared, by every process that has the library open for writing."""

    def __init__(self, path: Path, on_wait: OnWait = lambda _: None) -> None:
        """Take the lock. ``alone`` tells whether no other process has it; then ``share`` must follow at once.

        Raises LibraryLocked where another process keeps it to itself for too long, LibraryError and OSError.
        """
        self._path = path
        self._on_wait = on_wait
        self._file = _open(path)
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
