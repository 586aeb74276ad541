"""The library's top-level folders: created, locked, and checked if they are links.

The owner links them to use another disk; an attacker could have them lead anywhere.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from core.domain.layout import FOLDERS, IMAGES, PENDING, staging_path
from core.errors import LibraryError
from core.files.library_files import LibraryFiles
from core.locks.library_lock import LibraryLock
from core.locks.waiting import OnWait
from core.storage.journal_paths import is_scratch, is_scratch_file, owner_of
from core.text import sanitize

_NOBODYS = re.compile(r"lost\+found|\.DS_Store|\.directory|\.Trash-\d+")  # created by desktops or file systems


def check_link(root: Path) -> None:
    """Raise LibraryError if ``pending/`` is a link to a folder that also holds other files.

    Files in it go to the trash by name, and people name their own pictures ``2024_1.jpg`` too. The other three folders
    are safe without this check. Raises OSError if the folder cannot be read.
    """
    if not os.path.islink(root / PENDING):
        return
    with LibraryFiles(root).folder(PENDING) as folder, os.scandir(folder) as found:
        names = (entry.name for entry in found)
        odd = next((name for name in names if owner_of(name) is None and not _NOBODYS.fullmatch(name)), None)
    if odd is not None:
        raise LibraryError(
            f"{root / PENDING} is a link to {os.path.realpath(root / PENDING)}, where {sanitize(odd, 80)} does not "
            "belong to a library; link it to a folder of its own"
        )


def holds_only_ours(files: LibraryFiles, name: str) -> bool:
    """Return whether ``name`` in ``staging/`` is a folder that holds only our files: others use such names too."""
    if not is_scratch(name):
        return False
    try:
        with files.folder(staging_path(name)) as folder:
            found = [
                os.path.normpath(f"{where}/{one}")
                for where, folders, names, _ in os.fwalk(".", dir_fd=folder)
                for one in (*folders, *names)
            ]
    except OSError:  # not a folder
        return False
    return all(map(is_scratch_file, found))


def lost_folders(root: Path) -> str:
    """Return in a sentence which folders of an existing library have to be created anew."""
    lost = [name for name in (IMAGES, PENDING) if not os.path.lexists(root / name)]
    if not lost:
        return ""
    return (
        f"{' and '.join(f'{name}/' for name in lost)} did not exist and had to be created; if the files are on "
        "another disk, remove the empty folder, then mount the disk or link to it"
    )


def acquire(root: Path, on_wait: OnWait) -> LibraryLock:
    """Create the library's folders, and acquire its lock."""
    try:
        for name in FOLDERS:
            (root / name).mkdir(parents=True, exist_ok=True)
        check_link(root)
        return LibraryLock(root, on_wait)
    except (FileExistsError, NotADirectoryError) as error:
        if error.filename and os.path.islink(error.filename) and not os.path.exists(error.filename):
            raise LibraryError(
                f"{error.filename} is a link to a folder that does not exist; mount its disk, or fix the link"
            ) from error
        raise LibraryError(f"{error.filename} is not a folder; choose another library location") from error
    except OSError as error:
        raise LibraryError(
            f"the library folder {root} cannot be written ({error.strerror}); "
            "fix its permissions or choose another folder"
        ) from error
