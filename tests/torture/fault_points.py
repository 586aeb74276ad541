"""Named fault points, without strace: the calls with which our own code changes files, and SQL statements."""

from __future__ import annotations

import builtins
import io
import itertools
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from core.storage import LibraryDatabase
from tests.support.disks import another_disk
from tests.torture.interleavings import finish, spawn
from tests.torture.scan_scenes import first_scan, second_scan, undo_scan
from tests.torture.scenarios import CASES, Scene, one_thread, promotion, stage_1, undo, undo_stage_1
from tests.torture.state import InvariantViolation
from tests.torture.strace_kills import Lines, Tally, judge

# Called before each point with its name, and with the path if an error of that call would name one; the call raises
# whatever the hook raises.
Hook = Callable[[str, str | None], None]

_CALLS = ("fsync", "link", "rename", "replace", "mkdir", "unlink", "rmdir")
_WRITING = frozenset("xwa+")
_KILLED = "killed"
_SCANS = {"scan": first_scan, "scan again": second_scan, "undo scan": undo_scan}
_open, _connect = builtins.open, LibraryDatabase._open


@contextmanager
def injected(strike: Hook, *, sql: bool) -> Iterator[None]:
    """Within the block, call ``strike`` before each change of a file and, with ``sql``, before each SQL statement."""
    with ExitStack() as patches:
        for name in _CALLS:
            patches.enter_context(patch.object(os, name, _before(getattr(os, name), name, strike)))
        patches.enter_context(patch.object(builtins, "open", _opener(strike)))
        if sql:
            patches.enter_context(patch.object(LibraryDatabase, "_open", _connector(strike)))
        yield


def _before(call: Callable[..., Any], name: str, strike: Hook) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        strike(f"os.{name}", None if name == "fsync" else _whole(str(args[0]), kwargs))
        return call(*args, **kwargs)

    return called


def _whole(path: str, kwargs: Mapping[str, Any]) -> str:
    """Return the absolute form of a path that is relative to a folder descriptor."""
    folder = kwargs.get("dir_fd", kwargs.get("src_dir_fd"))
    return path if folder is None else f"{os.readlink(f'/proc/self/fd/{folder}')}/{path}"


def _opener(strike: Hook) -> Callable[..., Any]:
    class Written(io.FileIO):
        def write(self, data: Any) -> int:
            strike("write", None)
            return super().write(data)

    def opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if not _WRITING & set(mode) or "b" not in mode:
            return _open(file, mode, *args, **kwargs)
        strike("open", str(file))
        return io.BufferedWriter(Written(file, mode.replace("b", "")))

    return opened


def _connector(strike: Hook) -> Callable[..., sqlite3.Connection]:
    def connect(store: LibraryDatabase, path: Path, mode: str) -> sqlite3.Connection:
        connection = _connect(store, path, mode)
        connection.set_trace_callback(lambda sql: strike(sql.split(None, 1)[0], None))
        return connection

    return connect


def names_of(scene: Scene, folder: Path, *, sql: bool) -> list[str]:
    """Return the names of the points that the scene's work reaches, in order."""
    met: list[str] = []
    root = scene.fresh(folder)
    with injected(lambda name, _: met.append(name), sql=sql):
        answer = scene.work(root)
    if answer != "done":
        raise InvariantViolation(f"{scene.name} does not work undisturbed: {answer}")
    return met


def _dying(scene: Scene, at: int) -> Callable[[Path], str]:
    met = itertools.count()

    def strike(_name: str, _path: str | None) -> None:
        if next(met) == at:
            os._exit(9)

    def work(root: Path) -> str:
        with injected(strike, sql=True):
            return scene.work(root)

    return work


def die_everywhere(scene: Scene, folder: Path, every: int) -> tuple[Tally, Counter[str]]:
    """Have the working process die at every ``every``-th of its points; also return how often it died at each name."""
    tally, names = Tally(), Counter[str]()
    for at, name in list(enumerate(names_of(scene, folder, sql=True)))[::every]:
        root = scene.fresh(folder)
        try:
            answer = finish(*spawn(_dying(scene, at), root))
            if answer != _KILLED:
                raise InvariantViolation(f"it lived on: {answer}")
            tally.found(judge(scene, root))
        except InvariantViolation as bad:
            tally.failed(f"{scene.name}, dead at {name} (point {at}): {bad}")
        names[name] += 1
    return tally, names


def named(name: str, folder: Path, disk: Path | None = None) -> Scene:
    """Return the scene of that name, such as ``promote merge`` or ``stage 1``; ``disk``, if given, holds the images."""
    if name in _SCANS:
        return _SCANS[name](folder)
    if name.endswith("stage 1"):
        return stage_1(folder) if name == "stage 1" else undo_stage_1(folder)
    kind, _, case = name.partition(" ")
    return (promotion if kind == "promote" else undo)(folder, case, disk)


ELSEWHERE = ("promote override", "undo override")
NAMES = [
    *(f"{kind} {case}" for kind in ("promote", "undo") for case in CASES),
    "stage 1",
    "undo stage 1",
    *_SCANS,
]


def points(folder: Path, quick: bool) -> Lines:
    """Have processes die at the points of all scenes."""
    with one_thread():
        for name in NAMES:
            (folder / name).mkdir()
            yield _one(named(name, folder / name), folder / name, 8 if quick else 1)
        with another_disk(folder) as disk:
            for name in ELSEWHERE if disk is not None else ():
                place = folder / f"{name} elsewhere"
                place.mkdir()
                yield _one(named(name, place, disk), place, 8 if quick else 1)


def _one(scene: Scene, folder: Path, every: int) -> tuple[str, list[str]]:
    tally, names = die_everywhere(scene, folder, every)
    seen = ", ".join(f"{name} {number}" for name, number in sorted(names.items()))
    return f"{tally.line(scene.name, len(scene.allowed) - 1)} ({seen})", tally.bad


def main() -> None:
    """Run one scene in a folder, at every EVERY-th point: ``NAME FOLDER EVERY``."""
    name, folder, every = sys.argv[1:]
    with one_thread():
        line, bad = _one(named(name, Path(folder)), Path(folder), int(every))
    print(line, *bad, sep="\n")
    raise SystemExit(bool(bad))
