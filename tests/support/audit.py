"""Run Python in a separate process that records everything it opens, starts and unpickles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

_MIB = 1024 * 1024

# An audit hook reports what Python itself does (https://docs.python.org/3/library/audit_events.html). VmHWM, unlike
# ru_maxrss, ignores the memory that the parent had before the fork.
_PRELUDE = """
import json, os, sys
heard = {"opened": [], "started": [], "unpickled": []}
STARTS = {"subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"}
def hook(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        heard["opened"].append([os.fsdecode(args[0]), args[2]])
    elif event in STARTS:
        heard["started"].append(event + " " + repr(args))
    elif event == "pickle.find_class":
        heard["unpickled"].append(list(args))
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
from core import Library, Strategy
import core.images.tasks, core.importing.legacy.database, core.verify
from core.images.decoder import FORMATS
from PIL import Image
Image.init()
args = sys.argv[1:]
sys.addaudithook(hook)
before, answer = peak(), None
"""
_END = """
print(json.dumps({**heard, "grown": peak() - before, "answer": answer}))
"""


@dataclass(frozen=True)
class Watched:
    """What a script did: (path, flags) of opened files, programs started, classes unpickled, memory growth in bytes."""

    opened: list[tuple[str, int]]
    started: list[str]
    unpickled: list[list[str]]
    grown: int
    answer: Any

    @property
    def grown_mib(self) -> float:
        return self.grown / _MIB

    def opened_below(self, folder: Path) -> set[str]:
        """Return the paths opened below ``folder``, relative to it."""
        start = str(folder) + os.sep
        return {path.removeprefix(start) for path, _ in self.opened if path.startswith(start)}


def audited_process(script: str, *args: object, seconds: float = 120) -> Watched:
    """Run ``script``; it has ``Library``, ``Strategy``, its ``args`` as text, and may set ``answer`` to JSON data."""
    found = json.loads(run(_PRELUDE + script + _END, *args, seconds=seconds))
    opened = [(path, flags) for path, flags in found["opened"]]
    return Watched(opened, found["started"], found["unpickled"], found["grown"], found["answer"])


def run(script: str, *args: object, seconds: float = 120) -> str:
    """Run a Python script and return what it printed."""
    command: Sequence[str] = [sys.executable, "-c", script, *map(str, args)]
    # Neither the parent's library nor newly compiled files may interfere.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "MODEL_CURATOR_LIBRARY": ""}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=seconds
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
