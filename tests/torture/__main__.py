"""Torture: ``python -m tests.torture [part …] [--quick] [--fault NAME]``, or ``make torture`` for everything.

Proves on the product what ``core/operations/journal.py`` promises, with strace from Debian's package. Prints the
figures; the exit code is 1 where anything was bad.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.support.disks import MEMORY
from tests.torture.errors import errors
from tests.torture.fault_detection import bites
from tests.torture.fault_points import points
from tests.torture.faults import FAULTS
from tests.torture.fsync_order import order
from tests.torture.images import images
from tests.torture.interrupts import interrupts
from tests.torture.processes import processes
from tests.torture.restoring import restore_kills
from tests.torture.strace_kills import Lines, kills, recovery_kills, scan_kills, stage_1_kills, undo_kills
from tests.torture.verifying import verify

PARTS: dict[str, Callable[[Path, bool], Lines]] = {
    "kills": kills,
    "undo": undo_kills,
    "recovery": recovery_kills,
    "stage1": stage_1_kills,
    "scans": scan_kills,
    "restore": restore_kills,
    "errors": errors,
    "order": order,
    "points": points,
    "interrupts": interrupts,
    "processes": processes,
    "images": images,
    "verify": verify,
    "faults": bites,
}
_WITHOUT_STRACE = {"points", "interrupts", "processes", "images", "verify"}
_SHOWN = 5


def main() -> int:
    """Run the named parts, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)}; all, if none is named")
    parser.add_argument("--quick", action="store_true", help="only some of the points: minutes instead of half an hour")
    parser.add_argument("--fault", choices=FAULTS, help="of the part faults, only this one")
    arguments = parser.parse_args()
    if arguments.fault:
        PARTS["faults"] = partial(bites, only=arguments.fault)
    if unknown := set(arguments.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if set(arguments.parts or PARTS) - _WITHOUT_STRACE and shutil.which("strace") is None:
        parser.error("strace is needed: apt-get install strace")
    bad = 0
    for part in arguments.parts or PARTS:
        bad += _part(part, arguments.quick)
    print("0 bad" if not bad else f"{bad} BAD")
    return 1 if bad else 0


def _part(part: str, quick: bool) -> int:
    begun, bad = time.monotonic(), 0
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        for line, wrong in PARTS[part](Path(folder), quick):
            print(f"{part}: {line}", flush=True)
            bad += len(wrong)
            for text in wrong[:_SHOWN]:
                print(f"  BAD {text}", flush=True)
    print(f"{part}: {time.monotonic() - begun:.0f} s", flush=True)
    return bad


if __name__ == "__main__":
    raise SystemExit(main())
