"""A pseudo-terminal to run a program in, with configurable answers to terminal queries."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.paths import ROOT

PATIENCE = 30.0  # seconds until a wait counts as failed

KITTY_QUERY = b"AAAA\x1b\\"
NAME = b"\x1b[>q"
COLOUR = b"\x1bP$qm\x1b\\"
ATTRIBUTES = b"\x1b[c"
ALIVE = b"\x1b[5n"

PLAIN = {ATTRIBUTES: b"\x1b[?62;22c", ALIVE: b"\x1b[0n"}
SIXEL = {ATTRIBUTES: b"\x1b[?62;4;22c", ALIVE: b"\x1b[0n"}


@dataclass
class FakeTerminal:
    """One end of a pseudo-terminal; ``seen`` is all output of the program at the other end."""

    answers: Mapping[bytes, bytes]
    kitty: bool = False
    delay: float = 0.0  # seconds until an answer is sent
    size: tuple[int, int, int, int] = (40, 120, 1200, 800)  # rows, columns, and pixels across and down
    environ: Mapping[str, str] = field(default_factory=dict)
    seen: bytes = b""
    _looked: int = 0
    _due: list[tuple[float, bytes]] = field(default_factory=list)
    _master: int = -1

    @contextmanager
    def running(self, code: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run Python code in this terminal."""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *self.size))
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "PYTHONPATH")}
        child = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env={**kept, "TERM": "xterm-256color", **self.environ},
            start_new_session=True,
        )
        os.close(slave)
        try:
            yield child
        finally:
            child.kill()
            child.wait()
            os.close(self._master)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def until(self, words: bytes, count: int = 1) -> None:
        """Read and answer until ``words`` have been written ``count`` times."""
        deadline = time.monotonic() + PATIENCE
        while self.seen.count(words) < count:
            assert time.monotonic() < deadline, f"{words!r} never came; the end of it was {self.seen[-600:]!r}"
            assert self._pump(), f"ended without {words!r}: {self.seen[-3000:].decode(errors='replace')}"

    def wait(self, condition: Callable[[], object]) -> None:
        """Read and answer until a condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"it never was; the end of it was {self.seen[-600:]!r}"
            self._pump()

    def finish(self, child: subprocess.Popen[bytes]) -> int:
        """Read and answer until the program ends; return its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._pump():
            assert time.monotonic() < deadline, f"never ended: {self.seen[-600:]!r}"
        return child.wait(PATIENCE)

    def _pump(self) -> bool:
        """Send due answers and read output, waiting a moment for it; return False once the other end is closed."""
        while self._due and self._due[0][0] <= time.monotonic():
            os.write(self._master, self._due.pop(0)[1])
        ready, _, _ = select.select([self._master], [], [], 0.02)
        if ready:
            try:
                self.seen += os.read(self._master, 65536)
            except OSError:  # how a pseudo-terminal reports that its other end is closed
                return False
            self._listen()
        return True

    def _listen(self) -> None:
        questions = dict(self.answers)
        if self.kitty:
            questions = {NAME: b"\x1bP>|kitty(0.41.1)\x1b\\", **questions, KITTY_QUERY: b""}
        while True:
            places = [(at, words) for words in questions if (at := self.seen.find(words, self._looked)) >= 0]
            if not places:
                return
            at, words = min(places)
            answer = questions[words]
            if words == KITTY_QUERY:
                name = self.seen[self.seen.rindex(b"i=", 0, at) :].split(b",")[0]
                answer = b"\x1b_G" + name + b";OK\x1b\\"
            self._looked = at + len(words)
            self._due.append((time.monotonic() + self.delay, answer))
