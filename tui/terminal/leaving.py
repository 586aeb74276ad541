"""The end of the process: in good order where that is possible, and within a bound in any case."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from tui.config.log_file import LOGGER

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_BOUND = 2.0  # seconds that each part of leaving may take
_BEAT = 0.1  # seconds between two signs of life, of an event loop that waits or of a terminal

T = TypeVar("T")


class Shutdown:
    """Passes signals on to the app, and ends the process where the app does not.

    A thread of its own keeps the bound, since a blocked event loop can neither take a signal nor leave. The deadline
    moves on while the event loop waits for something to be stored, and while the terminal takes output. Ending the
    process then is safe: the library's next opening finishes whatever was left open.
    """

    def __init__(self, written: Callable[[], int] = lambda: 0) -> None:
        """``written`` returns how much the terminal has taken so far, in any unit."""
        self._written = written
        self._ask: int | None = None  # the end of a pipe to the thread, for numbers of signals; 0 is the app itself
        self._deadline = 0.0
        self._modes = _modes()  # as they are before the app runs
        self.code = 0
        self.begun = False

    def listen(self, leave: Callable[[int], object]) -> None:
        """Take the signals that end a program from now on; ``leave`` gets the exit code, in another thread."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)  # the driver's
            signal.signal(number, _in_the_pipe)
        # Python writes there the moment a signal comes. A handler would have to wait for the main thread, which may be
        # in a long system call.
        signal.set_wakeup_fd(self.watch(leave), warn_on_full_buffer=False)

    def watch(self, leave: Callable[[int], object]) -> int:
        """Start the thread that keeps the bound; return the descriptor where it takes the numbers of signals."""
        asked, self._ask = os.pipe()
        os.set_blocking(self._ask, False)
        threading.Thread(target=self._watch, args=[leave, asked], name="leaving", daemon=True).start()
        return self._ask

    def begin(self, code: int) -> None:
        """Start the clock: the app is about to leave with this exit code."""
        self.begun, self.code = True, code
        self._move_on()
        if self._ask is not None:
            os.write(self._ask, b"\0")

    async def wait_for(self, stored: Awaitable[T]) -> T:
        """Wait for what must be stored before the app leaves, however long it takes."""
        task = asyncio.ensure_future(stored)
        while not task.done():
            self._move_on()
            await asyncio.wait([task], timeout=_BEAT)
        self._move_on()
        return task.result()

    def _move_on(self) -> None:
        self._deadline = time.monotonic() + _BOUND

    def _watch(self, leave: Callable[[int], object], asked: int) -> None:
        number = _next(asked, None)
        began = time.monotonic()
        if number:
            self._move_on()
            self.code = 128 + number
            leave(self.code)
        written = self._written()
        while time.monotonic() < self._deadline:
            if written != (written := self._written()):  # a slow terminal is not a stuck one
                self._move_on()
            # A closed terminal sends SIGHUP more than once; only a signal after the bound asks for more.
            if (again := _next(asked, _BEAT)) and time.monotonic() - began > _BOUND:
                self.code = 128 + again
                break
        self._end()

    def _end(self) -> None:
        """End the process without waiting for its threads."""
        names = ", ".join(sorted(thread.name for thread in threading.enumerate() if not thread.daemon))
        LOGGER.critical("the process was ended without waiting for its threads (%s)", names)
        if self._modes is not None:
            with suppress(termios.error):
                termios.tcsetattr(sys.__stdin__, termios.TCSANOW, self._modes)  # type: ignore[arg-type]
        os._exit(self.code)


def _next(asked: int, timeout: float | None) -> int:
    """Wait for a signal that ends a program, or for the app (0); return 0 after ``timeout`` seconds as well."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([asked], [], [], left)[0]:
            return 0
        number = os.read(asked, 1)[0]
        if not number or number in _SIGNALS:  # others come along, such as that of a new size
            return number


def _in_the_pipe(_number: int, _frame: object) -> None:
    """Take a signal and do nothing: its number is in the pipe already."""


def _modes() -> list[Any] | None:
    """Return the modes of the terminal, None without one."""
    if sys.__stdin__ is None or sys.__stdin__.closed or not sys.__stdin__.isatty():
        return None
    return termios.tcgetattr(sys.__stdin__)
