"""Library folders that are links: set by the owner to use another disk, or by an attacker to lead anywhere."""

from __future__ import annotations

import os
import re
from pathlib import Path

from core.domain.layout import PENDING, staging_path
from core.errors import LibraryError
from core.files.library_files import LibraryFiles
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
