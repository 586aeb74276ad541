"""Moving an operation's files into place; the moves can be resumed after a kill or a power cut at any point.

The order of steps and its reasons: a move remains to be made only while its source exists; an existing target is first
linked to its backup, so that it never disappears for a reader; and the folders are synced even if a dead process may
have done so, because that cannot be known.
"""

from __future__ import annotations

import stat
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from core.domain.operations import Move
from core.errors import LibraryError
from core.files.library_files import LibraryFiles, split


def check_moves(root: Path, moves: Sequence[Move]) -> None:
    """Raise LibraryError if a move is bound to fail, as far as that can be detected before anything is changed."""
    files = LibraryFiles(root)
    for folder in sorted({split(path)[0] for move in moves for path in (move.source, move.target, move.backup)}):
        if reason := files.obstacle(folder):
            raise LibraryError(f"{reason}; nothing was changed")
    for move in moves:
        if not files.exists(move.source):
            raise LibraryError(f"{move.source} disappeared from the library; nothing was changed, try again")
    _check_room(files, moves)


def _check_room(files: LibraryFiles, moves: Sequence[Move]) -> None:
    """Raise LibraryError if files that must be copied to another file system do not fit there."""
    needed: defaultdict[str, int] = defaultdict(int)
    tops = {path.split("/", 1)[0] for move in moves for path in (move.source, move.target, move.backup)}
    disks = {top: files.disk(top) for top in tops}
    for src, dst in [(m.source, m.target) for m in moves] + [(m.target, m.backup) for m in moves]:
        from_top, to_top = src.split("/", 1)[0], dst.split("/", 1)[0]
        found = None if disks[from_top].device == disks[to_top].device else files.stat(src)
        if found is None:
            continue
        if not stat.S_ISREG(found.st_mode):
            raise LibraryError(
                f"{src} is not a regular file and cannot go to the disk of {to_top}/; nothing was changed"
            )
        needed[to_top] += found.st_size
        if needed[to_top] > disks[to_top].free:
            raise LibraryError(f"the disk of {files.root / to_top} is full; free some space there; nothing was changed")


def roll_forward(root: Path, moves: Sequence[Move]) -> list[str]:
    """Make all remaining moves; return the targets whose file exists neither at the source nor at the target.

    ``root`` is the library's folder. Raises OSError; calling it again resumes where it stopped.
    """
    files = LibraryFiles(root)
    _make_folders(files, moves)
    lost = [move.target for move in moves if not _make(files, move)]
    for folder in sorted({split(path)[0] for move in moves for path in (move.source, move.target)}):
        with suppress(FileNotFoundError):  # the source's folder may have been removed after the move
            files.sync(folder)
    return lost


def _make_folders(files: LibraryFiles, moves: Sequence[Move]) -> None:
    folders = {split(move.target)[0] for move in moves} | {split(move.backup)[0] for move in moves if move.replaces}
    made: set[str] = set()
    for folder in sorted(folders):
        files.make(folder)
        parts = folder.split("/")
        made.update("/".join(parts[:depth]) or "." for depth in range(len(parts)))
    for parent in sorted(made):
        files.sync(parent)


def _make(files: LibraryFiles, move: Move) -> bool:
    if not files.exists(move.source):
        return files.exists(move.target)
    if _is_displaced(files, move):
        files.make(split(move.backup)[0])
        files.keep(move.target, move.backup)
    if files.exists(move.backup):  # even if a dead process created it: only now may the target be replaced
        files.sync(split(move.backup)[0])
        files.sync(split(move.target)[0])
    files.move(move.source, move.target)
    return True


def _is_displaced(files: LibraryFiles, move: Move) -> bool:
    """Return whether a file at the target still has to be backed up."""
    if not files.exists(move.target) or files.exists(move.backup):
        return False
    # A dead process may have copied the file to another file system without removing the source.
    return move.replaces or not files.same(move.source, move.target)
