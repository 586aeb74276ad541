"""Measure what images cost: ``python -m tests.support.image_costs FILE …`` prints a line of JSON for each."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import ImageRefused
from core.images.tasks import check_image, encode_tiers, thumbnail
from tests.support.image_bombs.pieces import encoded
from tests.support.paths import ROOT

_MIB = 1 << 20
MOST_MIB, MOST_SECONDS = 512, 10
_LIMITS = {resource.RLIMIT_AS: 3072 * _MIB, resource.RLIMIT_CPU: 1200}  # no image may exhaust the machine


@dataclass(frozen=True)
class Costs:
    """Why an image was refused, the memory it took above the process's own, and its longest step on one core."""

    refused: str | None
    mib: float
    seconds: float


def costs(files: Sequence[Path]) -> list[Costs]:
    """Check each file, encode its tiers and make a thumbnail, all in one new process."""
    command = [sys.executable, "-m", "tests.support.image_costs", *map(str, files)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return [Costs(**json.loads(line)) for line in answer.stdout.splitlines()]


def _peak() -> float:
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def _measured(files: Sequence[str]) -> Iterator[Costs]:
    for what, most in _LIMITS.items():
        resource.setrlimit(what, (most, resource.getrlimit(what)[1]))
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        encode_tiers(encoded(kind))
    for file in files:
        data = Path(file).read_bytes()
        with open("/proc/self/clear_refs", "w", encoding="ascii") as clear:
            clear.write("5")  # reset VmHWM
        before = _peak() - len(data) / _MIB
        refused, seconds, children = None, 0.0, resource.getrusage(resource.RUSAGE_CHILDREN)
        for work in (check_image, encode_tiers, lambda data: thumbnail(data, 300, 300)):
            begun = _seconds()
            try:
                work(data)
            except ImageRefused as reason:
                refused = str(reason)
            seconds = max(seconds, _seconds() - begun)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        apart = after.ru_maxrss / 1024 if after.ru_utime > children.ru_utime else 0
        yield Costs(refused, _peak() - before + apart, seconds)


def _seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    for found in _measured(sys.argv[1:]):
        print(json.dumps(asdict(found)), flush=True)
