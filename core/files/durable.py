"""Writing files that survive a crash."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Add the file name to an OSError raised in the block: writing and syncing raise it without one."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file and fsync it. Its folder entry is not yet on disk: see ``sync_folder``."""
    with _naming(path), open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Fsync a folder's entries."""
    with _naming(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_folder(folder: Path | str, dir_fd: int | None = None) -> None:
    """Remove a folder and its contents, ignoring errors; ``dir_fd`` is the folder that contains it."""
    try:
        shutil.rmtree(folder, ignore_errors=True, dir_fd=dir_fd)
    except OSError as error:
        # If interrupted just after closing a descriptor, rmtree closes it again, and that error hides the interrupt.
        if error.__context__ is not None:
            raise error.__context__ from None
