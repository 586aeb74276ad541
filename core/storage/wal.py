"""Check that a write-ahead log belongs to the database beside it; SQLite itself would apply any log it finds there.

A log (``-wal``) carries no identity, so every transaction of this program adds one: it writes page 1, whose header has
two application-defined numbers (https://www.sqlite.org/fileformat2.html, 1.3). ``application_id`` is the identity, a
random number; every copy that ``backup`` writes gets a new one. ``user_version`` counts commits. SQLite restarts a log
only after all of it is in the database file. The file therefore holds the state right before the log or a state
within it; any other file is another database or an earlier copy of this one.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
import struct
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from core.errors import ForeignLog

_HEADER = struct.Struct(">IIIIIIII")  # magic, version, page size, checkpoint, two salts, two checksums
_FRAME = struct.Struct(">IIIIII")  # page, total pages after a commit, two salts, two checksums
_MAGIC = 0x377F0682  # the lowest bit gives the byte order of the checksums
_COUNT_AT, _IDENTITY_AT = 60, 68  # offsets in page 1
_LARGEST = 2**31 - 1
_TRIES = 5
_EMPTY = 0


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Identity and commit count from page 1; both are 0 in a database that an earlier version wrote."""

    identity: int
    commits: int


def count_commit(db: Database) -> None:
    """Increment the commit count, so that the write transaction that has just begun writes page 1."""
    (commits,) = db.execute("PRAGMA user_version").fetchone()
    db.execute(f"PRAGMA user_version = {max(0, commits) % _LARGEST + 1}")


def has_identity(db: Database) -> bool:
    """Return whether the database has an identity."""
    (identity,) = db.execute("PRAGMA application_id").fetchone()
    return bool(identity)


def give_identity(db: Database) -> None:
    """Give the database a new random identity; from now on no log but its own belongs to it."""
    db.execute(f"PRAGMA application_id = {secrets.randbelow(_LARGEST) + 1}")


def write_copy(db: Database, target: Path) -> None:
    """Write the whole database to a new file with its own identity, and sync it.

    Raises sqlite3.Error and OSError; a partially written file may then remain.
    """
    db.execute("VACUUM INTO ?", [str(target)])
    _, _, path = db.execute("PRAGMA database_list").fetchone()
    os.chmod(target, stat.S_IMODE(os.stat(path).st_mode))  # what was private stays so
    with closing(sqlite3.connect(target)) as copy:
        give_identity(Database(copy, execute_plugins=False))
        copy.commit()
    with open(target, "rb") as file:
        os.fsync(file.fileno())


def check_log(database: Path) -> None:
    """Compare the database file with the log beside it. Call this before SQLite opens them. Nothing is written.

    Raises ForeignLog if the log was written for another database, or there is no database.
    """
    database = Path(os.path.realpath(database))  # like SQLite, look for the log beside the real file
    log = database.with_name(f"{database.name}-wal")
    for _ in range(_TRIES):
        found = _of_file(database)
        if _belongs(found, _span(log)):
            return
        span = _span(log, checked=True)  # checksums are slow, and needed only after a power cut
        if _belongs(found, span):
            return
        if (_of_file(database), _span(log, checked=True)) == (found, span):
            raise ForeignLog(
                f"{log} belongs to another database than {database}: was the database replaced by a copy? Nothing was "
                f"changed; move {database.name} elsewhere, then have model-curator restore put it back"
            )
    # A log that keeps changing belongs to a process that has already checked it.


def _belongs(found: _Stamp | int | None, span: tuple[_Stamp, _Stamp] | None) -> bool:
    if span is None:
        return True
    if not isinstance(found, _Stamp):
        return found != _EMPTY  # SQLite reports a file that is not a database
    first, last = span
    return _ahead(found, first) <= _ahead(last, first) and found.identity in (0, first.identity, last.identity)


def _ahead(stamp: _Stamp, first: _Stamp) -> int:
    """Return the number of commits from the one before ``first`` to ``stamp``; the count wraps around."""
    # The stored number is untrusted; counting restarts from 0 if it is negative.
    return (max(0, stamp.commits) - max(0, first.commits) + 1) % _LARGEST


def _of_file(database: Path) -> _Stamp | int | None:
    """Return the stamp of the file alone, without its log: ``_EMPTY`` if there is no data, None if unreadable.

    Read through SQLite: closing any other descriptor would drop the locks of this process's connections.
    """
    try:
        if os.stat(database).st_size == 0:
            return _EMPTY
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True)) as file:
            (identity,) = file.execute("PRAGMA application_id").fetchone()
            (commits,) = file.execute("PRAGMA user_version").fetchone()
    except FileNotFoundError:
        return _EMPTY
    except (OSError, sqlite3.Error):
        return None
    return _Stamp(identity, commits)


def _span(log: Path, *, checked: bool = False) -> tuple[_Stamp, _Stamp] | None:
    """Return the stamps of the first and the last page 1 in a log, or None if it has none.

    With ``checked``, only frames with valid checksums count.
    """
    try:
        descriptor = os.open(log, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return _Log(descriptor).span(checked)
    except (OSError, struct.error):  # truncated, or changed while being read
        return None
    finally:
        os.close(descriptor)  # harmless: SQLite holds no lock on a log


class _Log:
    """The frames of an open log's current generation: those whose salts match its header."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        magic, _, page_size, _, *salts, _, _ = _HEADER.unpack(os.pread(descriptor, _HEADER.size, 0))
        self._page_size: int = page_size
        self._step: int = _FRAME.size + page_size
        self._salts = salts
        self._order = ">" if magic & 1 else "<"
        whole = (os.fstat(descriptor).st_size - _HEADER.size) // self._step
        self._count = self._present(whole) if magic | 1 == _MAGIC | 1 else 0

    def span(self, checked: bool) -> tuple[_Stamp, _Stamp] | None:
        def counts(n: int) -> bool:
            return self._frame(n)[0] == 1 and (not checked or self._whole(n))

        first = next(filter(counts, range(self._count)), None)
        if first is None:
            return None
        return self._stamp(first), self._stamp(next(filter(counts, reversed(range(self._count)))))

    def _present(self, whole: int) -> int:
        """Return the number of frames in this generation; frames after them are left from an earlier one."""
        low, high = 0, whole
        while low < high:
            middle = (low + high) // 2
            if list(self._frame(middle)[2:4]) == self._salts:
                low = middle + 1
            else:
                high = middle
        return low

    def _at(self, n: int) -> int:
        return _HEADER.size + n * self._step

    def _frame(self, n: int) -> tuple[int, ...]:
        return _FRAME.unpack(os.pread(self._descriptor, _FRAME.size, self._at(n)))

    def _stamp(self, n: int) -> _Stamp:
        page = os.pread(self._descriptor, _IDENTITY_AT + 4, self._at(n) + _FRAME.size)
        (commits,) = struct.unpack_from(">i", page, _COUNT_AT)
        (identity,) = struct.unpack_from(">i", page, _IDENTITY_AT)
        return _Stamp(identity, commits)

    def _whole(self, n: int) -> bool:
        """Return whether a frame's checksums are valid: a power cut may leave only its header."""
        before = _HEADER.size - 8 if n == 0 else self._at(n - 1) + _FRAME.size - 8
        first, second = struct.unpack(">II", os.pread(self._descriptor, 8, before))
        data = os.pread(self._descriptor, _FRAME.size + self._page_size, self._at(n))
        words = struct.unpack(f"{self._order}{self._page_size // 4 + 2}I", data[:8] + data[_FRAME.size :])
        for one, other in zip(words[::2], words[1::2], strict=True):
            first = (first + one + second) & 0xFFFFFFFF
            second = (second + other + first) & 0xFFFFFFFF
        return (first, second) == _FRAME.unpack(data[: _FRAME.size])[4:]
