"""The files that SQLite keeps beside a database, looked at before SQLite opens any of them.

SQLite believes what lies there: it writes over a log or an index whatever else that file is, and after rolling a
journal back it deletes the file that the journal names, wherever that is (https://www.sqlite.org/fileformat2.html,
"The Rollback Journal"; https://www.sqlite.org/howtocorrupt.html, 2.4). A library may come from a stranger.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from core.errors import LibraryError

_BESIDE = ("-wal", "-shm", "-journal")
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")


def check_files(database: Path, *, writing: bool) -> None:
    """Raise LibraryError where a file of the database is not a file of its own. Nothing is written.

    That is one of the wrong kind, a hard link, or a rollback journal that names another file.

    ``writing`` tells that the database itself is to be changed.
    """
    database = Path(os.path.realpath(database))  # where SQLite, too, looks for the others
    _check(database, alone=writing)
    for suffix in _BESIDE:
        _check(database.with_name(database.name + suffix), alone=True)
    journal = database.with_name(f"{database.name}-journal")
    if names_another_file(journal):
        raise LibraryError(
            f"{journal} names another file, which SQLite would delete; Model Curator never writes such a journal: "
            "move it elsewhere, or restore a backup"
        )


def _check(path: Path, *, alone: bool) -> None:
    try:
        found = os.lstat(path)
    except OSError:  # none there, or none that SQLite could open: it will tell
        return
    if not stat.S_ISREG(found.st_mode):
        raise LibraryError(f"{path} is not a regular file; move it elsewhere, or restore a backup")
    if alone and found.st_nlink > 1:
        raise LibraryError(
            f"{path} is a hard link, and its other names would be overwritten too; replace it with a copy (cp, then mv)"
        )


def names_another_file(journal: Path) -> bool:
    """Return whether a rollback journal is part of a transaction over several databases."""
    try:
        descriptor = os.open(journal, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # none there, or nothing that SQLite could read either
        return False
    try:
        size, length = os.fstat(descriptor).st_size, len(_JOURNAL_MAGIC)
        # A header begins with the same bytes: in a journal that is nothing but them, nothing is named.
        return size > length and os.pread(descriptor, length, size - length) == _JOURNAL_MAGIC
    finally:
        os.close(descriptor)  # SQLite keeps no lock on a journal
