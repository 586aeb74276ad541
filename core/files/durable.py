"""Writing files so that they survive a crash."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Have an OSError of the block name the file: one that a write or a sync raises names none."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file and fsync it. The folder's entry for it is not yet on disk: see ``sync_folder``."""
    with _naming(path), open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Put a folder's entries on disk."""
    with _naming(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_folder(folder: Path | str, dir_fd: int | None = None) -> None:
    """Remove a folder with all that is in it, as far as that can be done; ``dir_fd`` is the folder it lies in."""
    try:
        shutil.rmtree(folder, ignore_errors=True, dir_fd=dir_fd)
    except OSError as error:
        # Interrupted just after it closed a descriptor, rmtree closes it again, and the error hides the interrupt.
        if error.__context__ is not None:
            raise error.__context__ from None
