"""Copies of a library: its database alone, or a folder with the images that its rows name as well."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import Cancelled, LibraryError
from core.files.copying import appearing, copy_tree, link_or_copy, sync_tree
from core.files.library_files import FOLDERS, LibraryFiles
from core.operations.journal import Journal
from core.storage import LibraryDatabase
from core.storage.named_files import named_files

DATABASE = "library.db"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """How many files a backup holds besides the database, and which were not there to be copied."""

    files: int = 0
    missing: tuple[str, ...] = ()


def back_up_images(
    store: LibraryDatabase,
    journal: Journal,
    root: Path,
    target: Path,
    *,
    cancel: threading.Event | None = None,
    progress: Progress | None = None,
) -> BackupReport:
    """Write a new folder ``target`` that holds the database, and of ``images/`` and ``pending/`` what its rows name.

    All of it is of one moment. Files are linked where that is possible, else copied; the folder gets its name once it
    is whole. ``progress`` gets files done and files in all. Raises LibraryError, Cancelled.
    """
    try:
        with appearing(target) as partial, journal.staging() as staging:
            journal.roll_forward_open()
            tree = staging.make() / "backup"
            with journal.exclusive():  # nobody's files move meanwhile
                report = _gather(store, root, tree, cancel, progress)
            sync_tree(tree)
            _take(tree, partial)
    except (sqlite3.Error, OSError) as error:
        raise LibraryError(f"the library could not be copied to {target} ({error})") from error
    return report


def refuse_inside(root: Path, target: Path) -> None:
    """Raise LibraryError for a backup inside the library: there it would be taken for what it is not, and go with it.

    What lies in ``staging/`` is removed, and SQLite deletes what is called as a journal of its own.
    """
    place = Path(os.path.realpath(target.parent))
    for home in (root, *(root / name for name in FOLDERS)):
        if place.is_relative_to(os.path.realpath(home)):
            raise LibraryError(f"{target} is inside the library {root}; choose a place outside it")


def _gather(
    store: LibraryDatabase, root: Path, tree: Path, cancel: threading.Event | None, progress: Progress | None
) -> BackupReport:
    for folder in ("images", "pending"):
        (tree / folder).mkdir(parents=True)
    with store.read() as db:
        paths = [path for path, _ in named_files(db)]
    store.copy_committed(tree / DATABASE)
    missing = []
    for done, path in enumerate(paths, 1):
        if cancel is not None and cancel.is_set():
            raise Cancelled("the backup was stopped; nothing was written")
        if _is_regular(root, path):
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            link_or_copy(root / path, tree / path)
        else:
            missing.append(path)
        if progress is not None:
            progress(done, len(paths))
    return BackupReport(len(paths) - len(missing), tuple(missing))


def _is_regular(root: Path, path: str) -> bool:
    """Tell whether a regular file of the library is there: a link, on the way too, may lead to anything."""
    try:
        found = LibraryFiles(root).stat(path)
    except OSError:
        return False
    return found is not None and stat.S_ISREG(found.st_mode)


def _take(tree: Path, target: Path) -> None:
    """Move a folder that is whole beside its place; to another file system it is copied."""
    try:
        os.rename(tree, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_tree(tree, target)
