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
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from core.errors import LibraryError
from core.locks import forks
from core.locks.waiting import LockHolder, OnWait, Wait, flock_holder

ALIVE = "alive.lock"
_STAGING = "staging"
_PAUSE = 0.02  # seconds between two attempts at the library's lock; it is held exclusively for microseconds


def held(root: Path) -> bool:
    """Tell whether any process has the library in ``root`` open for writing; nothing is written."""
    return _is_locked(root / ALIVE, os.O_NOFOLLOW | os.O_NONBLOCK) or _is_locked(root / _STAGING, os.O_DIRECTORY)


def _is_locked(path: Path, flags: int) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
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


class _FolderLock:
    """A lock on a folder, which its end gives up where nobody else does.

    Where the folder is missing, or its file system has no such locks (NFS), it is as if nobody else had it.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = -1
        with suppress(FileNotFoundError):
            self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def take(self, kind: int) -> bool:
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except (OSError, ValueError):  # a negative descriptor is a ValueError
            pass
        return True

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    __del__ = close


class LibraryLock:
    """Held, shared, by every process that has the library open for writing.

    It is a lock on ``alive.lock`` and one on ``staging/``: that file may be deleted meanwhile, and that folder may be
    another library's too, by a link. Who is alone removes what is left in it.
    """

    def __init__(self, root: Path, on_wait: OnWait = lambda _: None) -> None:
        """Take the lock of the library in ``root``.

        ``alone`` tells whether no other process has it; then ``share`` must follow at once. Raises LibraryLocked where
        another process keeps it to itself for too long, LibraryError and OSError.
        """
        self._root = root
        self._on_wait = on_wait
        self._staging = _FolderLock(root / _STAGING)
        self._file = _open(root / ALIVE)
        self.alone = self._try(fcntl.LOCK_EX)
        if not self.alone:
            self.share()
        forks.watch(self)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return self._staging.take(kind)

    def share(self) -> None:
        """Let others open the library too. What only a lone process may look at, it has looked at before.

        Raises LibraryLocked. The lock is then given up.
        """
        # Turning an exclusive lock into a shared one is not atomic: another process may come between, for a moment.
        wait = Wait(self._holder, self._on_wait)
        try:
            while not self._try(fcntl.LOCK_SH):
                wait.go_on()
                time.sleep(_PAUSE)
        except BaseException:
            self.close()
            raise

    def _holder(self) -> LockHolder | None:
        return flock_holder(self._root / ALIVE) or flock_holder(self._root / _STAGING)

    def close(self) -> None:
        """Give the lock up; once it is, that does nothing."""
        self._file.close()
        self._staging.close()

    def after_fork_in_child(self) -> None:
        """Close the child's descriptors. To unlock them would unlock the parent's: they share their locks."""
        self.close()
