"""Make a private copy of a database, so that SQLite opens only the copy and never the original.

Opening the original, even read-only, could leave files beside it or roll a journal back into it. The files that make
up a database are defined by SQLite's file format (https://www.sqlite.org/fileformat.html): the file itself, ``-wal``
(write-ahead log) and ``-journal`` (rollback journal); ``-shm`` is recreated.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import SourceError
from core.files.database_files import names_another_file
from core.files.durable import remove_folder
from core.files.safe_open import is_guarded, stamp_of_stat
from core.text import sanitize

_NAME = "copy.sqlite3"
_SUFFIXES = ("", "-wal", "-journal")
_MAGIC = b"SQLite format 3\0"
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
# Time limit for opening, extended for large files: a database that takes longer was made to waste time. The user
# should get an answer within 5 s, and a single step of SQLite (generating 64 MB of text) may overrun the limit.
SECONDS = 4.0
_BYTES_PER_SECOND = 20_000_000
_LARGEST_CHECKED = 64 * 1024 * 1024
# Rows that violate their own table's constraints are still read; any other message of quick_check means damage.
_NO_DAMAGE = ("NULL value in ", "NUMERIC value in ", "TEXT value in ", "non-")


@dataclass(frozen=True, slots=True)
class Wanted:
    """For error messages: the file that the user should give, and the program that may be writing to it."""

    file: str
    program: str


OLD_DATABASE = Wanted("the database file of the old manager", "the old manager")


def private_copy(source: str, scratch: Path, wanted: Wanted = OLD_DATABASE) -> Path:
    """Copy the database at ``source`` into a new folder (0700) inside ``scratch``; return the copy's path.

    ``source`` is a real path: links are not followed. Raises SourceError, leaving nothing behind.
    """
    if is_guarded(source):
        raise SourceError(f"{sanitize(source)} is the library's own database: give {wanted.file}.")
    before = _stamps(source, wanted)
    _refuse_what_is_no_database(source, wanted)
    try:
        folder = Path(tempfile.mkdtemp(prefix="copy-", dir=scratch)).resolve()
    except OSError as error:
        raise SourceError(
            f"No private copy can be made in {sanitize(scratch)}: {os.strerror(error.errno or 0)}."
        ) from error
    try:
        for suffix in _SUFFIXES:
            if before[suffix] is not None:
                _copy(source + suffix, folder / (_NAME + suffix), wanted)
        if _stamps(source, wanted) != before:
            raise SourceError(f"{sanitize(source)} changed while it was copied: close {wanted.program} and try again.")
        _refuse_shared_transaction(source, folder / (_NAME + "-journal"), wanted)
    except BaseException:
        remove_folder(folder)
        raise
    return folder / _NAME


def _stamps(source: str, wanted: Wanted) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for suffix in _SUFFIXES:
        try:
            found[suffix] = stamp_of_stat(os.lstat(source + suffix))
        except FileNotFoundError:
            found[suffix] = None
        except OSError as error:
            raise _unreadable(source + suffix, error, wanted) from error
    return found


def _open(path: str, wanted: Wanted) -> int:
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        raise _unreadable(path, error, wanted) from error
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
    raise SourceError(f"{sanitize(path)} is {kind}: give {wanted.file}.")


def _unreadable(path: str, error: OSError, wanted: Wanted) -> SourceError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return SourceError(f"There is no file {sanitize(path)}: give {wanted.file}.")
    return SourceError(f"{sanitize(path)} cannot be read ({os.strerror(error.errno or 0)}): check it and try again.")


def _refuse_what_is_no_database(source: str, wanted: Wanted) -> None:
    # Check before copying: a model file given by mistake may have 20 GB. An empty file is a valid, empty database.
    with open(_open(source, wanted), "rb") as file:
        start = file.read(len(_MAGIC))
    if start not in (b"", _MAGIC):
        raise SourceError(f"{sanitize(source)} is not an SQLite database: give {wanted.file}.")


def _copy(source: str, target: Path, wanted: Wanted) -> None:
    with open(_open(source, wanted), "rb") as original:
        try:
            with open(target, "xb") as copy:
                shutil.copyfileobj(original, copy, 1024 * 1024)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise SourceError(f"{sanitize(source)} cannot be copied to {sanitize(target.parent)}: {reason}.") from error


def _refuse_shared_transaction(source: str, journal: Path, wanted: Wanted) -> None:
    """Refuse a journal that names another file: SQLite would delete that file, wherever it is, after rolling back."""
    if names_another_file(journal):
        raise SourceError(
            f"{sanitize(source)} has an unfinished multi-database transaction: let {wanted.program} finish it."
        )


class _Connection(sqlite3.Connection):
    """A connection that knows whether its deadline has passed."""

    late = False


def connect(copy: Path, source: str) -> sqlite3.Connection:
    """Open the private copy, let SQLite recover it, and check it, within a deadline; text is returned as bytes.

    Raises SourceError if it is damaged, truncated, or takes too long. Error messages name the file ``source``.
    """
    size = sum(os.path.getsize(file) for file in copy.parent.iterdir())
    until = time.monotonic() + SECONDS + size / _BYTES_PER_SECOND
    with wrap_sqlite_errors(source):
        connection = sqlite3.connect(f"{copy.as_uri()}?mode=rw", uri=True, isolation_level=None, factory=_Connection)

    def late() -> bool:
        connection.late = time.monotonic() > until
        return connection.late

    try:
        with wrap_sqlite_errors(source, connection):
            connection.text_factory = bytes
            connection.set_progress_handler(late, 100)
            for setting in ("trusted_schema=OFF", "cell_size_check=ON", "ignore_check_constraints=ON", "mmap_size=0"):
                connection.execute(f"PRAGMA {setting}")
            connection.execute("SELECT count(*) FROM main.sqlite_master").fetchone()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            # A generated column can produce text of any size, and quick_check evaluates it.
            usual = connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_CHECKED)
            _refuse_damage(connection, copy, source)
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, usual)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_damage(connection: sqlite3.Connection, copy: Path, source: str) -> None:
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    (page_count,) = connection.execute("PRAGMA page_count").fetchone()
    if os.path.getsize(copy) < page_size * page_count:
        raise SourceError(f"{sanitize(source)} is damaged (its end is missing): restore it from a backup.")
    for (message,) in connection.execute(f"PRAGMA quick_check({2**31 - 1})"):
        text = message.decode("utf-8", "backslashreplace")
        if text != "ok" and not text.startswith(_NO_DAMAGE):
            raise SourceError(f"{sanitize(source)} is damaged ({sanitize(text)}): restore it from a backup.")


@contextmanager
def wrap_sqlite_errors(source: str, connection: sqlite3.Connection | None = None) -> Iterator[None]:
    """Convert SQLite's errors about the copy of ``source`` to SourceError, or KeyboardInterrupt after a Ctrl-C."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite's message may quote a name that is not UTF-8
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            if isinstance(connection, _Connection) and not connection.late:  # SQLite swallowed a Ctrl-C
                raise KeyboardInterrupt from error
            raise SourceError(
                f"{sanitize(source)} takes too long to read: it is not a database of the old manager."
            ) from error
        raise SourceError(f"{sanitize(source)} cannot be read ({sanitize(error)}): is it damaged?") from error
