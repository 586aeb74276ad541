"""The steps that put a restored database into place; the next process to open the library takes or resumes them.

A folder ``library.db.restoring-<when>``, created by ``restore``, means that a restore is committed. First the old
database and its logs are moved aside into one folder; then the new database is moved in, then its images. A database is
therefore never beside another one's log, and after a kill the next opening of the library completes the restore.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from core.domain.layout import DATABASE, STAGING, staging_path
from core.errors import LibraryError
from core.files.copying import move
from core.files.durable import sync_folder
from core.files.library_files import LibraryFiles
from core.locks.library_lock import LibraryLock
from core.operations.linked_folders import holds_only_ours
from core.storage.journal_paths import may_come_back

UNFINISHED = "a restore is running or was interrupted"
PREPARING, RESTORING, KEPT = (f"{DATABASE}.{word}-" for word in ("preparing", "restoring", "before-restore"))
_PARTS = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal")
_WHEN = re.compile(re.escape(RESTORING) + r"(\d{8}T\d{12})")
_STARTED = re.compile(re.escape(PREPARING) + r"\d{8}T\d{12}")


def is_library(root: Path) -> bool:
    """Return whether a folder holds a library, or an interrupted restore that will put one into place."""
    return (root / DATABASE).is_file() or bool(_unfinished(root))


def settle(root: Path, lock: LibraryLock | None) -> None:
    """Finish an interrupted restore before a library is opened; ``lock`` is None if it is opened read-only.

    Raises LibraryError if this process may not or cannot finish it.
    """
    unfinished = _unfinished(root)
    if unfinished and lock is None:
        raise LibraryError(f"{UNFINISHED}; open the library for writing to finish it")
    if unfinished and lock is not None and not lock.alone:
        raise LibraryError(
            "a restore was interrupted; close everything that has the library open, then open it to finish the restore"
        )
    try:
        for name, when in unfinished:
            _finish(root, root / name, f"{KEPT}{when}")
    except OSError as error:
        name = error.filename2 or error.filename or str(root)
        raise LibraryError(
            f"a restore could not be finished: {name} ({error.strerror}); fix that, then open the library again"
        ) from error
    if lock is not None and lock.alone:
        for name in _names(root):
            if _STARTED.fullmatch(name):
                shutil.rmtree(root / name, ignore_errors=True)


def _unfinished(root: Path) -> list[tuple[str, str]]:
    """Return name and timestamp of each unfinished restore's folder. A restore never creates a link: ignore them."""
    found = sorted((match[0], match[1]) for match in map(_WHEN.fullmatch, _names(root)) if match)
    return [(name, when) for name, when in found if not (root / name).is_symlink()]


def _names(root: Path) -> list[str]:
    """Return the names in a library's folder. Raises LibraryError if it cannot be read."""
    try:
        return os.listdir(root) if root.is_dir() else []
    except OSError as error:
        raise LibraryError(f"{root} cannot be read ({error.strerror}); fix that, then open it again") from error


def _finish(root: Path, ready: Path, kept: str) -> None:
    """Take the remaining steps of a restore; after a kill at any point, calling it again continues."""
    sync_folder(root)
    if os.path.lexists(ready / DATABASE):
        _set_aside(root, kept)
        os.rename(ready / DATABASE, root / DATABASE)
        sync_folder(root)
        sync_folder(ready)
    for path in _ready_files(ready):
        _refuse_links(root, Path(path).parent, top=True)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(root / path):
            _keep(root, path, f"{kept}/{path}")
        move(ready / path, root / path)
        _sync_up(root, (root / path).parent)
    shutil.rmtree(ready)
    sync_folder(root)


def _set_aside(root: Path, kept: str) -> None:
    """Keep the old database with its logs and its staging folders: one of its operations may still be open."""
    files = LibraryFiles(root)
    names = sorted(files.listed(STAGING)) if (root / STAGING).is_dir() else []
    left = [staging_path(name) for name in names if holds_only_ours(files, name)]
    for name in (*_PARTS, *left):
        if os.path.lexists(root / name):
            _keep(root, name, f"{kept}/{name}")
    sync_folder(root)


def _keep(root: Path, path: str, place: str) -> None:
    """Move a file or folder of the library to ``place`` in it, or to the next free name beside that."""
    _refuse_links(root, Path(place).parent, top=False)
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    number, free = 0, root / place
    while os.path.lexists(free):  # a reader may have created an empty log in place of the moved one
        number += 1
        free = root / f"{place}.{number}"
    move(root / path, free)
    for folder in (free.parent, (root / path).parent):
        _sync_up(root, folder)


def _sync_up(root: Path, folder: Path) -> None:
    """Sync a folder and its parents up to ``root``."""
    for one in (folder, *folder.parents):
        sync_folder(one)
        if one == root:
            return


def _ready_files(ready: Path) -> list[str]:
    """Return the files to be put into the library, ignoring any that a restore does not put there."""
    found = []
    for where, _, names in os.walk(ready):
        for name in names:
            path = Path(where, name)
            relative = path.relative_to(ready).as_posix()
            if may_come_back(relative) and path.is_file() and not path.is_symlink():
                found.append(relative)
    return sorted(found)


def _refuse_links(root: Path, folder: Path, *, top: bool) -> None:
    """Raise LibraryError if a folder or a parent is a link, which may lead anywhere; ``top`` allows one at the top."""
    for one in (folder, *folder.parents):
        if (root / one).is_symlink() and one != Path() and not (top and one.parent == Path()):
            raise LibraryError(f"{root / one} is a link; put a folder in its place, then open the library again")
