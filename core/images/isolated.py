"""Image work in a separate process, for decoders that can only be limited from outside.

The process may grow by 512 MiB, which includes the caller's copy of the image's bytes, and use 10 s of CPU time. It is
killed on cancellation. Starting it takes about 0.1 s.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

from core.errors import Cancelled, ImageRefused, ImageUnreadable, LibraryError

SECONDS = 10
_LOOK = 0.1  # seconds between two checks of the cancel event


def run_apart(task: str, data: bytes, arguments: Sequence[int], cancel: threading.Event | None) -> list[bytes]:
    """Run the named task on ``data`` in ``core.images.worker``, and return its result.

    Raises ImageRefused, Cancelled. ImageUnreadable, and LibraryError if the process cannot be started or ends early, do
    not mean that the image is at fault.
    """
    command = [sys.executable, "-P", "-m", "core.images.worker", task, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        with open(os.memfd_create("image"), "w+b") as file:
            file.write(data)
            file.seek(0)
            # a separate process group: only this process should receive and handle a Ctrl-C in the terminal
            process = subprocess.Popen(  # noqa: S603 - ourselves
                command,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                process_group=0,
            )
    except OSError as error:
        raise LibraryError(f"no process can be started to decode an image ({os.strerror(error.errno or 0)})") from error
    with process:
        try:
            answer = _answer(process, cancel)
        except BaseException:
            process.kill()
            raise
    return _parts(answer, process.returncode)


def _answer(process: subprocess.Popen[bytes], cancel: threading.Event | None) -> bytes:
    while True:
        if cancel is not None and cancel.is_set():
            raise Cancelled("cancelled; nothing was left unfinished")
        try:
            return process.communicate(timeout=_LOOK)[0]
        except subprocess.TimeoutExpired:
            continue


def _parts(answer: bytes, code: int) -> list[bytes]:
    if code == -signal.SIGXCPU:
        raise ImageRefused(f"takes more than {SECONDS} s to decode")
    if code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL):
        raise ImageRefused("damaged or cut short")
    head, _, rest = answer.partition(b"\n")
    said, _, text = head.decode().partition(" ")
    if said == "refused":
        raise ImageRefused(text)
    if said == "unreadable":
        raise ImageUnreadable(text)
    if code or said != "done":
        raise LibraryError("the process that decodes an image ended early; nothing was changed, try again")
    parts = []
    for size in map(int, text.split()):
        parts.append(rest[:size])
        rest = rest[size:]
    return parts
