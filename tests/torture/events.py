"""Translate a trace into events of the library: which files were written, synced and moved, in order."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from unittest.mock import patch

from core.storage import LibraryDatabase
from tests.torture.trace import MARKS, Call

# A file name, with the descriptor of the folder that it is relative to, if any.
_NAME = re.compile(r'(?:\d+<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_DESCRIPTOR = re.compile(r"\d+<([^>]*)>")
_ORIGINAL_OPEN = LibraryDatabase._open


class Did(StrEnum):
    """What a call did."""

    WRITE = "write"
    SYNC = "sync"
    FOLDER = "mkdir"
    LINK = "link"
    MOVE = "move"
    REMOVE = "remove"
    SQL = "sql"


_BY_NAME = {
    "write": Did.WRITE,
    "pwrite64": Did.WRITE,
    "ftruncate": Did.WRITE,
    "fallocate": Did.WRITE,
    "fsync": Did.SYNC,
    "fdatasync": Did.SYNC,
    "mkdir": Did.FOLDER,
    "mkdirat": Did.FOLDER,
    "link": Did.LINK,
    "linkat": Did.LINK,
    "rename": Did.MOVE,
    "renameat": Did.MOVE,
    "renameat2": Did.MOVE,
    "unlink": Did.REMOVE,
    "unlinkat": Did.REMOVE,
    "rmdir": Did.REMOVE,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One event on ``path`` (relative to the library; for SQL the statement); ``to`` is a move's or link's target."""

    did: Did
    path: str
    to: str = ""


@contextmanager
def marked() -> Iterator[None]:
    """Within the block, write every SQL statement to ``MARKS``, where a trace shows it."""

    def opened(store: LibraryDatabase, path: Path, mode: str) -> sqlite3.Connection:
        connection = _ORIGINAL_OPEN(store, path, mode)
        marks = open(MARKS, "wb", buffering=0)  # noqa: SIM115 - open as long as the process lives
        connection.set_trace_callback(lambda sql: marks.write(sql.encode()) and None)
        return connection

    with patch.object(LibraryDatabase, "_open", opened):
        yield


def events_of(calls: Sequence[Call], root: Path) -> list[Event]:
    """Return the events of the calls, in order; failed calls have none."""
    found = (_event(call, f"{root}/") for call in calls if not call.failed)
    return [event for event in found if event is not None]


def _event(call: Call, root: str) -> Event | None:
    if call.name == "write" and f"<{MARKS}" in call.args:
        return Event(Did.SQL, _STRING.findall(call.args)[0])
    if call.name == "openat":
        path = _names(call)[0]
        return Event(Did.WRITE, path.removeprefix(root)) if call.creates and path.startswith(root) else None
    if call.name not in _BY_NAME or root[:-1] not in call.args:
        return None
    did = _BY_NAME[call.name]
    if did in (Did.WRITE, Did.SYNC):
        path = _DESCRIPTOR.findall(call.args)[0]
        return Event(did, path.removeprefix(root) if path != root[:-1] else ".")
    names: list[Any] = [name.removeprefix(root) for name in _names(call)]
    return Event(did, *names)


def _names(call: Call) -> list[str]:
    return [f"{folder}/{name}" if folder else name for folder, name in _NAME.findall(call.args)]
