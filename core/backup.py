"""Copies of a library: its database alone, or a folder with the images that its rows name as well."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.copying import copy_tree, link_or_copy, sync_tree
from core.errors import Cancelled, LibraryError
from core.files import sync_folder
from core.journal import Journal
from core.store import Store
from core.store.named import named_files

DATABASE = "library.db"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """How many files a backup holds besides the database, and which were not there to be copied."""

    files: int = 0
    missing: tuple[str, ...] = ()


def back_up_images(
    store: Store,
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
    if os.path.lexists(target):
        raise LibraryError(f"{target} is there already; a backup overwrites nothing, choose another name")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        journal.finish()
        with journal.staging() as staging:
            tree = staging.make() / "backup"
            with journal.in_order():  # nobody's files move meanwhile
                report = _gather(store, root, tree, cancel, progress)
            sync_tree(tree)
            _take(tree, partial)
            os.rename(partial, target)
            sync_folder(target.parent)
    except (sqlite3.Error, OSError) as error:
        raise LibraryError(f"the library could not be copied to {target} ({error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return report


def _gather(
    store: Store, root: Path, tree: Path, cancel: threading.Event | None, progress: Progress | None
) -> BackupReport:
    for folder in ("images", "pending"):
        (tree / folder).mkdir(parents=True)
    with store.reading() as db:
        paths = [path for path, _ in named_files(db)]
    store.copy_committed(tree / DATABASE)
    missing = []
    for done, path in enumerate(paths, 1):
        if cancel is not None and cancel.is_set():
            raise Cancelled("the backup was stopped; nothing was written")
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        try:
            link_or_copy(root / path, tree / path)
        except FileNotFoundError:
            missing.append(path)
        if progress is not None:
            progress(done, len(paths))
    return BackupReport(len(paths) - len(missing), tuple(missing))


def _take(tree: Path, target: Path) -> None:
    """Move a folder that is whole beside its place; to another file system it is copied."""
    try:
        os.rename(tree, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_tree(tree, target)
