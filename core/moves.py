"""Moving an operation's files into place so that a kill or a power cut at any point can be taken up again.

The order of steps, and why each is there: a move is still to do only while its source exists; whatever stands at the
target is linked to its keeping place first, so that the target never vanishes for a reader; and the folders are
synced even where a dead process may have done it, because nobody can tell.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from core.files import sync_folder
from core.records import Move


def roll_forward(root: Path, moves: Sequence[Move]) -> list[str]:
    """Make all moves that are still to be made; return the targets whose file is in neither place.

    ``root`` is the library's folder. Raises OSError; calling again goes on where it stopped.
    """
    _make_folders(root, moves)
    lost = [move.dst for move in moves if not _make(root, move)]
    for folder in sorted({(root / path).parent for move in moves for path in (move.src, move.dst)}):
        with suppress(FileNotFoundError):  # the source's folder may be gone once the move was made
            sync_folder(folder)
    return lost


def _make_folders(root: Path, moves: Sequence[Move]) -> None:
    folders = {(root / move.dst).parent for move in moves} | {(root / move.keep).parent for move in moves if move.had}
    made: set[Path] = set()
    for folder in sorted(folders):
        folder.mkdir(parents=True, exist_ok=True)
        made.update(parent for parent in folder.parents if parent == root or root in parent.parents)
    for parent in sorted(made):
        sync_folder(parent)


def _make(root: Path, move: Move) -> bool:
    src, dst, keep = root / move.src, root / move.dst, root / move.keep
    if not os.path.lexists(src):
        return os.path.lexists(dst)
    if os.path.lexists(dst) and not os.path.lexists(keep):
        keep.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(dst, keep, follow_symlinks=False)
        except OSError:  # a file system without links: for a moment the target is not there
            os.rename(dst, keep)
    if os.path.lexists(keep):  # also where a dead process may have put it there: only now may the target go
        sync_folder(keep.parent)
        sync_folder(dst.parent)
    os.replace(src, dst)
    return True
