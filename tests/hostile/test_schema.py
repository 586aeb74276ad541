"""A foreign schema: it is named, and prevents writing or reading the library where that matters."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from core import Library
from core.errors import SchemaForeign
from core.storage import schema_check
from core.storage.schema import SCHEMAS, migrations
from core.verify import check_library, verify_folder
from core.verify.findings import FindingCode
from tests.support.builders import tables
from tests.support.cli import run
from tests.support.payloads import GOOD, KINDS, damage, template


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the library; its model files are shared, and nothing writes to them."""
    shutil.copytree(template() / "library", tmp_path / "library")
    return tmp_path / "library"


NOTED = {
    "an index missing": "DROP INDEX model_tags_tag",
    "the index that keeps to one open entry missing": "DROP INDEX journal_one_open",
    "another's table": "CREATE TABLE notes (x)",
    "another's index": "CREATE INDEX mine ON tags (color)",
}
NOT_WRITTEN = {
    "a trigger": "CREATE TRIGGER t AFTER UPDATE ON pending_import BEGIN DELETE FROM models; END",
    "a view": "CREATE VIEW v AS SELECT 1",
    "a virtual table": "CREATE VIRTUAL TABLE v USING fts5(x)",
    "a column too many": "ALTER TABLE models ADD COLUMN rating INTEGER",
}
NOT_READ = {
    "a table missing": "DROP TABLE file_hashes",
    "a column missing": "ALTER TABLE pending_import DROP COLUMN picks",
    "a view in place of a table": """ALTER TABLE tags RENAME TO t;
        CREATE VIEW tags AS WITH RECURSIVE r(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM r)
        SELECT id, 'x' AS name, NULL AS color, NULL AS created_at FROM r""",
    "a computed column": """DROP TABLE tags; CREATE TABLE tags (id INTEGER PRIMARY KEY, color TEXT, created_at INTEGER,
        name TEXT AS (hex(zeroblob(100000000))))""",
    "a virtual table in place of one": """DROP TABLE tags;
        CREATE VIRTUAL TABLE tags USING fts5(id, name, color, created_at)""",
    "the steps a view": """DROP TABLE _sqlite_migrations;
        CREATE VIEW _sqlite_migrations AS SELECT 'model-curator' AS migration_set, '7_pictures_beside' AS name""",
}


def _without_check(root: Path) -> None:
    """Take a constraint away, as a database of a stranger may never have had it."""
    with closing(sqlite3.connect(root / "library.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'CHECK (decision IN', 'CHECK (1 OR decision IN') "
            "WHERE name = 'pending_import'"
        )


def _change_schema(root: Path, script: str) -> None:
    with closing(sqlite3.connect(root / "library.db")) as connection:
        connection.executescript(script)


@pytest.mark.parametrize("name", [*NOTED, *NOT_WRITTEN, *NOT_READ, "a constraint missing"])
def test_a_schema_that_is_not_ours_is_named(root: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.verify.check_flow", tuple)  # takes seconds, and nothing of this library
    if name == "a constraint missing":
        _without_check(root)
        damage(root, KINDS["a decision nobody knows"].sql)
    else:
        _change_schema(root, {**NOTED, **NOT_WRITTEN, **NOT_READ}[name])
    report = verify_folder(root)
    assert not report.ok and FindingCode.SCHEMA_FOREIGN in {finding.code for finding in report.findings}
    before = tables(root / "library.db") if name not in NOT_READ else None
    if name in NOTED:
        assert run("promote", GOOD, library=root).code == 0
        return
    sentence = run("promote", GOOD, library=root).failed(1)
    assert "changed by another program" in sentence and "restore a backup" in sentence
    if name in NOT_READ:
        assert "changed by another program" in run("pending", library=root).failed(1)
    else:
        assert run("pending", "--json", library=root).object["pending"][1]["id"] == GOOD
        assert tables(root / "library.db") == before


def test_the_digests_are_those_of_the_steps() -> None:
    steps = [*SCHEMAS]
    with closing(Database(memory=True)) as empty:
        assert [step.name for step in migrations.pending(empty)] == steps
    for number, step in enumerate(steps):
        db = Database(memory=True)
        migrations.apply(db, stop_before=steps[number + 1 : number + 2])
        assert schema_check.digest(schema_check.objects_of(db)) == SCHEMAS[step]
        assert schema_check.differences(db, set(steps[: number + 1])) == []
        db.close()


@pytest.mark.parametrize("step", [*SCHEMAS][1:])
def test_an_old_library_is_compared_with_its_own_step(tmp_path: Path, step: str) -> None:
    for evil in (False, True):
        root = tmp_path / str(evil)
        root.mkdir()
        db = Database(str(root / "library.db"))
        migrations.apply(db, stop_before=step)
        if evil:
            db.execute("CREATE TRIGGER t AFTER INSERT ON _sqlite_migrations BEGIN DELETE FROM models; END")
        db.close()
        if evil:
            with pytest.raises(SchemaForeign, match="the trigger t is not ours"):
                Library.open(root)
            assert not list(root.glob("library.db.before-*"))
        else:
            with Library.open(root) as library:
                assert schema_check.applied(library.store.db) == SCHEMAS.keys()
                assert check_library(library).ok
