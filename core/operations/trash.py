"""Removal of old files from the trash."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.domain.layout import TRASH, trash_path
from core.files.library_files import LibraryFiles
from core.operations.journal import Journal, Staging
from core.storage import LibraryDatabase, journal_rows
from core.storage.journal_paths import is_trashed

_DAY = 24 * 3600 * 1000  # ms


@dataclass(frozen=True, slots=True)
class TrashLimits:
    """Limits of the trash: days to keep an operation's files, and total bytes above which the oldest are removed."""

    days: float = 30
    max_bytes: int = 2 * 1024**3


class Trash:
    """The library's ``trash/``, with a folder for each operation. Only folders of closed operations are removed."""

    def __init__(self, store: LibraryDatabase, journal: Journal, root: Path) -> None:
        self._store = store
        self._journal = journal
        self._files = LibraryFiles(root)

    def purge(self, limits: TrashLimits) -> int:
        """Remove the files of operations that exceed the limits; return the number of these operations."""
        if not self._over(limits):
            return 0
        # With no open entry and the write lock held these files are unused; the slow removal happens afterwards.
        with self._journal.staging() as staging:
            with self._journal.exclusive():
                over = self._over(limits)
                for op in over:
                    self._drop(op, staging)
            return len(over)

    def _drop(self, op: str, staging: Staging) -> None:
        staging.make()
        try:
            self._files.rename(trash_path(op), f"{staging.relative}/{op}")
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._files.remove_tree(trash_path(op))

    def _over(self, limits: TrashLimits) -> Sequence[str]:
        with self._store.read() as db:
            known = journal_rows.closed_operations(db)
        there = self._files.listed(TRASH)
        kept = [(op, at, size) for op, at in known if op in there and (size := self._bytes(op)) is not None]
        deadline = time.time_ns() // 1_000_000 - limits.days * _DAY
        excess = sum(size for _, _, size in kept) - limits.max_bytes
        over: list[str] = []
        for op, at, size in kept:  # oldest first
            if at < deadline or excess > 0:
                over.append(op)
                excess -= size
        return over

    def _bytes(self, op: str) -> int | None:
        """Return the size of an operation's files, or None if there are foreign ones: trash/ may link to anywhere."""
        with self._files.folder(trash_path(op)) as folder, os.scandir(folder) as listed:
            found = list(listed)
            if not all(is_trashed(entry.name) for entry in found):
                return None
            return sum(entry.stat(follow_symlinks=False).st_size for entry in found)
