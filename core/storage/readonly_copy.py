"""Temporary copy of the library's database, used where SQLite cannot read it in place: on a read-only mount.

SQLite keeps an index of the write-ahead log (``-shm``) beside the database and must be able to write it even to read
(https://www.sqlite.org/wal.html#read_only_databases).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path

from core.errors import LibraryError
from core.files.safe_open import stamp_of_stat

_TRIES = 5


class ReadOnlyCopy:
    """A private folder with a copy of one database; ``close`` removes it."""

    def __init__(self, source: Path) -> None:
        """Copy database and write-ahead log. Raises LibraryError if they cannot be read or keep changing."""
        folder = tempfile.mkdtemp(prefix="model-curator-")
        self.path = Path(folder) / source.name
        self._remove = weakref.finalize(self, _remove, folder, os.getpid())
        try:
            self._copy(source)
        except OSError as error:
            self._remove()
            name = error.filename or source
            raise LibraryError(f"the library's database cannot be read: {name} ({error.strerror})") from error
        except LibraryError:
            self._remove()
            raise

    def _copy(self, source: Path) -> None:
        parts = [source, source.with_name(source.name + "-wal")]
        for _ in range(_TRIES):
            before = [_stamp(part) for part in parts]
            for part, stamp in zip(parts, before, strict=True):
                target = self.path.with_name(part.name)
                target.unlink(missing_ok=True)
                if stamp is not None or part == source:  # a restore removes it for a moment: then this raises
                    shutil.copyfile(part, target)
            if before == [_stamp(part) for part in parts]:
                return
        raise LibraryError(f"the library's database {source} changes while it is read; try again in a moment")

    def close(self) -> None:
        """Remove the copy."""
        self._remove()


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # the child of a fork must not remove its parent's copy
        shutil.rmtree(folder, ignore_errors=True)


def _stamp(path: Path) -> str | None:
    return stamp_of_stat(os.stat(path)) if path.exists() else None
