"""Which write-ahead log belongs to which database: SQLite itself would apply any log that lies beside a file.

A log (``-wal``) carries no identity, so each of our transactions puts one into it: it writes page 1, whose header has
two numbers that are ours to use (https://www.sqlite.org/fileformat2.html, 1.3). ``application_id`` is the identity, a
random number; every copy that ``backup`` writes gets another. ``user_version`` counts commits. SQLite begins a log
anew only once all of it is in the database file. So the file holds the state right before the log, or one that is in
the log; every other file is another database, or an earlier copy of this one.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import struct
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from core.errors import ForeignLog

_HEADER = struct.Struct(">IIIIIIII")  # magic, version, page size, checkpoint, two salts, two checksums
_FRAME = struct.Struct(">IIIIII")  # page, pages in all after a commit, two salts, two checksums
_MAGIC = 0x377F0682  # the lowest bit says in which byte order checksums are made
_COUNT_AT, _IDENTITY_AT = 60, 68  # in page 1
_LARGEST = 2**31 - 1
_TRIES = 5
_EMPTY = 0


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What page 1 says of its database; both are 0 in one that an earlier version of this program wrote."""

    identity: int
    commits: int


def count_commit(db: Database) -> None:
    """Have the write transaction that has just begun write page 1, with one more commit counted."""
    (commits,) = db.execute("PRAGMA user_version").fetchone()
    db.execute(f"PRAGMA user_version = {max(0, commits) % _LARGEST + 1}")


def has_identity(db: Database) -> bool:
    """Return whether the database was given an identity."""
    (identity,) = db.execute("PRAGMA application_id").fetchone()
    return bool(identity)


def give_identity(db: Database) -> None:
    """Make the database another one than all there are: no log but its own belongs to it from here on."""
    db.execute(f"PRAGMA application_id = {secrets.randbelow(_LARGEST) + 1}")


def write_copy(db: Database, target: Path) -> None:
    """Write the whole database as a new file with an identity of its own, synced.

    Raises sqlite3.Error and OSError; a half-written file may then be there.
    """
    db.execute("VACUUM INTO ?", [str(target)])
    with closing(sqlite3.connect(target)) as copy:
        give_identity(Database(copy, execute_plugins=False))
        copy.commit()
    with open(target, "rb") as file:
        os.fsync(file.fileno())


def check_log(database: Path) -> None:
    """Compare the database file with the log beside it; to be called before SQLite opens the two. Nothing is written.

    Raises ForeignLog where the log was written for another database, or there is no database to it.
    """
    database = Path(os.path.realpath(database))  # SQLite, too, looks for the log where the file really is
    log = database.with_name(f"{database.name}-wal")
    for _ in range(_TRIES):
        found = _of_file(database)
        if _belongs(found, _span(log)):
            return
        span = _span(log, checked=True)  # summing up frames takes time, and is needed only after a power cut
        if _belongs(found, span):
            return
        if (_of_file(database), _span(log, checked=True)) == (found, span):
            raise ForeignLog(
                f"{log} belongs to another database than {database}: was the database replaced by a copy? Nothing was "
                f"changed; move {database.name} elsewhere, then have model-curator restore put it back"
            )
    # A log that changes meanwhile belongs to a process that has looked at it already.


def _belongs(found: _Stamp | int | None, span: tuple[_Stamp, _Stamp] | None) -> bool:
    if span is None:
        return True
    if not isinstance(found, _Stamp):
        return found != _EMPTY  # what is no database is for SQLite to say
    first, last = span
    return _ahead(found, first) <= _ahead(last, first) and found.identity in (0, first.identity, last.identity)


def _ahead(stamp: _Stamp, first: _Stamp) -> int:
    """Return how many commits after the last one before ``first`` a stamp was made; counting begins anew at times."""
    # A stranger may have put any number there, and counting goes on from 0 where it is none of ours.
    return (max(0, stamp.commits) - max(0, first.commits) + 1) % _LARGEST


def _of_file(database: Path) -> _Stamp | int | None:
    """Return what the file alone says, without its log: ``_EMPTY`` where there is nothing, None where it is unclear.

    It is read through SQLite: closing a descriptor of our own would drop the locks of every connection here.
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
    """Return what the first and the last page 1 in a log say; None where there is none.

    ``checked``: only of frames that are as they were written.
    """
    try:
        descriptor = os.open(log, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return _Log(descriptor).span(checked)
    except (OSError, struct.error):  # cut short, or it changes while it is read
        return None
    finally:
        os.close(descriptor)  # SQLite keeps no lock on a log


class _Log:
    """The frames that an open log has of its present generation: those whose salts are those of its header."""

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
        """Return how many frames are of this generation: what follows them was left by an earlier one."""
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
        """Return whether a frame is what was written: a power cut may leave its head alone."""
        before = _HEADER.size - 8 if n == 0 else self._at(n - 1) + _FRAME.size - 8
        first, second = struct.unpack(">II", os.pread(self._descriptor, 8, before))
        data = os.pread(self._descriptor, _FRAME.size + self._page_size, self._at(n))
        words = struct.unpack(f"{self._order}{self._page_size // 4 + 2}I", data[:8] + data[_FRAME.size :])
        for one, other in zip(words[::2], words[1::2], strict=True):
            first = (first + one + second) & 0xFFFFFFFF
            second = (second + other + first) & 0xFFFFFFFF
        return (first, second) == _FRAME.unpack(data[: _FRAME.size])[4:]
