"""Scans of many models, each measured in a process of its own beside the bare work that they cannot do without.

A first scan is compared with a walk that opens and reads the same bytes, a second one with ``os.walk`` and ``stat``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.builders import png
from tests.support.model_tree import civitai, put_json, put_model

_FILES_IN_A_FOLDER = 500
_HEADER = 64 * 1024  # bytes that the bare walk reads of a model file, at most

_BARE_WALK = """
for folder, _, names in os.walk(root):
    for name in names:
        os.stat(os.path.join(folder, name))
"""
_BARE_READ = """
for folder, _, names in os.walk(root):
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            file.read(HEADER)
"""
_SCAN = """
from core import Library
with Library.open(library) as opened:
    report = opened.model_folders.scan([root] if first else [])
    found = [report.new, report.known]
"""
_SCRIPT = """
import json, os, resource, sys, time
root, library, first, HEADER = sys.argv[1], sys.argv[2], sys.argv[3] == "first", int(sys.argv[4])
found = None
if "core" in {work!r}:
    from core import Library
    import core.importing.scan.model_folders, core.importing.scan.scanner
began = time.perf_counter()
{work}
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({{"seconds": seconds, "peak": peak, "found": found}}))
"""


def plant(folder: Path, count: int) -> Path:
    """Write ``count`` models; every one has a sidecar, every tenth a picture."""
    root = folder / "models"
    picture = png(1)
    for n in range(count):
        place = root / "loras" / f"{n // _FILES_IN_A_FOLDER:04}"
        put_model(place / f"m{n:06}.safetensors", seed=n)
        put_json(place / f"m{n:06}.civitai.info", civitai(f"Model {n}"))
        if n % 10 == 0:
            (place / f"m{n:06}.png").write_bytes(picture)
    return root


def measure(folder: Path, count: int) -> Mapping[str, float]:
    """Return seconds and peak memory of both scans of ``count`` models, and of the bare work beside them."""
    root, library = plant(folder, count), folder / "library"
    read = min(_run(_BARE_READ, root, library)["seconds"] for _ in range(3))
    first = _run(_SCAN, root, library, "first")
    walk = min(_run(_BARE_WALK, root, library)["seconds"] for _ in range(3))
    again = [_run(_SCAN, root, library, "again") for _ in range(3)]
    assert first["found"] == [count, 0], first
    assert all(one["found"] == [0, count] for one in again), again
    second = min(one["seconds"] for one in again)
    return {
        "first scan, s": first["seconds"],
        "reading the same bytes, s": read,
        "ratio of the first": first["seconds"] / read,
        "second scan, s": second,
        "walk with stat, s": walk,
        "ratio of the second": second / walk,
        "peak of the first, MiB": first["peak"] / 2**20,
        "peak of the second, MiB": again[0]["peak"] / 2**20,
    }


def _run(work: str, root: Path, library: Path, which: str = "") -> dict[str, Any]:
    script = _SCRIPT.format(work=work)
    command = [sys.executable, "-c", script, str(root), str(library), which, str(_HEADER)]
    ended = subprocess.run(command, capture_output=True, check=True, text=True)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def scanning(folder: Path, counts: tuple[int, ...]) -> None:
    """Measure scans of several sizes and print the tables."""
    for count in counts:
        place = folder / str(count)
        place.mkdir()
        began = time.monotonic()
        print(f"\n{count:,} models with sidecars")
        for name, value in measure(place, count).items():
            print(f"  {name:<28}{value:>10.2f}")
        print(f"  (in all {time.monotonic() - began:.0f} s, {os.cpu_count()} cores)")
