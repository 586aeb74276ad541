"""Database copies, on request and before a migration; and reading a library that cannot be written."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from core import Library
from core.errors import LibraryError
from core.storage.readonly_copy import ReadOnlyCopy
from core.storage.schema import SCHEMAS, migrations
from tests.support.builders import add_pending, model_file, png, tables
from tests.support.paths import ROOT


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
    monkeypatch.setitem(SCHEMAS, "99_later", "")
    with Library.open(tmp_path / "library") as library:
        assert "rating" in library.store.db["models"].columns_dict
    (copy,) = (tmp_path / "library").glob("library.db.before-*")
    assert tables(copy) == before


def test_a_copy_aside_has_what_is_still_in_the_log(library: Library, tmp_path: Path) -> None:
    add_pending(library, model_file(tmp_path, "x"))
    aside = ReadOnlyCopy(library.root / "library.db")
    with closing(sqlite3.connect(aside.path)) as connection:
        assert connection.execute("SELECT count(*) FROM pending_import").fetchone() == (1,)
    aside.close()
    assert not aside.path.parent.exists()


READ_AS_NOBODY = """
import json, os, sys
from core.library import Library
from core.verify import check_library
check_library(Library.open(sys.argv[2], readonly=True))  # so that everything is imported
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
with Library.open(sys.argv[1], readonly=True) as library:
    report = check_library(library)
    print(json.dumps([[row.state for row in library.queue.all()], [f.code for f in report.findings], report.ok]))
"""


@pytest.fixture
def unwritable() -> Iterator[Path]:
    """A library with one import, closed, in a folder that nobody may write to, below one that all may enter."""
    folder = Path(tempfile.mkdtemp(prefix="model-curator-"))
    folder.chmod(0o755)
    root = folder / "library"
    with Library.open(root) as library:
        add_pending(library, "/nowhere", images=[png(1)])
    for path in [root, *root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield root
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_library_that_nobody_may_write_to_can_be_read_and_verified(unwritable: Path, library: Library) -> None:
    before = sorted(path.name for path in unwritable.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", READ_AS_NOBODY, str(unwritable), str(library.root)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [["missing"], [], True]
    assert sorted(path.name for path in unwritable.iterdir()) == before, "nothing was left beside the database"
