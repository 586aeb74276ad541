"""Backups of a library as a folder with its database and the images that its rows name."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.domain.layout import DATABASE, FOLDERS, IMAGES, PENDING
from core.errors import Cancelled, LibraryError
from core.files.copying import appearing, copy_tree, link_or_copy, sync_tree
from core.files.library_files import LibraryFiles
from core.operations.journal import Journal
from core.storage import LibraryDatabase
from core.storage.named_files import named_files

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """The number of files in a backup besides the database, and the files that were missing from the library."""

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
    """Write a new folder ``target`` with the database and the files of ``images/`` and ``pending/`` that its rows name.

    The backup is a consistent snapshot. Files are hard-linked if possible, otherwise copied; the folder gets its name
    once it is complete. ``progress`` gets files done and files in total. Raises LibraryError, Cancelled.
    """
    try:
        with appearing(target) as partial, journal.staging() as staging:
            journal.roll_forward_open()
            tree = staging.make() / "backup"
            with journal.exclusive():  # no operation moves files meanwhile
                report = _gather(store, root, tree, cancel, progress)
            sync_tree(tree)
            _take(tree, partial)
    except (sqlite3.Error, OSError) as error:
        raise LibraryError(f"the library could not be copied to {target} ({error})") from error
    return report


def refuse_inside(root: Path, target: Path) -> None:
    """Raise LibraryError for a backup inside the library, where it could be mistaken for another file and deleted.

    Files in ``staging/`` are removed, and SQLite deletes a file that is named like its journal.
    """
    place = Path(os.path.realpath(target.parent))
    for home in (root, *(root / name for name in FOLDERS)):
        if place.is_relative_to(os.path.realpath(home)):
            raise LibraryError(f"{target} is inside the library {root}; choose a place outside it")


def _gather(
    store: LibraryDatabase, root: Path, tree: Path, cancel: threading.Event | None, progress: Progress | None
) -> BackupReport:
    for folder in (IMAGES, PENDING):
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
    """Return whether ``path`` is a regular file of the library; links, which may lead anywhere, do not count."""
    try:
        found = LibraryFiles(root).stat(path)
    except OSError:
        return False
    return found is not None and stat.S_ISREG(found.st_mode)


def _take(tree: Path, target: Path) -> None:
    """Move a complete folder to ``target``, or copy it if that is on another file system."""
    try:
        os.rename(tree, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_tree(tree, target)
