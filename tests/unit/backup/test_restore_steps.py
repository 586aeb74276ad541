"""Restores that do not complete: killed at any step, stopped by an error, or left unfinished by a stranger."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core import Library, Strategy
from core.backup.restore import restore
from core.errors import CuratorError, LibraryError
from tests.hostile.test_foreign_log import add, dies
from tests.support.builders import files
from tests.support.cli import run
from tests.support.restoring import Rows, backed_up, errors, promoting, refusing, rows
from tests.torture.fault_points import injected
from tests.torture.interleavings import finish, spawn

EVERY = 5  # of so many steps one is killed; all of them take a minute


def _dying(work: Callable[[Path], object], at: int) -> Callable[[Path], str]:
    met = itertools.count()

    def strike(_name: str, _path: str | None) -> None:
        if next(met) == at:
            os._exit(9)

    def dies_there(root: Path) -> str:
        with injected(strike, sql=False):
            work(root)
        return "lived"

    return dies_there


def _judged(root: Path, log: bytes, identity: Callable[[Path], int], old: int, states: tuple[Rows, Rows]) -> int:
    """Check what a kill has left, then let the library be opened: return which of the two states it comes to."""
    if (root / "library.db-wal").exists() and (root / "library.db-wal").read_bytes():
        assert (root / "library.db-wal").read_bytes() == log
        assert not (root / "library.db").exists() or identity(root / "library.db") == old, "another's log beside it"
    try:
        with Library.open(root, readonly=True) as library:
            seen = {row.id for row in library.queue.all()}
        assert seen in [{row[0] for row in state["pending_import"]} for state in states]
    except LibraryError as error:
        assert "restore is running" in str(error)
    Library.open(root).close()
    assert errors(root) == []
    assert not [name for name in os.listdir(root) if "preparing" in name or "restoring" in name]
    assert os.listdir(root / "staging") == []
    return states.index(rows(root))


def _identity(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        return int(db.execute("PRAGMA application_id").fetchone()[0])


def test_a_kill_at_any_step_leaves_the_old_state_or_leads_to_the_new_one(root: Path, tmp_path: Path) -> None:
    backup, new = backed_up(root, images=True), rows(root)
    with Library.open(root) as library:
        promoting(1, Strategy.OVERRIDE)(library)
    dies(root, add(2))
    log, old_identity, start = (
        (root / "library.db-wal").read_bytes(),
        _identity(root / "library.db"),
        tmp_path / "start",
    )
    shutil.copytree(root, start)
    Library.open(root).close()
    states, found = (rows(root), new), []

    def fresh() -> Path:
        shutil.rmtree(root)
        shutil.copytree(start, root)
        return root

    def restoring(root: Path) -> None:
        restore(root, backup)

    def opening(root: Path) -> None:
        Library.open(root).close()

    for at in itertools.count(0, EVERY):
        answer = finish(*spawn(_dying(restoring, at), fresh()))
        if answer == "lived":
            break
        assert answer == "killed", answer
        if at % 2 == 0:  # and die once more while it is finished
            assert finish(*spawn(_dying(opening, at % 17), root)) in ("killed", "lived")
        found.append(_judged(root, log, _identity, old_identity, states))
    assert found == sorted(found) and set(found) == {0, 1}, "one step decides"
    assert min(found.count(0), found.count(1)) * EVERY > 20, found


def test_a_restore_that_cannot_be_finished_is_told_and_finished_later(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, before = backed_up(root, images=False), rows(root)
    dies(root, add(2))
    rename = os.rename

    def failing(source: Any, target: Any) -> None:
        if str(source).endswith("library.db-wal"):
            refusing(errno.EIO)(source, target)
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(LibraryError, match=r"could not be finished: .*library\.db-wal"):
        restore(root, backup)
    with pytest.raises(LibraryError, match=r"could not be finished"):
        Library.open(root)
    monkeypatch.undo()
    assert run("pending", library=root).failed(1).startswith("a restore is running or was interrupted")
    assert run("undo", library=root).code == 1, "opening finishes the restore; there is nothing to undo"
    assert rows(root) == before


@pytest.mark.parametrize("bait", ["folder itself", "kept", "images"])
def test_a_stranger_s_unfinished_restore_leads_nowhere(root: Path, tmp_path: Path, bait: str) -> None:
    """Links where a restore would take files from, or put them."""
    outside, when = tmp_path / "outside", "20250101T000000000000"
    ready, sha256 = root / f"library.db.restoring-{when}", "f" * 64
    image = f"images/ff/{sha256}/{sha256}_0_high.webp"
    for path in (outside / image, outside / "pending" / "secret", outside / "library.db"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    if bait == "folder itself":
        ready.symlink_to(outside)
    else:
        (ready / image).parent.mkdir(parents=True)
        (ready / image).write_text("theirs")
        if bait == "kept":
            shutil.copy(root / "library.db", ready / "library.db")
            (root / f"library.db.before-restore-{when}").symlink_to(outside)
        else:
            (root / "images" / "ff").symlink_to(outside / "images" / "ff")
    before = files(outside)
    try:
        Library.open(root).close()
    except CuratorError as error:
        assert "is a link" in str(error)
    assert files(outside) == before and (outside / "library.db").read_text() == "mine"
    assert not stat.S_ISLNK(os.lstat(root / "library.db").st_mode)
