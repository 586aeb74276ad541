"""Run the program in a pseudo-terminal, with a model of the screen that its output draws."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyte

from tests.support.paths import ROOT

PATIENCE = 30.0  # seconds until a wait counts as failed


class Terminal:
    """One end of a pseudo-terminal: keys go in, ``bytes`` is all output so far."""

    def __init__(self, master: int, process: subprocess.Popen[bytes], columns: int, lines: int) -> None:
        self._master = master
        self.process = process
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.bytes = b""

    @property
    def text(self) -> str:
        """The text on the screen."""
        rows = (self._screen.buffer[y] for y in range(self._screen.lines))
        return "\n".join("".join(row[x].data for x in range(self._screen.columns)) for row in rows)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        set_size(self._master, columns, lines)
        self._screen.resize(lines, columns)
        os.kill(self.process.pid, signal.SIGWINCH)

    def see(self, words: str) -> None:
        """Read until ``words`` are on the screen."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.text:
            assert time.monotonic() < deadline, f"{words!r} never came; the screen shows\n{self.text}"
            assert self._read(), f"it ended without {words!r}:\n{self.bytes[-2000:].decode(errors='replace')}"

    def end(self) -> int:
        """Read until the program has ended, and return its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < deadline, f"it never ended; the screen shows\n{self.text}"
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Close the window: the kernel sends SIGHUP and SIGCONT if the terminal is a controlling one."""
        os.close(self._master)
        self._master = -1

    def release(self) -> None:
        """Close the terminal if it is still open."""
        if self._master >= 0:
            self.close()

    def blank(self) -> None:
        """Clear the screen, as a shell that writes over it does."""
        self._screen.reset()

    @property
    def echoes(self) -> bool:
        """Whether the terminal echoes input, reads whole lines and sends signals, as it did before the program."""
        flags: int = termios.tcgetattr(self._master)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON and flags & termios.ISIG)

    def wait(self, condition: Callable[[], object]) -> None:
        """Read until a condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"it never was; the screen shows\n{self.text}"
            self._read()

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 0.05)
        if not ready:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # how Linux reports that the other end is closed
            return False
        self.bytes += data
        self._stream.feed(data)
        return bool(data)


def stopped(process: subprocess.Popen[bytes]) -> bool:
    """Return whether a process is stopped, as after Ctrl-Z in a shell."""
    state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


def set_size(descriptor: int, columns: int, lines: int) -> None:
    """Set a terminal's size in cells."""
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def environment(**more: str) -> Mapping[str, str]:
    """Return a minimal environment for the program: a true-colour terminal, and none of our settings."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", **more}


@contextmanager
def terminal(
    *arguments: str,
    home: Path,
    columns: int = 120,
    lines: int = 40,
    script: str = "",
    controlling: bool = False,
    **more: str,
) -> Iterator[Terminal]:
    """Run the program, or a script, in its own terminal with ``more`` in its environment; kill it at the end.

    A ``controlling`` terminal sends signals, as the window of a terminal emulator does.
    """
    master, slave = pty.openpty()
    set_size(slave, columns, lines)
    # The first terminal that a session leader opens becomes its controlling terminal.
    opening = ["sh", "-c", 'exec "$@" <>"$0" >&0 2>&0', os.ttyname(slave)] if controlling else []
    try:
        process = subprocess.Popen(
            [*opening, sys.executable, *(["-c", script] if script else ["-m", "tui"]), *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env=environment(HOME=str(home), **more),
            start_new_session=True,
        )
    finally:
        os.close(slave)
    seen = Terminal(master, process, columns, lines)
    try:
        yield seen
    finally:
        process.kill()
        process.wait()
        seen.release()
