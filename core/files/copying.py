"""Bringing whole files from one place to another, by links where the file system allows it, so that a kill loses none.

A hard link is as good as a copy here: no file of ``images/`` or ``pending/`` is ever written to again.
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

_LONGEST = 40  # characters of a target's name in that of a folder beside it


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Give a path beside ``target`` to write a file or folder to, which gets its name once the block has ended well.

    Raises LibraryError where the target is there already, OSError where it cannot get its name.
    """
    if os.path.lexists(target):
        raise LibraryError(f"{target} exists already; a backup overwrites nothing, choose another name")
    # A folder of its own: beside the target anybody may have put a link under a name that can be guessed.
    with TemporaryDirectory(prefix=f".{target.name[:_LONGEST]}.", suffix=".partial", dir=target.parent) as made:
        partial = Path(made) / "whole"
        yield partial
        try:
            if partial.is_dir():
                os.rename(partial, target)  # a folder takes the place of an empty folder only
            else:
                put_new(partial, target)
        except FileExistsError as error:
            raise LibraryError(f"{target} was created meanwhile; a backup overwrites nothing, try again") from error
    sync_folder(target.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """Have the regular file ``source`` at ``target`` too, which must not exist; a copy is synced. Raises OSError."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        copy_synced(source, target)


def copy_synced(source: Path, target: Path) -> None:
    """Copy a file to ``target``, which must not exist, and put it on disk. Links are not followed. Raises OSError."""
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as original, open(target, "xb") as copy:
        shutil.copyfileobj(original, copy, 1024 * 1024)
        copy.flush()
        os.fsync(copy.fileno())


def move(source: Path, target: Path) -> None:
    """Move a file or folder to ``target``, on another file system too; killed, it is whole in one of the two places.

    Raises OSError. What moved is on disk once both folders are synced.
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
    """Copy a folder to ``target``, which must not exist, and put it on disk. Raises OSError."""
    target.mkdir()
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            copy_tree(Path(entry.path), target / entry.name)
        else:
            copy_synced(Path(entry.path), target / entry.name)
    sync_folder(target)


def sync_tree(folder: Path) -> None:
    """Put the entries of a folder, and of all below it, on disk."""
    for where, _, _ in os.walk(folder):
        sync_folder(Path(where))
