"""Copies of the database: on request, and before its schema changes; and reading where nothing can be written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from core import Library
from core.errors import LibraryError
from core.migrations import migrations
from core.store.aside import Aside
from tests.builders import add_pending, model_file, png, tables


def test_a_backup_holds_every_row(library: Library, tmp_path: Path) -> None:
    add_pending(library, model_file(tmp_path, "x"), images=[png(1)])
    library.backup(tmp_path / "copy.db")
    assert tables(tmp_path / "copy.db") == tables(library.root / "library.db")
    assert sorted(path.name for path in tmp_path.glob("*copy*")) == ["copy.db"]


def test_a_backup_overwrites_nothing(library: Library, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("mine")
    with pytest.raises(LibraryError, match="overwrites nothing"):
        library.backup(target)
    assert target.read_text() == "mine"


def test_a_backup_that_cannot_be_written_leaves_nothing(library: Library, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="could not be copied"):
        library.backup(tmp_path / "nowhere" / "copy.db")
    assert not (tmp_path / "nowhere").exists()


def test_before_a_migration_the_database_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Library.open(tmp_path / "library") as library:
        add_pending(library, model_file(tmp_path, "x"))
    before = tables(tmp_path / "library" / "library.db")

    def later(db: Database) -> None:
        db.execute("ALTER TABLE models ADD COLUMN rating INTEGER")

    steps = list(migrations._migrations)
    monkeypatch.setattr(migrations, "_migrations", steps)
    migrations(name="99_later")(later)
    with Library.open(tmp_path / "library") as library:
        assert "rating" in library.store.db["models"].columns_dict
    (copy,) = (tmp_path / "library").glob("library.db.before-*")
    assert tables(copy) == before


def test_a_copy_aside_has_what_is_still_in_the_log(library: Library, tmp_path: Path) -> None:
    add_pending(library, model_file(tmp_path, "x"))
    aside = Aside(library.root / "library.db")
    with closing(sqlite3.connect(aside.path)) as connection:
        assert connection.execute("SELECT count(*) FROM pending_import").fetchone() == (1,)
    aside.close()
    assert not aside.path.parent.exists()
