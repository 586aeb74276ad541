"""The private copy: anything but an old database is refused with a message, and the original stays byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import SourceError
from core.importing.legacy import private_copy
from core.importing.legacy.database import LegacyDatabase
from tests.support.legacy import ROW, SCHEMA, make, picture


def refused(path: str | Path, scratch: Path, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as caught:
        LegacyDatabase.open(path, scratch)
    text = str(caught.value)
    assert "\n" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_database_whose_program_died_is_recovered_in_the_copy_only(home: Path, scratch: Path, mode: str) -> None:
    path = make(home, f"PRAGMA journal_mode={mode};" + SCHEMA)
    script = f"""if True:
        import os, sqlite3
        connection = sqlite3.connect({str(path)!r}, isolation_level=None)
        connection.execute("PRAGMA cache_size=3")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("BEGIN")
        connection.executemany({ROW!r}, [(n, "x" * 500 + str(n)) for n in range(1, 101)])
        connection.execute("COMMIT")
        connection.execute("BEGIN")
        connection.execute("UPDATE models SET path = 'uncommitted' || path")
        os._exit(0)
    """
    subprocess.run([sys.executable, "-c", script], check=True)
    side = path.with_name(path.name + ("-wal" if mode == "WAL" else "-journal"))
    assert side.stat().st_size > 0
    assert mode == "WAL" or b"uncommitted" in path.read_bytes()
    before = picture(home)
    with LegacyDatabase.open(path, scratch) as old:
        paths = [row.path for row in old.rows()]
    assert len(paths) == 100
    assert {path[:1] for path in paths} == {"x"}
    assert picture(home) == before


def test_a_journal_that_names_another_file_is_refused_and_that_file_lives(home: Path, scratch: Path) -> None:
    path = make(home, SCHEMA)
    victim = home / "precious"
    victim.write_text("mine")
    name = os.fsencode(victim)
    tail = len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big") + bytes.fromhex("d9d505f920a163d7")
    path.with_name(path.name + "-journal").write_bytes(b"\0" * 512 + name + tail)
    before = picture(home)
    refused(path, scratch, "multi-database transaction")
    assert picture(home) == before


def test_files_that_are_no_database(home: Path, scratch: Path) -> None:
    refused(home / "none.sqlite3", scratch, "There is no file")
    refused(home / "none" / "none.sqlite3", scratch, "There is no file")
    refused(home, scratch, "is a folder")
    refused("a\0b", scratch, "NUL")
    fifo, empty, text = home / "fifo", home / "empty", home / "e\x1b[31mvil"
    os.mkfifo(fifo)
    empty.touch()
    text.write_text("not SQLite")
    refused(fifo, scratch, "not a regular file")
    refused("/dev/zero", scratch, "not a regular file")
    refused(empty, scratch, "no table models")
    refused(text, scratch, "not an SQLite database")


def test_a_wal_that_is_no_file_does_not_hang(home: Path, scratch: Path) -> None:
    path = make(home, SCHEMA)
    os.mkfifo(path.with_name(path.name + "-wal"))
    refused(path, scratch, "not a regular file")


def test_a_database_that_changes_meanwhile(home: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(home, SCHEMA)
    copy = private_copy._copy

    def copy_while_somebody_writes(source: str, target: Path, wanted: private_copy.Wanted) -> None:
        copy(source, target, wanted)
        path.with_name(path.name + "-journal").touch()

    monkeypatch.setattr(private_copy, "_copy", copy_while_somebody_writes)
    refused(path, scratch, "changed while")


def test_a_database_cut_anywhere_is_refused(home: Path, scratch: Path) -> None:
    rows = "".join(
        f"INSERT INTO models VALUES ({n}, '{'p' * 900}{n}', '', '', 0, '', 0, NULL, NULL);" for n in range(60)
    )
    path = make(home, SCHEMA + rows)
    whole = path.read_bytes()
    for length in (len(whole) - 1, len(whole) - 2048, len(whole) // 2, len(whole) // 2 + 100, 4096, 100, 20):
        path.write_bytes(whole[:length])
        refused(path, scratch, "damaged|cannot be read")
    middle = len(whole) // 8192 * 4096
    path.write_bytes(whole[:middle] + b"\xa5" * 4096 + whole[middle + 4096 :])
    refused(path, scratch, "damaged|cannot be read")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE TABLE other (id)", "no table models"),
        (
            "CREATE VIEW models AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id FROM n) SELECT id FROM n",
            "a view",
        ),
        ("CREATE VIRTUAL TABLE models USING fts5(id, path)", "a virtual table"),
        (
            "CREATE TABLE models (id, g TEXT NOT NULL AS (hex(zeroblob(40000000)))); INSERT INTO models VALUES (1)",
            "too big",
        ),
    ],
)
def test_what_would_run_foreign_code_is_refused(home: Path, scratch: Path, sql: str, reason: str) -> None:
    path = make(home, sql)
    before = picture(home)
    refused(path, scratch, reason)
    assert picture(home) == before


def test_a_view_that_says_it_is_a_table_is_refused(home: Path, scratch: Path) -> None:
    path = make(home, """
        CREATE TABLE other (id); CREATE VIEW models AS SELECT 1 AS id; PRAGMA writable_schema=ON;
        UPDATE sqlite_master SET type = 'table', rootpage = 2 WHERE name = 'models';
    """)  # fmt: skip
    refused(path, scratch, "not a table|cannot be read|damaged")


def test_a_database_that_takes_too_long(home: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, i, '', '', 0 FROM n"
    )
    path = make(home, SCHEMA + f"INSERT INTO models (id, path, type, hash_hex, created_at) {numbers};")
    monkeypatch.setattr(private_copy, "SECONDS", -60.0)
    refused(path, scratch, "too long")
