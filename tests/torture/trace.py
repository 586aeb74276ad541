"""Run a piece of work in its own process under strace, and tamper with its N-th system call.

strace counts calls per name and per thread, so the work must stay in one thread.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import re
import subprocess
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[Path], str]

CHANGING = (
    "openat",
    "write",
    "pwrite64",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "mkdir",
    "mkdirat",
    "rmdir",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "unlink",
    "unlinkat",
)
MARKS = "/dev/null"  # writes to it appear in the trace
_PR_SET_PTRACER = 0x59616D61
_ANSWER_BYTES = 1 << 16
_CALL = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+|\?)")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call of a trace: the ``nth`` of its name, arguments as strace prints them, whether it failed."""

    name: str
    nth: int
    args: str
    failed: bool

    @property
    def creates(self) -> bool:
        """Whether it can change something: every traced call can, except opening an existing file."""
        return self.name != "openat" or "O_CREAT" in self.args or "O_TRUNC" in self.args


@dataclass(frozen=True, slots=True)
class Trace:
    """The result of the work: its calls, the text it returned, whether it was killed."""

    calls: tuple[Call, ...]
    answer: str
    killed: bool

    def points(self, root: Path) -> list[Call]:
        """Return the calls that change something in the library ``root``, in order."""
        return [call for call in self.calls if call.creates and str(root) in call.args]

    def looks(self, root: Path) -> list[Call]:
        """Return the calls that open existing files in the library ``root``, in order."""
        return [call for call in self.calls if not call.creates and not call.failed and str(root) in call.args]


def run(work: Work, root: Path, inject: str | Sequence[str] = (), *, log: Path) -> Trace:
    """Run ``work(root)`` in a forked process, traced; ``inject`` is one or several values for ``-e inject=``."""
    answer = mmap.mmap(-1, _ANSWER_BYTES)  # shared memory, so that answering needs no call that could be made to fail
    wait, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(work, root, answer, wait)
    os.close(wait)
    arguments = ["strace", "-y", "-s", "120", "-o", str(log), "-e", f"trace={','.join(CHANGING)}"]
    for expression in [inject] if isinstance(inject, str) else inject:
        arguments += ["-e", f"inject={expression}"]
    with subprocess.Popen([*arguments, "-p", str(pid)], stderr=subprocess.PIPE) as strace:
        assert strace.stderr is not None
        attached = strace.stderr.readline()
        os.write(go, b"g")
        os.close(go)
        _, status = os.waitpid(pid, 0)
        rest = strace.stderr.read()
    if b"attached" not in attached:
        raise SystemExit(f"strace does not work here: {(attached + rest).decode()}")
    text = answer[:].rstrip(b"\0").decode(errors="replace")
    answer.close()
    return Trace(parse(log.read_text(errors="replace").splitlines()), text, os.WIFSIGNALED(status))


def _child(work: Work, root: Path, answer: mmap.mmap, wait: int) -> None:
    """Wait until strace is attached, do the work, and exit without the parent's cleanup."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)  # otherwise Yama lets only parents trace
        os.read(wait, 1)
        text = work(root)
    except BaseException:
        text = f"traceback: {traceback.format_exc()}"
    data = text.encode(errors="replace")[:_ANSWER_BYTES]
    answer[: len(data)] = data
    os._exit(0)


def parse(lines: Sequence[str]) -> tuple[Call, ...]:
    """Return the calls of a trace, in order; a call cut off by a kill is the last."""
    seen: Counter[str] = Counter()
    calls = []
    for line in lines:
        match = _CALL.match(line)
        if match is None:
            continue
        name, args, result = match.groups()
        seen[name] += 1
        calls.append(Call(name, seen[name], args, result.startswith("-") or result == "?"))
    return tuple(calls)
