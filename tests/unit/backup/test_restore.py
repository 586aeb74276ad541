"""Putting a backup in place: what is refused, what is kept, and a kill at every step; copies with images."""

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

import core.operations.journal
from core import Library, Strategy
from core.backup.restore import restore
from core.errors import CuratorError, LibraryError, SourceError
from core.storage.schema import migrations
from core.verify import check_library
from core.verify.findings import Severity
from tests.hostile.test_foreign_log import add, content, dies
from tests.support.builders import add_model, add_pending, digest, files, model_file, png, tables
from tests.support.cli import run
from tests.torture.meetings import finish, spawn
from tests.torture.points import struck

COUNTS = ("file_hashes", "image_verdicts", "pulse", "sqlite_sequence")
EVERY = 5  # of so many steps one is killed; all of them take a minute
Rows = dict[str, list[tuple[Any, ...]]]


def rows(root: Path) -> Rows:
    """Every row that is a record, of a library that is open nowhere; its log counts."""
    return tables(root / "library.db", without=COUNTS)


def errors(root: Path) -> list[str]:
    with Library.open(root, readonly=True) as library:
        found = check_library(library).findings
    return [f"{one.code} {one.path}" for one in found if one.severity is Severity.ERROR]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A closed library: a model with two images, and two imports of that model with one image each."""
    root, weights = tmp_path / "library", model_file(tmp_path, "weights", b"weights")
    with Library.open(root) as library:
        add_model(library, digest(b"weights"), weights, images=[png(1), png(2)])
        for seed in (3, 4):
            add_pending(library, weights, images=[png(seed)])
    return root


def backed_up(root: Path, *, images: bool) -> Path:
    target = root.parent / "backup"
    with Library.open(root) as library:
        if images:
            assert library.backup_with_images(target).missing == ()
        else:
            library.backup(target)
    return target


def promoting(number: int, strategy: Strategy) -> Callable[[Library], None]:
    def work(library: Library) -> None:
        assert library.processor.process_single_import(number, strategy).status == "success"

    return work


def test_the_mistake_is_refused_and_mended_on_the_command_line(root: Path) -> None:
    backup = root.parent / "backup.db"
    assert run("backup", backup, library=root).code == 0
    before = rows(root)
    dies(root, add(3))
    shutil.copy(backup, root / "library.db")
    mixed = content(root)
    for command in (("pending",), ("promote", "1", "--strategy", "merge")):
        assert "model-curator restore" in run(*command, library=root).failed(1)
    assert content(root) == mixed
    done = run("restore", backup, "--json", library=root)
    assert done.code == 0 and done.object["missing"] == [] and done.object["lost"] == []
    assert content(Path(done.object["kept"])) == mixed
    assert rows(root) == before and errors(root) == []
    told = run("restore", backup, library=root).out
    assert "are kept in" in told and "restore that folder to undo this" in told and "--verify" in told


def test_a_database_moved_aside_is_put_back_without_the_log(root: Path, tmp_path: Path) -> None:
    """What the refusal says."""
    backup, before = backed_up(root, images=False), rows(root)
    dies(root, add(3))
    shutil.move(backup, root / "library.db")
    shutil.move(root / "library.db", tmp_path / "elsewhere.db")
    report = restore(root, tmp_path / "elsewhere.db")
    assert report.kept is not None and set(content(report.kept)) >= {"library.db-wal"}
    Library.open(root).close()
    assert rows(root) == before


@pytest.mark.parametrize("images", [False, True])
def test_what_was_there_is_kept_log_and_all_and_can_be_restored(root: Path, images: bool) -> None:
    backup, before = backed_up(root, images=images), rows(root)
    dies(root, add(3))
    later = content(root)
    kept = restore(root, backup).kept
    assert kept is not None and kept.parent == root and content(kept) == later
    assert set(content(root)) == {"library.db"}, "no log is left beside the new database"
    assert rows(root) == before
    restore(root, kept)
    Library.open(root).close()
    assert len(rows(root)["pending_import"]) == 5
    assert errors(root) == []


def test_a_backup_with_a_log_of_its_own_is_restored_with_it(root: Path, tmp_path: Path) -> None:
    dies(root, add(3))
    source = tmp_path / "copy"
    source.mkdir()
    for name in ("library.db", "library.db-wal"):
        shutil.copy(root / name, source / name)
    restore(tmp_path / "new", source / "library.db")
    assert len(rows(tmp_path / "new")["pending_import"]) == 5


def test_images_come_back_and_displaced_ones_are_kept(root: Path) -> None:
    backup = backed_up(root, images=True)
    before, old = rows(root), files(root / "images")
    with Library.open(root) as library:
        promoting(1, Strategy.OVERRIDE)(library)
    shutil.rmtree(root / "trash")
    now = files(root / "images")
    assert now != old
    report = restore(root, backup)
    Library.open(root).close()
    assert (rows(root), files(root / "images")) == (before, old) and errors(root) == []
    assert report.images == 4 and report.missing == (), "three tiers, and the pending image"
    assert report.kept is not None
    displaced = {path for path, data in files(report.kept / "images").items() if data != "folder"}
    assert displaced == {path for path in old if now[path] != old[path]}
    restore(root, report.kept)
    Library.open(root).close()
    assert files(root / "images") == now
    assert errors(root) == []


def test_a_backup_of_the_database_alone_says_which_images_are_gone(root: Path) -> None:
    backup = backed_up(root, images=False)
    with Library.open(root) as library:
        promoting(1, Strategy.DELETE)(library)
    done = run("restore", backup, "--json", library=root).object
    assert done["missing"] == ["pending/1_0.png"] and done["images"] == 0


def test_links_in_a_backup_stay_as_they_were_whatever_the_library_does(root: Path) -> None:
    backup = backed_up(root, images=True)
    before, image = files(backup), next(path for path in (backup / "images").rglob("*.webp"))
    assert image.stat().st_ino == (root / image.relative_to(backup)).stat().st_ino
    with Library.open(root) as library:
        promoting(1, Strategy.OVERRIDE)(library)
        assert library.undo().undone
        promoting(2, Strategy.MERGE)(library)
        add_pending(library, "/x", images=[png(9)])
    assert files(backup) == before


def refusing(code: int) -> Callable[..., None]:
    def refuse(source: object, target: object, **_: object) -> None:
        raise OSError(code, os.strerror(code), str(source))

    return refuse


def test_on_another_file_system_files_are_copied(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename

    def across(source: Any, target: Any) -> None:
        if (root in Path(source).parents) != (root in Path(target).parents):
            refusing(errno.EXDEV)(source, target)
        rename(source, target)

    monkeypatch.setattr(os, "link", refusing(errno.EXDEV))
    monkeypatch.setattr(os, "rename", across)
    backup = backed_up(root, images=True)
    image = next(path for path in (backup / "images").rglob("*.webp"))
    assert image.stat().st_nlink == 1
    before = files(root / "images")
    shutil.rmtree(root / "images")
    assert restore(root, backup).images == 6
    assert files(root / "images") == before
    assert sorted(os.listdir(root.parent)) == ["backup", "library", "weights"]
    assert os.listdir(root / "staging") == []


def test_a_backup_with_images_that_fails_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Library.open(root) as library:
        monkeypatch.setattr(os, "rename", refusing(errno.ENOSPC))
        with pytest.raises(LibraryError, match="could not be copied"):
            library.backup_with_images(root.parent / "backup")
        monkeypatch.undo()
        (root.parent / "backup").mkdir()
        with pytest.raises(LibraryError, match="overwrites nothing"):
            library.backup_with_images(root.parent / "backup")
    assert sorted(os.listdir(root.parent)) == ["backup", "library", "weights"]
    assert os.listdir(root / "staging") == []


def test_an_operation_open_in_the_backup_is_finished_as_far_as_its_files_are_there(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_root: Path, _moves: object) -> list[str]:
        os._exit(9)

    monkeypatch.setattr(core.operations.journal, "roll_forward", die)
    dies(root, promoting(1, Strategy.MERGE))
    monkeypatch.undo()
    shutil.copytree(root, tmp_path / "copy")
    Library.open(root).close()
    after = (rows(root), files(root / "images"))
    whole = run("restore", tmp_path / "copy", "--json", library=root).object
    assert (
        whole["lost"] == []
        and errors(root) == []
        and (rows(root)["models"], files(root / "images"))
        == (
            after[0]["models"],
            after[1],
        )
    )
    told = run("restore", tmp_path / "copy" / "library.db", "--json", library=tmp_path / "other").object
    assert len(told["lost"]) == 4, "three tiers and what the trash would have got"
    assert any("files-lost" in one for one in errors(tmp_path / "other"))


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4096])


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        name = migrations.migrations_table
        db.execute(f"INSERT INTO {name} (migration_set, name) VALUES ('model-curator', '99_later')")
        db.commit()


def no_library(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE models (id)")


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "damaged": (damaged, "damaged"),
    "newer": (newer, "newer version"),
    "no library": (no_library, "not a Model Curator database"),
    "text": (lambda path: path.write_text("text"), "not an SQLite database"),
    "fifo": (fifo, "not a regular file"),
    "missing": (Path.unlink, "There is no file"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_backup_is_refused_and_nothing_is_changed(root: Path, kind: str) -> None:
    backup = backed_up(root, images=False)
    spoil, reason = REFUSED[kind]
    spoil(backup)
    before = (content(root), sorted(os.listdir(root)), files(root))
    with pytest.raises(SourceError, match=reason):
        restore(root, backup)
    assert (content(root), sorted(os.listdir(root)), files(root)) == before
    with pytest.raises(SourceError, match=reason):
        restore(root.parent / "new", backup)
    assert not (root.parent / "new").exists()


def test_a_library_that_is_open_is_not_restored(root: Path) -> None:
    backup = backed_up(root, images=False)
    with Library.open(root):
        before = content(root)
        with pytest.raises(LibraryError, match="other processes have the library"):
            restore(root, backup)
        assert content(root) == before


def test_the_library_s_own_database_is_no_backup(root: Path) -> None:
    with pytest.raises(SourceError, match="own database"):
        restore(root, root)


def _dying(work: Callable[[Path], object], at: int) -> Callable[[Path], str]:
    met = itertools.count()

    def strike(_name: str, _path: str | None) -> None:
        if next(met) == at:
            os._exit(9)

    def dies_there(root: Path) -> str:
        with struck(strike, sql=False):
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


def test_a_library_s_database_is_no_old_database(root: Path, tmp_path: Path) -> None:
    backup = backed_up(root, images=False)
    Library.open(tmp_path / "opened").close()
    shutil.copytree(tmp_path / "opened", tmp_path / "other")  # a library this process never had open
    before = (rows(root), files(root))
    for database in (backup, root / "library.db", tmp_path / "other" / "library.db"):
        told = run("import-legacy", database, library=root).failed(1)
        if database == root / "library.db":
            assert "is the library's own database: give the database file of the old manager" in told
        else:
            assert "is the database of a Model Curator library" in told and "--library" in told and "restore" in told
        assert run("import-legacy", database, library=tmp_path / "new").code == 1
    assert (rows(root), files(root)) == before
    assert not (tmp_path / "new").exists(), "no library is made for what is refused"
