"""Waiting for a lock that another process holds: report the holder after a second, give up after a minute."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import LibraryLocked
from core.text import sanitize

TOLD_AFTER = 1.0  # seconds of waiting; promotions hold the write lock for milliseconds
REFUSED_AFTER = 60.0
_PROC = Path("/proc")
_WRITE_LOCK = 120  # the byte of library.db-shm that SQLite locks to write: https://www.sqlite.org/walformat.html


@dataclass(frozen=True, slots=True)
class LockHolder:
    """A process that holds a lock. ``since`` is its start in ms since 1970; ``command`` is not sanitized.

    ``stopped`` means that it does nothing until it is continued (Ctrl-Z, a debugger, a frozen container).
    """

    pid: int
    since: int
    command: str
    stopped: bool = False


OnWait = Callable[[LockHolder | None], object]  # None if the holder is unknown


class Wait:
    """One wait for a lock. Call ``go_on`` after each failed attempt."""

    def __init__(self, find_holder: Callable[[], LockHolder | None], on_wait: OnWait) -> None:
        self._find_holder = find_holder
        self._on_wait = on_wait
        self._began = time.monotonic()
        self._told = False

    def go_on(self) -> None:
        """Call ``on_wait`` once after ``TOLD_AFTER``. Raises LibraryLocked after ``REFUSED_AFTER``."""
        waited = time.monotonic() - self._began
        if waited >= REFUSED_AFTER:
            raise LibraryLocked(_refusal(self._find_holder()))
        if waited >= TOLD_AFTER and not self._told:
            self._told = True
            self._on_wait(self._find_holder())


def describe(holder: LockHolder | None) -> str:
    """Describe the holder, sanitized for a terminal: ``process 4711 (model-curator promote 8, started 14:02)``."""
    if holder is None:
        return "another process"
    if holder.pid == os.getpid():
        return "another thread of this process"
    started = time.localtime(holder.since / 1000)
    today = time.strftime("%F", started) == time.strftime("%F")
    when = time.strftime("%H:%M" if today else "%F %H:%M", started)
    stopped = ", stopped" if holder.stopped else ""
    return f"process {holder.pid} ({sanitize(holder.command, 100)}, started {when}{stopped})"


def _refusal(holder: LockHolder | None) -> str:
    if holder is not None and holder.stopped:
        todo = f"continue it (kill -CONT {holder.pid}) or end it"
    else:
        todo = "wait for it or end it"
    return f"{describe(holder)} has kept the library locked for {REFUSED_AFTER:.3g} s; {todo}, then try again"


def flock_holder(path: Path) -> LockHolder | None:
    """Return the process that holds an exclusive ``flock`` on a file; None if that is unknown."""
    return next(_holders(path, "FLOCK"), None)


def database_writer(database: Path) -> LockHolder | None:
    """Return the process that holds a database's write lock; None if that is unknown.

    The files are never opened: closing them would drop the locks of this process's own connections.
    """
    index = database.with_name(f"{database.name}-shm")
    return next(_holders(index, "POSIX", _WRITE_LOCK), None) or next(_holders(database, "POSIX"), None)


def _holders(path: Path, kind: str, byte: int | None = None) -> Iterator[LockHolder]:
    """Yield the processes with an exclusive lock on ``path``, or on one byte of it, according to ``/proc/locks``."""
    try:
        status = os.stat(path)
        lines = (_PROC / "locks").read_text().splitlines()
    except OSError:
        return
    for line in lines:  # 1: POSIX  ADVISORY  WRITE 4711 08:01:262151 120 120
        _, *fields = line.split()
        if fields[0] != kind or fields[2] != "WRITE":  # lines of waiting processes begin with ->
            continue
        pid, (device, _, inode) = int(fields[3]), fields[4].rpartition(":")
        if inode != str(status.st_ino) or not (byte is None or int(fields[5]) <= byte <= _end(fields[6])):
            continue
        # On some file systems (btrfs) stat returns a different device from the one listed.
        if device == f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}" or _has_open(pid, path):
            holder = _process(pid)
            if holder is not None:
                yield holder


def _end(text: str) -> float:
    return float("inf") if text == "EOF" else int(text)


def _has_open(pid: int, path: Path) -> bool:
    try:
        real = os.path.realpath(path)
        return any(os.readlink(link) == real for link in (_PROC / str(pid) / "fd").iterdir())
    except OSError:
        return False


def _process(pid: int) -> LockHolder | None:
    folder = _PROC / str(pid)
    try:
        name, _, rest = (folder / "stat").read_bytes().partition(b"(")[2].rpartition(b")")
        words = (folder / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ")
        boot = next(line for line in (_PROC / "stat").read_text().splitlines() if line.startswith("btime "))
    except (OSError, StopIteration):
        return None
    fields = rest.split()  # starting with the third field, see proc(5)
    since = int(boot.split()[1]) * 1000 + int(fields[19]) * 1000 // os.sysconf("SC_CLK_TCK")
    return LockHolder(pid, since, os.fsdecode(words or name), fields[0] in (b"T", b"t"))
