"""Shutting down: cleanly if possible, and within a time limit in any case."""

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
_BOUND = 2.0  # seconds that each step of shutting down may take
_BEAT = 0.1  # seconds between two signs of life of a waiting event loop or of a terminal

T = TypeVar("T")


class Shutdown:
    """Forwards signals to the app, and ends the process if the app does not quit.

    A separate thread enforces the time limit, since a blocked event loop can neither receive a signal nor quit. The
    deadline is extended while the event loop waits for data to be stored, and while the terminal accepts output. Ending
    the process after that is safe: the next opening of the library finishes whatever was left open.
    """

    def __init__(self, written: Callable[[], int] = lambda: 0) -> None:
        """``written`` returns how much the terminal has taken so far, in any unit."""
        self._written = written
        self._ask: int | None = None  # write end of a pipe to the thread: signal numbers, or 0 from the app
        self._deadline = 0.0
        self._modes = _modes()  # terminal modes before the app runs
        self.code = 0
        self.begun = False

    def listen(self, leave: Callable[[int], object]) -> None:
        """Start handling termination signals; ``leave`` gets the exit code, in another thread."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)  # the driver's
            signal.signal(number, _in_the_pipe)
        # Python writes to this descriptor as soon as a signal arrives. A handler would have to wait for the main
        # thread, which may be in a long system call.
        signal.set_wakeup_fd(self.watch(leave), warn_on_full_buffer=False)

    def watch(self, leave: Callable[[int], object]) -> int:
        """Start the thread that enforces the time limit; return the descriptor that takes signal numbers."""
        asked, self._ask = os.pipe()
        os.set_blocking(self._ask, False)
        threading.Thread(target=self._watch, args=[leave, asked], name="leaving", daemon=True).start()
        return self._ask

    def begin(self, code: int) -> None:
        """Start the clock: the app is about to quit with this exit code."""
        self.begun, self.code = True, code
        self._move_on()
        if self._ask is not None:
            os.write(self._ask, b"\0")

    async def wait_for(self, stored: Awaitable[T]) -> T:
        """Wait for data that must be stored before the app quits, however long it takes."""
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
            # A closed terminal sends SIGHUP more than once; only a signal after the time limit forces the end.
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
    """Wait for a termination signal, or for the app (0); return 0 after ``timeout`` seconds as well."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([asked], [], [], left)[0]:
            return 0
        number = os.read(asked, 1)[0]
        if not number or number in _SIGNALS:  # other signals arrive here too, such as SIGWINCH
            return number


def _in_the_pipe(_number: int, _frame: object) -> None:
    """Ignore a signal: its number is already in the pipe."""


def _modes() -> list[Any] | None:
    """Return the modes of the terminal, None without one."""
    if sys.__stdin__ is None or sys.__stdin__.closed or not sys.__stdin__.isatty():
        return None
    return termios.tcgetattr(sys.__stdin__)
