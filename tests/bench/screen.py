"""Run a program in a pseudo-terminal and measure when its output became visible.

While the program works, its output is only recorded; it is drawn afterwards, chunk by chunk, to find the first chunk
that met the condition. So watching costs the program nothing.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyte

from tests.support.paths import ROOT

COLUMNS, LINES = 140, 42
_LIST = 60  # columns of the list in each program
_PATIENCE = 60.0
_QUIET = 0.12  # seconds without output after which the recorded output is drawn
_BEGUN = re.compile(rb"\x1b\]0;begun ([\d.]+)\x07")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds from a key to its effect, and seconds of processor time until the program was quiet again."""

    seconds: float
    processor: float


class Screen:
    """One end of a pseudo-terminal with a program at the other."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self._master = master
        self._process = process
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._begun: float | None = None

    @property
    def text(self) -> str:
        """The text on the screen."""
        return "\n".join(self._screen.display)

    def shows(self, *words: str) -> bool:
        """Return whether all of these words are on the screen."""
        text = self.text
        return all(some in text for some in words)

    def ground(self, words: str) -> str:
        """Return the background colour behind words in the list, or an empty string if they are not visible."""
        for y, line in enumerate(self._screen.display):
            if (x := line[:_LIST].find(words)) >= 0:
                return str(self._screen.buffer[y][x].bg)
        return ""

    def cursor_line(self) -> str:
        """Return the line of the list's cursor, or an empty string if there is none."""
        return next((line[:40] for line in self._screen.display if line.startswith("▌")), "")

    def wait(self, condition: Callable[[], object]) -> float:
        """Return the seconds until ``condition`` holds, 0 if it already does."""
        start = time.monotonic()
        return 0.0 if condition() else self._until(condition)[0] - start

    def first_picture(self, condition: Callable[[], object]) -> float:
        """Return the seconds from the program's start, after its Python imports, until ``condition`` holds."""
        seen = self._until(condition)[0]
        if self._begun is None:
            raise TimeoutError("the program never said when it began")
        return seen - self._begun

    def delay(self, keys: str, condition: Callable[[], object]) -> float:
        """Send keys and return the seconds until ``condition`` holds, in a program that is never quiet."""
        return self.delays(keys, condition)[0]

    def delays(self, keys: str, *conditions: Callable[[], object]) -> list[float]:
        """Send keys and return the seconds until each of the conditions holds, one after the other."""
        start = time.monotonic()
        os.write(self._master, keys.encode())
        return [seen - start for seen in self._until(*conditions)]

    def press(self, keys: str, condition: Callable[[], object]) -> Cost:
        """Send keys and wait until ``condition`` holds and the program is quiet again."""
        used = self.processor()
        seconds = self.delay(keys, condition)
        self.settle()
        return Cost(seconds, self.processor() - used)

    def leave(self, keys: str) -> float:
        """Send keys that end the program, and return the seconds until it has ended."""
        start = time.monotonic()
        os.write(self._master, keys.encode())
        while self._process.poll() is None:
            if time.monotonic() - start > _PATIENCE:
                raise TimeoutError(f"it never ended; the screen shows\n{self.text}")
            self._gather()
        return time.monotonic() - start

    def settle(self) -> None:
        """Read until no more output arrives."""
        while chunks := self._gather():
            for _, data in chunks:
                self._draw(data)

    def _until(self, *conditions: Callable[[], object]) -> list[float]:
        deadline = time.monotonic() + _PATIENCE
        seen: list[float] = []
        while time.monotonic() < deadline:
            for moment, data in self._gather():
                self._draw(data)
                while len(seen) < len(conditions) and conditions[len(seen)]():
                    seen.append(moment)
            if len(seen) == len(conditions):
                return seen
            if self._process.poll() is not None:
                raise TimeoutError(f"the program has ended; the screen shows\n{self.text}")
        raise TimeoutError(f"it never came about; the screen shows\n{self.text}")

    def _gather(self) -> list[tuple[float, bytes]]:
        chunks = []
        while select.select([self._master], [], [], _QUIET)[0]:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # how Linux reports that the other end is closed
                break
            chunks.append((time.monotonic(), data))
            if chunks[-1][0] - chunks[0][0] > 0.3:  # a program that is never quiet
                break
        return chunks

    def _draw(self, data: bytes) -> None:
        if found := _BEGUN.search(data):
            self._begun = float(found[1])
        self._stream.feed(data)

    def processor(self) -> float:
        """Return the seconds of processor time that the program has used."""
        used = 0
        for task in Path(f"/proc/{self._process.pid}/task").iterdir():
            used += int((task / "schedstat").read_text().split()[0])
        return used / 1e9

    def queued(self) -> float:
        """Return the seconds that the program's main thread, which draws, has waited for a core."""
        return int(Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[1]) / 1e9

    def memory(self) -> float:
        """Return the program's resident memory in MiB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def running(*arguments: str) -> Iterator[Screen]:
    """Run one of the programs of ``tests.bench.start`` in its own terminal; kill it afterwards."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "HOME") if name in os.environ}
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.start", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env={**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
        )
    finally:
        os.close(slave)
    try:
        yield Screen(master, process)
    finally:
        process.kill()
        process.wait()
        os.close(master)
