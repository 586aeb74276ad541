"""Running a piece of work in a process of its own under strace, and meddling with its N-th system call.

strace counts the calls of each name for itself, and for each thread: the work must keep to one thread.
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
MARKS = "/dev/null"  # what the work writes there is found again in the trace
_PR_SET_PTRACER = 0x59616D61
_ANSWER_BYTES = 1 << 16
_CALL = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+|\?)")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call of a trace: the ``nth`` of its name, arguments as strace prints them, what it returned."""

    name: str
    nth: int
    args: str
    failed: bool

    @property
    def creates(self) -> bool:
        """Whether it can change something: all that is traced does, but opening a file that is there."""
        return self.name != "openat" or "O_CREAT" in self.args or "O_TRUNC" in self.args


@dataclass(frozen=True, slots=True)
class Trace:
    """What became of the work: its calls, the text it returned, whether it was killed."""

    calls: tuple[Call, ...]
    answer: str
    killed: bool

    def points(self, root: Path) -> list[Call]:
        """Return the calls that change something in the library ``root``, in their order."""
        return [call for call in self.calls if call.creates and str(root) in call.args]

    def looks(self, root: Path) -> list[Call]:
        """Return the calls that open what is there in the library ``root``, in their order."""
        return [call for call in self.calls if not call.creates and not call.failed and str(root) in call.args]


def run(work: Work, root: Path, inject: str | Sequence[str] = (), *, log: Path) -> Trace:
    """Run ``work(root)`` in a forked process, traced; ``inject`` is what follows ``-e inject=``, one or several."""
    answer = mmap.mmap(-1, _ANSWER_BYTES)  # shared memory, so that answering is no call that could be made to fail
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
    """Wait until strace has us, work, and end without any of the parent's tidying."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)  # Yama lets only parents trace otherwise
        os.read(wait, 1)
        text = work(root)
    except BaseException:
        text = f"traceback: {traceback.format_exc()}"
    data = text.encode(errors="replace")[:_ANSWER_BYTES]
    answer[: len(data)] = data
    os._exit(0)


def parse(lines: Sequence[str]) -> tuple[Call, ...]:
    """Return the calls of a trace, in order; one that a kill cut off is the last."""
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
