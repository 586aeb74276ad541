"""Raise an exception at a chosen point of a piece of work.

The points are every line of code that holds a resource (files, transactions, locks), in core and in the standard
library, and the moments before and after every call from there, to Python or C. The called code holds nothing: to its
caller, an exception inside it is the same as one before or after the call.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dis
import gc
import os
import shutil
import sys
import tempfile
import threading
import weakref
from glob import glob
from types import FrameType, TracebackType
from typing import Any, Self

import core

_CORE = os.path.dirname(str(core.__file__))
_FUTURES = os.path.dirname(concurrent.futures.__file__)
_HOLDING = (_CORE, _FUTURES, *(str(module.__file__) for module in (contextlib, shutil, tempfile, threading, weakref)))
_PURE = (*glob(f"{_CORE}/domain/*.py"), *glob(f"{_CORE}/planning/*.py"), f"{_CORE}/merger.py", f"{_CORE}/text.py")
assert len(_PURE) > 10, "the pure modules moved"
# Code that turns a MemoryError into an error of our own with a message.
_ANSWERS = (f"{_CORE}/images/decoder.py", f"{_CORE}/images/colours.py")
# The interpreter checks for signals after a call of C code, not before: these have released by then.
_GIVING_BACK = frozenset(("__exit__", "release"))


_LEAVING: dict[int, frozenset[int]] = {}  # by id of the code object: offsets at which it leaves a ``with`` statement


def _leaves_with(frame: FrameType) -> bool:
    """Return whether the current instruction starts the exit of a ``with`` statement.

    Between the block's last call and this exit the interpreter neither checks for signals nor needs memory.
    """
    code = frame.f_code
    found = _LEAVING.get(id(code))
    if found is None:
        steps = [(step.opname, step.argval, step.offset, step.starts_line) for step in dis.get_instructions(code)]
        ends = set()
        for n, (_, _, offset, starts) in enumerate(steps):
            following = [step[:2] for step in steps[n : n + 5] if step[0] not in ("NOP", "SWAP")]
            if starts is not None and following[:3] == [("LOAD_CONST", None)] * 3:
                ends.add(offset)
        found = _LEAVING[id(code)] = frozenset(ends)
    return frame.f_lasti in found


class _Holding(dict[str, bool]):
    """Caches whether the code in a file holds resources; looked up tens of thousands of times in a piece of work."""

    def __init__(self, left_out: tuple[str, ...]) -> None:
        super().__init__()
        self._left_out = left_out

    def __missing__(self, file: str) -> bool:
        self[file] = found = file.startswith(_HOLDING) and file not in self._left_out
        return found


class Interrupter:
    """Within the block, counts the points reached, and raises ``error`` at number ``at`` (from 1; 0: never)."""

    def __init__(self, at: int = 0, error: type[BaseException] = KeyboardInterrupt) -> None:
        self._at = at
        self._error = error
        self._answers = _ANSWERS if error is MemoryError else ()
        self._holds = _Holding((*_PURE, *self._answers))
        self.met = 0
        self.where = ""

    def __enter__(self) -> Self:
        gc.disable()  # so that the same points are met each time
        sys.settrace(self._called)
        sys.setprofile(self._profiled)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        gc.enable()

    @staticmethod
    def _stop() -> None:
        sys.setprofile(None)
        sys.settrace(None)

    def _called(self, frame: FrameType, _event: str, _arg: object) -> Any:
        if self._holds[frame.f_code.co_filename]:
            self._meet(frame, "call")
            return self._reached
        if self._is_called_by_holder(frame):
            self._meet(frame, "call")
        return None

    def _is_called_by_holder(self, frame: FrameType) -> bool:
        back = frame.f_back
        return (
            back is not None and self._holds[back.f_code.co_filename] and frame.f_code.co_filename not in self._answers
        )

    def _reached(self, frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line" and not _leaves_with(frame) and not self._guards_answer(frame):
            self._meet(frame, "line")
        return self._reached

    def _guards_answer(self, frame: FrameType) -> bool:
        """Return whether the frame is the ``with`` of contextlib around a function that answers a MemoryError."""
        guarded = frame.f_locals.get("func") if self._answers and frame.f_code.co_name == "inner" else None
        return guarded is not None and guarded.__code__.co_filename in self._answers

    def _profiled(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "call":
            return
        if event == "return":
            if not self._holds[frame.f_code.co_filename] and self._is_called_by_holder(frame):
                self._meet(frame, event)
        elif self._holds[frame.f_code.co_filename] and (
            event == "c_return" or (event == "c_call" and arg.__name__ not in _GIVING_BACK)
        ):
            self._meet(frame, f"{event} {arg.__name__}")

    def _meet(self, frame: FrameType, what: str) -> None:
        self.met += 1
        if self.met == self._at:
            self._stop()
            code = frame.f_code
            self.where = f"{os.path.basename(code.co_filename)}:{frame.f_lineno} {code.co_qualname}, {what}"
            raise self._error


class Survey(Interrupter):
    """Interrupts nothing; ``points`` are the numbers of the points that differ in their call stacks.

    Of points with the same callers, line by line, such as those in a loop, it has the first and the last.
    """

    def __init__(self, error: type[BaseException] = KeyboardInterrupt) -> None:
        super().__init__(0, error)
        self._first: dict[int, int] = {}
        self._last: dict[int, int] = {}

    @property
    def points(self) -> list[int]:
        """Return the numbers in ascending order."""
        return sorted({*self._first.values(), *self._last.values()})

    def _meet(self, frame: FrameType, what: str) -> None:
        self.met += 1
        way: list[object] = [what]
        caller: FrameType | None = frame
        while caller is not None:
            way += (caller.f_code, caller.f_lineno)
            caller = caller.f_back
        key = hash(tuple(way))
        self._first.setdefault(key, self.met)
        self._last[key] = self.met
