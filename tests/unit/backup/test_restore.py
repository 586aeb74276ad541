"""Restoring a backup: what is refused and what is kept; copies with images."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import core.operations.journal
from core import Library, Strategy
from core.backup.restore import restore
from core.errors import LibraryError, SourceError
from core.storage.schema import migrations
from tests.hostile.test_foreign_log import add, content, dies
from tests.support.builders import add_pending, files, png
from tests.support.cli import run
from tests.support.restoring import backed_up, errors, promoting, refusing, rows


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
