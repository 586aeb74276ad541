"""The process that ``core.image_apart`` starts: ``python -m core.image_worker TASK [NUMBER …]``, the image on stdin.

Answers ``refused <reason>``, or ``done <size> …`` and, after the line, parts of these sizes in bytes.
"""

from __future__ import annotations

import resource
import sys

from PIL import AvifImagePlugin

from core.errors import ImageRefused
from core.image_apart import SECONDS
from core.image_processor import TASKS, Task
from core.image_structure import MAX_MEMORY, structure


def main() -> None:
    """Do one task on one image."""
    task, *arguments = sys.argv[1:]
    data = sys.stdin.buffer.read()
    with open("/proc/self/statm", "rb") as pages:
        taken = int(pages.read().split()[0]) * resource.getpagesize()
    # The image lies here, in the file it came in, and in the process that waits.
    _limit(resource.RLIMIT_AS, taken + MAX_MEMORY - 3 * len(data))
    _limit(resource.RLIMIT_CPU, SECONDS)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    try:
        parts = TASKS[Task(task)](structure(data), None, *map(int, arguments))
    except ImageRefused as reason:
        sys.stdout.buffer.write(b"refused " + str(reason).encode())
        return
    sys.stdout.buffer.write(f"done {' '.join(str(len(part)) for part in parts)}\n".encode() + b"".join(parts))


def _limit(what: int, most: int) -> None:
    _soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
