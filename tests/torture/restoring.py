"""Proof 1 for ``model-curator restore``: after a kill at any point, the old state is whole or leads to the new one.

The library has a write-ahead log that was never checkpointed; it must never lie beside another database.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from core import Library, Strategy
from core.backup.restore_steps import KEPT, PREPARING, RESTORING, UNFINISHED
from core.domain.layout import DATABASE
from core.errors import CuratorError
from core.verify import check_library
from core.verify.findings import Severity
from tests.support.builders import add_model, add_pending, digest, files, model_file, png, tables
from tests.support.cli import run as run_command
from tests.torture.interleavings import finish, spawn
from tests.torture.scenarios import one_thread, opening, promote
from tests.torture.state import InvariantViolation
from tests.torture.strace_kills import Lines, Tally, thinned
from tests.torture.trace import Call, run

_NO_RECORDS = ("file_hashes", "body_hashes", "image_generations", "image_verdicts", "pulse", "sqlite_sequence")
_LOG = f"{DATABASE}-wal"


@dataclass(frozen=True, slots=True)
class Restoring:
    """A backup, and the library in ``start``, which changed since then and ended without closing.

    ``states`` are those before and after the restore; ``log`` and ``identity`` identify the old log and its database.
    """

    name: str
    start: Path
    backup: Path
    log: bytes
    identity: int
    states: tuple[str, ...] = ()

    def fresh(self, folder: Path) -> Path:
        """Return a fresh copy of the start library to work on."""
        root = folder / "library"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.start, root)
        return root

    def work(self, root: Path) -> str:
        """Run ``restore`` on the command line."""
        ran = run_command("restore", self.backup, library=root)
        return "done" if ran.code == 0 else f"error: {ran.err}"


def restores(folder: Path) -> Iterator[tuple[Restoring, Path]]:
    """Yield the restores of a backup with images and of a database alone, each with a folder to work in."""
    for name in ("with images", "database alone"):
        place = folder / name
        place.mkdir()
        yield restore_of(place, images=name == "with images"), place


def restore_of(folder: Path, *, images: bool) -> Restoring:
    """Build the backup and the library, and restore once undisturbed to record the expected states."""
    start, backup, weights = folder / "start", folder / "backup", model_file(folder, "weights", b"weights")
    with Library.open(start) as library:
        add_model(library, digest(b"weights"), weights, images=[png(1), png(2)])
        for seed in (3, 4):
            add_pending(library, weights, images=[png(seed)])
        if images:
            library.backup_with_images(backup)
        else:
            library.backup(backup)
        if images:
            promote(1, Strategy.OVERRIDE)(library)  # so that images of the backup are put back, and others kept
    finish(*spawn(_dies, start))
    name = f"restore of {'a backup with images' if images else 'a database alone'}"
    found = Restoring(name, start, backup, (start / _LOG).read_bytes(), _identity(start / DATABASE))
    root = found.fresh(folder)
    before = _recovered(root)
    root = found.fresh(folder)
    answer = found.work(root)
    assert answer == "done" and found.log, answer
    return Restoring(name, start, backup, found.log, found.identity, (before, _recovered(root)))


def _dies(root: Path) -> str:
    """Add to the queue, and exit without closing anything."""
    add_pending(Library.open(root), "/models/later", name="later")
    os._exit(9)


def _identity(database: Path) -> int:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        return int(db.execute("PRAGMA application_id").fetchone()[0])


def _state(root: Path) -> str:
    """Return rows and images; a restore does not bring back the trash."""
    there = {name: data for name, data in files(root).items() if name.startswith(("images/", "pending/"))}
    return json.dumps([tables(root / DATABASE, without=_NO_RECORDS), there], default=repr, sort_keys=True)


def _recovered(root: Path) -> str:
    """Open the library as the next process would, and return its state. Raises InvariantViolation if it is damaged."""
    try:
        Library.open(root).close()
        with Library.open(root, readonly=True) as library:
            found = [one for one in check_library(library).findings if one.severity is Severity.ERROR]
    except CuratorError as error:
        raise InvariantViolation(f"it cannot be opened again: {error}") from error
    if found:
        raise InvariantViolation(f"verify finds {[f'{one.code} {one.path}: {one.detail}' for one in found[:3]]}")
    if left := [name for name in os.listdir(root) if name.startswith((PREPARING, RESTORING))]:
        raise InvariantViolation(f"left behind: {left}")
    if os.listdir(root / "staging"):
        raise InvariantViolation("staging was not swept")
    return _state(root)


def _look(scene: Restoring, root: Path) -> None:
    """Check what a kill left, before anything opens the library for writing."""
    log, database = root / _LOG, root / DATABASE
    if log.exists() and (data := log.read_bytes()):
        if data != scene.log:
            raise InvariantViolation("the log is not the old one")
        if database.exists() and _identity(database) != scene.identity:
            raise InvariantViolation("the old log lies beside another database")
    states = [{row[0] for row in json.loads(state)[0]["pending_import"]} for state in scene.states]
    try:
        with Library.open(root, readonly=True) as library:
            seen = {row.id for row in library.queue.all()}
    except CuratorError as error:
        if UNFINISHED not in str(error):
            raise InvariantViolation(f"a reader cannot read: {error}") from error
    else:
        if seen not in states:
            raise InvariantViolation(f"a reader sees the imports {seen}")


def judge(scene: Restoring, root: Path) -> int:
    """Read, recover and compare the library, restore again, and return the state found. Raises InvariantViolation."""
    _look(scene, root)
    state = _recovered(root)
    if state not in scene.states:
        raise InvariantViolation("a mixture of the two states")
    number = scene.states.index(state)
    kept = sorted(root.glob(f"{KEPT}*"))
    if number == 1 and (len(kept) != 1 or (kept[0] / _LOG).read_bytes() != scene.log):
        raise InvariantViolation(f"the old database was not kept, log and all: {kept}")
    if number == 0 and kept:
        raise InvariantViolation(f"something was moved aside for nothing: {kept}")
    if (answer := scene.work(root)) != "done":
        raise InvariantViolation(f"doing it again answers {answer}")
    if _recovered(root) != scene.states[1]:
        raise InvariantViolation("done again, it differs")
    return number


def _points(scene: Restoring, folder: Path, every: int) -> Sequence[Call]:
    root = scene.fresh(folder)
    trace = run(scene.work, root, log=folder / "log")
    if trace.answer != "done":
        raise InvariantViolation(f"{scene.name} does not work undisturbed: {trace.answer}")
    return thinned(trace.points(root), every)


def _kill(scene: Restoring, root: Path, at: Call, *, opens: bool = False) -> None:
    work = opening if opens else scene.work
    trace = run(work, root, f"{at.name}:signal=SIGKILL:when={at.nth}", log=root.parent / "log")
    if not trace.killed:
        raise InvariantViolation(f"{at.name} number {at.nth} was not met: {trace.answer}")


def kill_everywhere(scene: Restoring, folder: Path, every: int) -> Tally:
    tally = Tally()
    for at in _points(scene, folder, every):
        root = scene.fresh(folder)
        try:
            _kill(scene, root, at)
            tally.found(judge(scene, root))
        except InvariantViolation as bad:
            tally.failed(f"{scene.name}, killed at {at.name} {at.args[:120]}: {bad}")
    return tally


def _kill_finishing(scene: Restoring, folder: Path, every: int, every_second: int) -> Tally:
    """Kill the restore, then the opening that finishes it, at every ``every``-th and ``every_second``-th point."""
    tally, left = Tally(), folder / "left"
    for at in _points(scene, folder, every):
        shutil.rmtree(left, ignore_errors=True)
        root = scene.fresh(folder)
        _kill(scene, root, at)
        shutil.copytree(root, left)
        for second in thinned(run(opening, root, log=folder / "log").points(root), every_second):
            shutil.rmtree(root)
            shutil.copytree(left, root)
            try:
                _kill(scene, root, second, opens=True)
                tally.found(judge(scene, root))
            except InvariantViolation as bad:
                tally.failed(f"{scene.name}, killed at {at.name} {at.args[:80]}, then at {second.name}: {bad}")
    return tally


def restore_kills(folder: Path, quick: bool) -> Lines:
    """Kill restores, and then the opening that finishes them."""
    with one_thread():
        for scene, place in restores(folder):
            tally = kill_everywhere(scene, place, 8 if quick else 1)
            yield tally.line(scene.name, 1), tally.bad
            tally = _kill_finishing(scene, place, *((40, 16) if quick else (9, 4)))
            yield tally.line(f"finishing the {scene.name}, pairs", 1), tally.bad
