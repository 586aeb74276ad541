"""Checks of the files that SQLite keeps beside a database, made before SQLite opens any of them.

SQLite trusts these files: it overwrites a log or an index no matter what the file is, and after rolling back a journal
it deletes the file that the journal names, wherever that is (https://www.sqlite.org/fileformat2.html, "The Rollback
Journal"; https://www.sqlite.org/howtocorrupt.html, 2.4). A library may come from an untrusted source.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from core.errors import LibraryError

_BESIDE = ("-wal", "-shm", "-journal")
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")


def check_files(database: Path, *, writing: bool) -> None:
    """Raise LibraryError if a file of the database is unsafe to open. Nothing is written.

    Unsafe are files that are not regular, hard links, and a rollback journal that names another file.

    ``writing`` means that the database itself will be changed; only then must it not be a hard link.
    """
    database = Path(os.path.realpath(database))  # SQLite looks for the other files there, too
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
    except OSError:  # missing, or SQLite cannot open it either and reports it
        return
    if not stat.S_ISREG(found.st_mode):
        raise LibraryError(f"{path} is not a regular file; move it elsewhere, or restore a backup")
    if alone and found.st_nlink > 1:
        raise LibraryError(
            f"{path} is a hard link, and its other names would be overwritten too; replace it with a copy (cp, then mv)"
        )


def names_another_file(journal: Path) -> bool:
    """Return whether a rollback journal belongs to a transaction over several databases."""
    try:
        descriptor = os.open(journal, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # missing, or SQLite cannot read it either
        return False
    try:
        size, length = os.fstat(descriptor).st_size, len(_JOURNAL_MAGIC)
        # The header begins with the same bytes: a journal that holds only these names no file.
        return size > length and os.pread(descriptor, length, size - length) == _JOURNAL_MAGIC
    finally:
        os.close(descriptor)  # SQLite keeps no lock on a journal
