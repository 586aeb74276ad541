"""The lock on a whole library, between processes: only a process that has the library alone cleans up or restores it.

Exactly-once promotion does not depend on it; that is guaranteed by the database transaction.
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

from core.domain.layout import ALIVE, STAGING
from core.errors import LibraryError
from core.locks import forks
from core.locks.waiting import LockHolder, OnWait, Wait, flock_holder

# What file systems answer that have no such locks on folders; NFS wants them opened for writing.
_UNSUPPORTED = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_PAUSE = 0.02  # seconds between two attempts; the lock is normally held exclusively for microseconds


def held(root: Path) -> bool:
    """Return whether any process has the library in ``root`` open for writing; nothing is written."""
    return _is_locked(root / ALIVE, os.O_NOFOLLOW | os.O_NONBLOCK) or _is_locked(root / STAGING, os.O_DIRECTORY)


def _is_locked(path: Path, flags: int) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)
    except BlockingIOError:
        return True
    except OSError:  # no lock that a process could hold
        return False
    return False


def _open(path: Path) -> BinaryIO:
    """Open or create a lock file; return a file object, which is closed at the latest when it is garbage-collected.

    Links and pipes are refused: a link could create a file anywhere, and opening a pipe could block.
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
    """A lock on a folder, released at the latest when the object is garbage-collected.

    If the folder is missing, or its file system does not support such locks (NFS), the lock always succeeds.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = -1
        with suppress(FileNotFoundError):
            self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def take(self, kind: int) -> bool:
        if self._descriptor < 0:
            return True
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
        return True

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    __del__ = close


class LibraryLock:
    """A shared lock held by every process that has the library open for writing.

    It locks both ``alive.lock`` and ``staging/``: the file may be deleted meanwhile, and the folder may be shared with
    another library through a link. A process that holds the lock alone removes leftovers from ``staging/``.
    """

    def __init__(self, root: Path, on_wait: OnWait = lambda _: None) -> None:
        """Acquire the lock of the library in ``root``.

        ``alone`` is whether no other process has it; the lock is then exclusive until ``share`` or ``close``, which
        must follow soon. Raises LibraryLocked if another process holds it exclusively for too long, LibraryError
        and OSError.
        """
        self._root = root
        self._on_wait = on_wait
        self._staging = _FolderLock(root / STAGING)
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
        """Let other processes open the library too. Call this after any work that needs the library alone.

        Raises LibraryLocked, and then releases the lock.
        """
        # Converting an exclusive lock into a shared one is not atomic: another process may briefly take it in between.
        wait = Wait(self._holder, self._on_wait)
        try:
            while not self._try(fcntl.LOCK_SH):
                wait.go_on()
                time.sleep(_PAUSE)
        except BaseException:
            self.close()
            raise

    def _holder(self) -> LockHolder | None:
        return flock_holder(self._root / ALIVE) or flock_holder(self._root / STAGING)

    def close(self) -> None:
        """Release the lock; calling this again has no effect."""
        self._file.close()
        self._staging.close()

    def after_fork_in_child(self) -> None:
        """Close the child's descriptors. Unlocking them would unlock the parent's, which share the locks."""
        self.close()
