"""The library's ``pending/`` as a link: its owner moved it to another disk, or a stranger had it lead anywhere."""

from __future__ import annotations

import os
import re
from pathlib import Path

from core.errors import LibraryError
from core.files.library_files import LibraryFiles
from core.storage.journal_paths import owner_of
from core.text import plain

_TOP = "pending"
_NOBODYS = re.compile(r"\..*|lost\+found", re.DOTALL)  # a desktop's or a file system's own


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
            f"{root / _TOP} is a link to {os.path.realpath(root / _TOP)}, where {plain(odd, 80)} is no part of a "
            "library; have it lead to a folder of its own"
        )
