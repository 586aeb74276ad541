"""Crash-safe copying and moving of whole files, with hard links where the file system supports them.

A hard link is as good as a copy here: a file of ``images/`` or ``pending/`` is never modified after it is written.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import LibraryError
from core.files.durable import sync_folder
from core.files.safe_open import put_new

_LONGEST = 40  # characters of the target's name in the name of the temporary folder


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Yield a path beside ``target`` for a new file or folder, which is renamed to ``target`` if the block succeeds.

    Raises LibraryError if the target already exists, OSError if it cannot be renamed.
    """
    if os.path.lexists(target):
        raise LibraryError(f"{target} exists already; a backup overwrites nothing, choose another name")
    # A private folder: beside the target, somebody could place a link under a predictable name.
    with TemporaryDirectory(prefix=f".{target.name[:_LONGEST]}.", suffix=".partial", dir=target.parent) as made:
        partial = Path(made) / "whole"
        yield partial
        try:
            if partial.is_dir():
                os.rename(partial, target)  # a folder can only replace an empty folder
            else:
                put_new(partial, target)
        except FileExistsError as error:
            raise LibraryError(f"{target} was created meanwhile; a backup overwrites nothing, try again") from error
    sync_folder(target.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """Hard-link the regular file ``source`` to ``target``, which must not exist, or copy it synced. Raises OSError."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        copy_synced(source, target)


def copy_synced(source: Path, target: Path) -> None:
    """Copy a file to ``target``, which must not exist, and fsync it. Links are not followed. Raises OSError."""
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as original, open(target, "xb") as copy:
        shutil.copyfileobj(original, copy, 1024 * 1024)
        copy.flush()
        os.fsync(copy.fileno())


def move(source: Path, target: Path) -> None:
    """Move a file or folder to ``target``, also across file systems; after a kill it is complete in one of the places.

    Raises OSError. The move is on disk once both folders are synced.
    """
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV or source.is_symlink():
            raise
        beside = target.with_name(f".{target.name}.partial")
        if source.is_dir():
            shutil.rmtree(beside, ignore_errors=True)
            copy_tree(source, beside)
        else:
            beside.unlink(missing_ok=True)
            copy_synced(source, beside)
        os.rename(beside, target)
        sync_folder(target.parent)
        if source.is_dir():
            shutil.rmtree(source)
        else:
            source.unlink()


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder to ``target``, which must not exist, and fsync all of it. Raises OSError."""
    target.mkdir()
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            copy_tree(Path(entry.path), target / entry.name)
        else:
            copy_synced(Path(entry.path), target / entry.name)
    sync_folder(target)


def sync_tree(folder: Path) -> None:
    """Fsync a folder and all folders below it, but not their files."""
    for where, _, _ in os.walk(folder):
        sync_folder(Path(where))
