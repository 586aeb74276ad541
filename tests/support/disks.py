"""Where tests write: in memory if there is enough, and on a second file system if they need two."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.paths import ROOT

MEMORY = Path("/dev/shm")
_ENOUGH = 4 << 30  # bytes; a run of the suite uses a few hundred MiB at a time
_DISKS = (MEMORY, Path("/var/tmp"), ROOT)


def write_in_memory() -> None:
    """Create temporary folders in memory from now on, in this process and in those it starts.

    Half of the suite's time is spent waiting for the disk: a library syncs every file. Does nothing if memory is short
    or ``TMPDIR`` is set.
    """
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > _ENOUGH:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


@contextmanager
def another_disk(folder: Path) -> Iterator[Path | None]:
    """Yield a folder on another file system than ``folder``, or None if there is no other."""
    device = folder.stat().st_dev
    place = next((disk for disk in _DISKS if os.access(disk, os.W_OK) and disk.stat().st_dev != device), None)
    if place is None:
        yield None
        return
    with tempfile.TemporaryDirectory(dir=place) as disk:
        yield Path(disk)
