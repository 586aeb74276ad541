"""The process that ``isolated`` starts: ``python -m core.images.worker TASK [NUMBER …]``, the image on stdin.

It answers with ``refused <reason>``, with ``unreadable <reason>`` if the image is not at fault, or with
``done <size> …`` and, after that line, parts of these sizes in bytes.
"""

from __future__ import annotations

import mmap
import resource
import sys

from PIL import AvifImagePlugin

from core.errors import ImageRefused, ImageUnreadable
from core.images.isolated import SECONDS
from core.images.structure import MAX_MEMORY, structure
from core.images.tasks import TASKS, Task


def main() -> None:
    """Run one task on one image."""
    task, *arguments = sys.argv[1:]
    data = sys.stdin.buffer.read()
    with open("/proc/self/statm", "rb") as pages:
        taken = int(pages.read().split()[0]) * resource.getpagesize()
    # The image is in memory three times: here, in the file on stdin, and in the waiting process.
    room = MAX_MEMORY - 3 * len(data)
    _limit(resource.RLIMIT_AS, taken + room)
    _limit(resource.RLIMIT_CPU, SECONDS)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    try:
        parts = TASKS[Task(task)](structure(data), None, *map(int, arguments))
    except ImageRefused as reason:
        sys.stdout.buffer.write(_told(reason, room))
        return
    sys.stdout.buffer.write(f"done {' '.join(str(len(part)) for part in parts)}\n".encode() + b"".join(parts))


def _told(reason: ImageRefused, room: int) -> bytes:
    if not _there_is(room):  # some decoders do not report that they failed for lack of memory
        return b"unreadable too little memory to decode it"
    if isinstance(reason, ImageUnreadable):
        return b"refused larger than 512 MiB in memory"
    return b"refused " + str(reason).encode()


def _there_is(room: int) -> bool:
    """Return whether the machine can provide this much memory; an image that ran out then needed even more."""
    _limit(resource.RLIMIT_AS, sys.maxsize)
    try:
        mmap.mmap(-1, room).close()
    except (OSError, MemoryError):
        return False
    return True


def _limit(what: int, most: int) -> None:
    _soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
