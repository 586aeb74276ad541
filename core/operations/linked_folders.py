"""The library's folders as links: its owner moved them to another disk, or a stranger had them lead anywhere."""

from __future__ import annotations

import os
import re
from pathlib import Path

from core.errors import LibraryError
from core.files.library_files import LibraryFiles
from core.storage.journal_paths import is_scratch, is_scratch_file, owner_of
from core.text import sanitize

_TOP = "pending"
_NOBODYS = re.compile(r"lost\+found|\.DS_Store|\.directory|\.Trash-\d+")  # a desktop's or a file system's own


def check_link(root: Path) -> None:
    """Raise LibraryError where ``pending/`` is a link to a folder in which other things lie.

    From there files go to the trash by name, and ``2024_1.jpg`` is one that people give their pictures too. What the
    other three may lead to is safe by itself. Raises OSError where it cannot be read.
    """
    if not os.path.islink(root / _TOP):
        return
    with LibraryFiles(root).folder(_TOP) as folder, os.scandir(folder) as found:
        names = (entry.name for entry in found)
        odd = next((name for name in names if owner_of(name) is None and not _NOBODYS.fullmatch(name)), None)
    if odd is not None:
        raise LibraryError(
            f"{root / _TOP} is a link to {os.path.realpath(root / _TOP)}, where {sanitize(odd, 80)} does not belong to "
            "a library; link it to a folder of its own"
        )


def holds_only_ours(files: LibraryFiles, name: str) -> bool:
    """Tell whether something in ``staging/`` is a folder of ours and all in it ours: others use such names too."""
    if not is_scratch(name):
        return False
    try:
        with files.folder(f"staging/{name}") as folder:
            found = [
                os.path.normpath(f"{where}/{one}")
                for where, folders, names, _ in os.fwalk(".", dir_fd=folder)
                for one in (*folders, *names)
            ]
    except OSError:  # no folder
        return False
    return all(map(is_scratch_file, found))
