"""Where a backup may be written, and what a refused restore leaves untouched."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core import Library
from core.backup.restore import restore
from core.errors import LibraryError, SourceError
from core.locks.library_lock import LibraryLock
from tests.support.builders import files
from tests.support.payloads import template

PLACES = (
    "copy.db",
    "library.db-journal",
    "library.db.preparing-x",
    "pending/9_0.png",
    f"staging/{'a' * 32}",
    f"trash/{'b' * 32}",
    "images/x",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(template(), tmp_path / "from")
    return tmp_path / "from" / "library"


def alone(library: Library, target: Path) -> None:
    library.backup(target)


def with_images(library: Library, target: Path) -> None:
    library.backup_with_images(target)


@pytest.mark.parametrize("back_up", [alone, with_images])
@pytest.mark.parametrize("place", PLACES)
def test_no_place_in_the_library(root: Path, place: str, back_up: Callable[[Library, Path], None]) -> None:
    (root.parent / "shortcut").symlink_to(root)
    with Library.open(root) as library:
        for home in (root, root.parent / "shortcut"):
            with pytest.raises(LibraryError, match="is inside the library"):
                back_up(library, home / place)
    assert not os.path.lexists(root / place)


def test_no_place_in_a_folder_of_it_on_another_disk(root: Path, tmp_path: Path) -> None:
    shutil.move(root / "staging", tmp_path / "disk")
    (root / "staging").symlink_to(tmp_path / "disk")
    with Library.open(root) as library, pytest.raises(LibraryError, match="is inside the library"):
        library.backup(tmp_path / "disk" / "copy.db")


def test_what_comes_to_be_meanwhile_is_not_overwritten(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "copy.db"

    def write_copy(db: object, copy: Path) -> None:
        copy.write_bytes(b"a copy")
        target.write_bytes(b"somebody's file")

    monkeypatch.setattr("core.storage.database.write_copy", write_copy)
    with Library.open(root) as library, pytest.raises(LibraryError, match="overwrites nothing"):
        library.backup(target)
    assert target.read_bytes() == b"somebody's file"
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".partial")]


def test_a_file_that_happens_to_have_the_name_of_ours_stays(root: Path, tmp_path: Path) -> None:
    other = tmp_path / f".copy.db.{os.getpid()}.partial"
    other.write_bytes(b"somebody's file")
    with Library.open(root) as library:
        library.backup(tmp_path / "copy.db")
    assert other.read_bytes() == b"somebody's file"


def test_a_refused_restore_leaves_a_library_that_came_to_be_meanwhile(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, opened = tmp_path / "new", []

    def lock(path: Path) -> LibraryLock:  # somebody else is a little quicker
        opened.append(Library.open(folder))
        return LibraryLock(path)

    monkeypatch.setattr("core.backup.restore.LibraryLock", lock)
    with pytest.raises(LibraryError, match="other processes have the library"):
        restore(folder, root / "library.db")
    with opened[0] as library:
        library.store.backup(folder / "whole.db")
    assert {"library.db", "images", "pending", "staging", "trash"} <= set(os.listdir(folder))


def test_a_folder_that_is_only_named_like_an_unfinished_restore_stays(root: Path) -> None:
    mine = root / "library.db.preparing-notes"
    mine.mkdir()
    (mine / "mine.txt").write_text("mine")
    with Library.open(root):
        assert (mine / "mine.txt").exists()


def test_a_database_that_is_a_link_is_not_restored_over(root: Path, tmp_path: Path) -> None:
    with Library.open(root) as library:
        library.backup(tmp_path / "copy.db")
    shutil.move(root / "library.db", tmp_path / "moved.db")
    (root / "library.db").symlink_to(tmp_path / "moved.db")
    before = files(tmp_path)
    with pytest.raises(LibraryError, match=r"library\.db is a link; put the file itself in its place"):
        restore(root, tmp_path / "copy.db")
    assert files(tmp_path) == before


def test_a_private_database_stays_private_in_a_backup_and_after_a_restore(root: Path, tmp_path: Path) -> None:
    (root / "library.db").chmod(0o600)
    with Library.open(root) as library:
        library.backup(tmp_path / "copy.db")
        library.backup_with_images(tmp_path / "folder")
    for copy in (tmp_path / "copy.db", tmp_path / "folder" / "library.db"):
        assert copy.stat().st_mode & 0o777 == 0o600
    restore(root, tmp_path / "copy.db")
    assert (root / "library.db").stat().st_mode & 0o777 == 0o600


def test_a_refused_restore_into_nothing_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database")
    before = files(tmp_path)
    with pytest.raises(SourceError):
        restore(tmp_path / "new", tmp_path / "text")
    assert files(tmp_path) == before


HOSTILE = {
    "a trigger": (
        "CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM models; END",
        "the trigger t is not ours",
    ),
    "an open entry": (
        "INSERT INTO journal (op, kind, moves, open, at) VALUES ('../x', 'promote', '[]', 1, 1)",
        "was not written by this program",
    ),
    "a column more": ("ALTER TABLE tags ADD COLUMN more", "the table tags is defined differently"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_backup_that_could_not_be_opened_is_not_put_in_place(root: Path, tmp_path: Path, kind: str) -> None:
    sql, reason = HOSTILE[kind]
    shutil.copy(root / "library.db", tmp_path / "backup.db")
    with closing(sqlite3.connect(tmp_path / "backup.db", isolation_level=None)) as connection:
        connection.execute(sql)
    before = files(root), (root / "library.db").read_bytes()
    with pytest.raises(SourceError, match=reason):
        restore(root, tmp_path / "backup.db")
    assert (files(root), (root / "library.db").read_bytes()) == before
    assert not list(root.glob("library.db?*"))


def test_what_lies_in_place_of_an_image_is_missing_in_a_backup(root: Path, tmp_path: Path) -> None:
    pictures = sorted((root / "images").rglob("*.webp"))
    for picture in pictures[:3]:
        picture.unlink()
    pictures[0].symlink_to("/etc/passwd")
    os.mkfifo(pictures[1])
    pictures[2].mkdir()
    with Library.open(root) as library:
        report = library.backup_with_images(tmp_path / "copy")
    assert sorted(report.missing) == [str(picture.relative_to(root)) for picture in pictures[:3]]
    assert not [path for path in (tmp_path / "copy").rglob("*") if path.is_symlink() or path.is_fifo()]
