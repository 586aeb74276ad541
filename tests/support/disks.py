"""Where tests write: in memory where there is enough, and on another file system than that where they need two."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.paths import ROOT

MEMORY = Path("/dev/shm")
_ENOUGH = 4 << 30  # bytes; a run of the suite has some hundred MiB at once
_DISKS = (MEMORY, Path("/var/tmp"), ROOT)


def write_in_memory() -> None:
    """Have temporary folders made in memory from now on, and by the programs that are started.

    Half of the suite's time is waiting for the disk: a library syncs every file. Does nothing where memory is short,
    or where ``TMPDIR`` says otherwise.
    """
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > _ENOUGH:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


@contextmanager
def another_disk(folder: Path) -> Iterator[Path | None]:
    """Give a folder on another file system than ``folder``; None where there is none."""
    device = folder.stat().st_dev
    place = next((disk for disk in _DISKS if os.access(disk, os.W_OK) and disk.stat().st_dev != device), None)
    if place is None:
        yield None
        return
    with tempfile.TemporaryDirectory(dir=place) as disk:
        yield Path(disk)
