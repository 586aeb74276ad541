"""Uses of Textual beyond its public interface, each with its reason."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import select
import signal
import struct
import sys
import termios
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

import textual.screen
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.widget import Widget

from tui.messages import TerminalLost
from tui.replies import ReplyFilter

if TYPE_CHECKING:
    from PIL.Image import Image

_TICK = 0.1  # seconds after which a lone escape counts as the key
_READ = 4096  # bytes
_PIECE = 16 * 1024  # characters per write
_SWITCH_INTERVAL = 0.001  # seconds that another thread may hold the interpreter before the thread that draws gets it
_UPDATE_PERIOD = 0.001  # seconds between two repaints; Textual's 1/60 s is noticeable while a key is held down


class TerminalDriver(LinuxDriver):
    """Textual's driver, except that losing the terminal makes the app quit instead of blocking it.

    Textual's writer thread dies at the first failed write. Its queue holds 30 writes; the 31st blocks the event loop
    forever. The thread is ``_writer_thread`` and writes to ``_file``: neither has a public counterpart.
    """

    def __init__(self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: Any = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert self._file is not None
        self._output = _Output(self._file, self._lose)
        self._file = self._output  # type: ignore[assignment]
        # Textual resumes at every SIGCONT, and starts a second writer and reader if the app was not suspended: the
        # kernel sends SIGCONT with SIGHUP. It also suspends in the signal handler, where a lock may be held. The loop's
        # own handlers need Python's wakeup descriptor, which is taken by the leaving thread (`leaving.py`).
        loop = asyncio.get_running_loop()
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
        signal.signal(signal.SIGTSTP, lambda _number, _frame: loop.call_soon_threadsafe(self._suspend))

    @property
    def app(self) -> App[Any]:
        """The app this driver belongs to."""
        return self._app

    @property
    def written(self) -> int:
        """Return how many pieces of output the terminal has taken."""
        return self._output.written

    def write(self, data: str) -> None:
        """Write data; drop it if no writer is running, as while suspended."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)

    def run_input_thread(self) -> None:
        """Read input until stopped; its end means that the terminal is lost, where Textual would read on forever."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        replies = ReplyFilter()
        while not self.exit_event.is_set():
            if select.select([self.fileno], [], [], _TICK)[0]:
                try:
                    data = os.read(self.fileno, _READ)
                except OSError:
                    data = b""
                if not data:
                    self._lose()
                    return
                for event in parser.feed(replies.without(decode(data))):
                    self.process_message(event)
            for event in parser.tick():
                self.process_message(event)

    def start_application_mode(self) -> None:
        """Take over the terminal; annotated, unlike Textual's method."""
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def _suspend(self) -> None:
        """Release the terminal and stop the process; resume once it is continued in the foreground."""
        self.suspend_application_mode()
        self._must_signal_resume = True  # cleared by a successful start, which then notifies the app
        os.kill(os.getpid(), signal.SIGSTOP)
        while self._must_signal_resume and not self._output.lost:
            self.resume_application_mode()

    def _lose(self) -> None:
        self._output.drop()
        self.send_message(TerminalLost())


class _Output:
    """A terminal to write to; once it is lost, which is reported once, output is dropped."""

    def __init__(self, file: IO[str], lose: Callable[[], None]) -> None:
        self._file = file
        self._lose = lose
        self.lost = False
        self.written = 0

    def write(self, text: str) -> None:
        for start in range(0, len(text), _PIECE):
            self._try(self._file.write, text[start : start + _PIECE])
            self.written += 1

    def flush(self) -> None:
        self._try(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def drop(self) -> None:
        """Lose the terminal: what the file still buffers goes nowhere.

        Python flushes it at its end, and turns the exit code into 120 if that fails.
        """
        self.lost = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._file.fileno(), inheritable=True)
        os.close(nowhere)

    def _try(self, act: Callable[..., object], *arguments: str) -> None:
        if self.lost:
            return
        try:
            act(*arguments)
        except OSError:
            self._lose()


def written(app: App[Any]) -> int:
    """Return how many pieces of output the app's terminal has taken; ``_driver`` has no public counterpart."""
    driver = app._driver
    return driver.written if isinstance(driver, TerminalDriver) else 0


def crash_of(app: App[Any]) -> BaseException | None:
    """Return the exception that ended the app, None after a regular end; Textual only prints it."""
    return app._exception


def write_to_terminal(app: App[Any], data: str) -> None:
    """Write to the app's terminal, bypassing the compositor, as pictures require; drop data without a terminal."""
    driver = app._driver
    if driver is not None:
        driver.write(data)


def cell_size() -> tuple[int, int]:
    """Return width and height of a cell in pixels as they are now, since a font can be zoomed.

    Where the system does not know them, they are those that textual-image measured at the start; it has no public
    function for it.
    """
    from textual_image._terminal import get_cell_size  # noqa: PLC0415 - asks the terminal, not needed for half cells

    told = b""
    with suppress(OSError, ValueError, AttributeError):
        told = fcntl.ioctl(sys.__stdout__.fileno(), termios.TIOCGWINSZ, bytes(8))  # type: ignore[union-attr]
    rows, columns, width, height = struct.unpack("HHHH", told or bytes(8))
    if 0 not in (rows, columns) and width >= columns and height >= rows:
        return width // columns, height // rows
    cell = get_cell_size()
    return cell.width, cell.height


def sixels(image: Image) -> str:
    """Return a picture with a palette as Sixel data; textual-image's public way scales it and chooses other colours."""
    from textual_image._sixel import image_to_sixels  # noqa: PLC0415 - not needed for half cells

    return image_to_sixels(image)


def repaint_quickly() -> None:
    """Shorten Textual's pause between two repaints for the whole process; it has no setting for it."""
    textual.screen.UPDATE_PERIOD = _UPDATE_PERIOD  # type: ignore[misc]


def after_refresh(widget: Widget, call: Callable[[], object]) -> None:
    """Call after the next refresh, when sizes are known, unless the widget's screen is closed by then.

    Textual calls what it was given while it removes a closed screen's widgets one by one.
    """

    def guarded() -> None:
        if widget.is_attached and widget.screen in widget.app.screen_stack:
            call()

    widget.call_after_refresh(guarded)


def favour_drawing() -> None:
    """Shorten the time slice of threads for the whole process, so that background work does not delay keys."""
    sys.setswitchinterval(_SWITCH_INTERVAL)


def freeze_objects() -> None:
    """Freeze long-lived objects so that full collections do not block key handling."""
    gc.freeze()
