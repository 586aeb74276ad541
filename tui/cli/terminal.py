"""Terminal features of the command line: a progress line, and stopping at Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_TICK = 0.1  # seconds between two updates of the progress line


def in_browser() -> bool:
    """Return whether ``serve`` started this process, to show the app in a browser."""
    return os.environ.get("TEXTUAL_DRIVER", "").endswith(":PageDriver")


def has_terminal() -> bool:
    """Return whether the app can be shown and used here."""
    return in_browser() or all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


class ProgressLine:
    """A line on standard error that is rewritten in place; silent without a terminal."""

    def __init__(self) -> None:
        self._shown = False
        self._last = 0.0
        self._on = sys.stderr is not None and sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Show a text, which must already be sanitized; skip it if it comes too soon after the last one."""
        now = time.monotonic()
        if self._on and now - self._last >= _TICK:
            self._last, self._shown = now, True
            sys.stderr.write(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Erase the line."""
        if self._shown:
            self._shown, self._last = False, 0.0
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C sets, so that work stops between two steps; a second Ctrl-C interrupts it."""
    cancel = threading.Event()

    def interrupt(*_: object) -> None:
        cancel.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)
