"""Old databases crafted to run code or never finish, or damaged at random: quick answers, no foreign code runs."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import Library
from core.errors import SourceError
from core.importing.legacy.database import LegacyDatabase, LegacyRow
from core.importing.legacy.rows import MODEL_COLUMNS, read_row
from tests.support.audit import audited_process
from tests.support.builders import LEGACY_SCHEMA, OldRow, digest, old_database, pending_of, snapshot
from tests.support.cli import run

ROUNDS = 200
SOON = 20  # seconds: what is refused here would take hours
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i"
VIEW = f"{ENDLESS} AS id, 'p' || i AS path FROM n"
LINKS = "CREATE TABLE tags (id INTEGER PRIMARY KEY, name); CREATE TABLE model_tags (model_id, tag_id);"
ONE = "INSERT INTO models (id, path, type, hash_hex, created_at) VALUES (1, '/a', 'lora', '', 0);"

REFUSED = {
    "view": "CREATE VIEW models AS SELECT 1 AS id, '/a' AS path;",
    "endless view": f"CREATE VIEW models AS {VIEW};",
    "view over many": "CREATE TABLE t (i); CREATE VIEW models AS SELECT a.i AS id FROM t a, t b, t c, t d, t e;",
    "virtual table": "CREATE VIRTUAL TABLE models USING fts5(id, path);",
    "huge generated column": "CREATE TABLE models (id, g TEXT NOT NULL AS (hex(zeroblob(40000000))));"
    "INSERT INTO models (id) VALUES (1);",
    "slow generated column": "CREATE TABLE models (id INTEGER PRIMARY KEY, path);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    "INSERT INTO models SELECT i, i FROM n;"
    "PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql = 'CREATE TABLE models (id INTEGER PRIMARY KEY, path,"
    " g TEXT NOT NULL AS (hex(zeroblob(9000000 + id))))' WHERE name = 'models';",
}


@pytest.fixture
def full(library: Library, tmp_path: Path) -> Library:
    """A library in which something is already."""
    path = old_database(tmp_path / "first.sqlite3", [OldRow(1, "/m/1", {"a": 1}, tags=(1,))], {1: "t"})
    library.import_legacy(path)
    return library


def make(path: Path, script: str) -> Path:
    connection = sqlite3.connect(path)
    try:
        connection.executescript(script)
    finally:
        connection.close()
    return path


@pytest.mark.parametrize("kind", REFUSED)
def test_a_database_that_would_run_something_is_refused_soon(full: Library, tmp_path: Path, kind: str) -> None:
    path = make(tmp_path / "old.sqlite3", REFUSED[kind] + LINKS)
    original, before, start = path.read_bytes(), snapshot(full), time.monotonic()
    ran = run("import-legacy", path, "--json", library=full.root)
    assert str(path) in ran.failed(1)
    assert time.monotonic() - start < SOON
    assert (snapshot(full), path.read_bytes()) == (before, original)


def test_an_endless_view_behind_every_other_table_ends_in_time(full: Library, tmp_path: Path) -> None:
    path = make(
        tmp_path / "old.sqlite3",
        LEGACY_SCHEMA + ONE + f"DROP TABLE tags; DROP TABLE model_tags; CREATE VIEW tags AS {VIEW};"
        f"CREATE VIEW model_tags AS {ENDLESS} AS model_id, i AS tag_id FROM n; CREATE VIEW more AS {VIEW};",
    )
    start = time.monotonic()
    report = full.import_legacy(path)
    assert time.monotonic() - start < SOON
    assert report.pending == 1
    assert {problem.field for problem in report.problems} >= {"tags", "model_tags"}


def test_functions_in_the_schema_do_not_run(full: Library, tmp_path: Path) -> None:
    """A default, a check, an index, a view and triggers, each of which calls a function once it is run."""
    table = """CREATE TABLE models (id INTEGER PRIMARY KEY, path TEXT DEFAULT (writefile(''evil'', ''x'')),
        type TEXT CHECK (type <> load_extension(''evil'')), v TEXT AS (upper(path)))"""
    path = make(
        tmp_path / "old.sqlite3",
        f"""CREATE TABLE models (id INTEGER PRIMARY KEY, path TEXT, type TEXT); {LINKS}
        INSERT INTO models VALUES (1, '/a', 'lora'); INSERT INTO tags VALUES (1, 't');
        CREATE VIEW bait AS SELECT load_extension('evil') AS x;
        CREATE TRIGGER t1 BEFORE INSERT ON models BEGIN SELECT load_extension('evil'); END;
        CREATE TRIGGER t2 AFTER DELETE ON tags BEGIN DELETE FROM models; SELECT load_extension('evil'); END;
        PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql = '{table}' WHERE name = 'models';""",
    )
    script = "with Library.open(args[0]) as library:\n    answer = library.import_legacy(args[1]).pending"
    done = audited_process(script, full.root, path)
    assert (done.answer, done.started) == (1, [])
    assert not [name for name, _ in done.opened if "evil" in name]


def test_triggers_change_nothing_of_what_is_read(full: Library, tmp_path: Path) -> None:
    trigger = "CREATE TRIGGER {}_{} AFTER {} ON {} BEGIN DELETE FROM models; UPDATE tags SET name = 'gone'; END;"
    path = make(
        tmp_path / "old.sqlite3",
        LEGACY_SCHEMA
        + ONE
        + "INSERT INTO tags VALUES (1, 't', NULL, 0); INSERT INTO model_tags VALUES (1, 1);"
        + "".join(
            trigger.format(what, table, what, table)
            for what in ("INSERT", "UPDATE", "DELETE")
            for table in ("models", "tags", "model_tags")
        ),
    )
    original = path.read_bytes()
    assert full.import_legacy(path).pending == 1
    (number,) = (row.id for row in full.queue.all() if row.path == "/a")
    assert pending_of(full, number).tags == ("t",)
    assert path.read_bytes() == original


def test_names_with_quotes(full: Library, tmp_path: Path) -> None:
    odd = 'it\'s "odd"; DROP TABLE models; --`[x]'
    quoted = '"' + odd.replace('"', '""') + '"'
    path = make(
        tmp_path / 'it\'s "old".sqlite3',
        f'CREATE TABLE "MODELS" (id INTEGER PRIMARY KEY, path, {quoted}, "a]b", "`", \'\U0001f600\');'
        f'CREATE TABLE {quoted} (id); CREATE INDEX "i\'dx" ON models ({quoted}); {LINKS}'
        "INSERT INTO models VALUES (9, '/odd', 'kept', 2, 3, 4);",
    )
    assert full.import_legacy(path).pending == 1
    assert pending_of(full, 9).meta_json == {"legacy_columns": {odd: "kept", "a]b": 2, "`": 3, "\U0001f600": 4}}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of an old database of small pages, so that flips meet every kind of page."""
    path = tmp_path_factory.mktemp("sound") / "old.sqlite3"
    make(path, "PRAGMA page_size=1024; VACUUM;")
    chance = random.Random(5)
    rows = [
        OldRow(
            number,
            f"/models/{'x' * chance.randrange(60)}{number}",
            {"description": "d" * chance.randrange(900), "n": number},
            hash_hex=digest(b"%d" % number) if number % 3 == 0 else "",
            meta_json='{"a": 1}' if number % 5 == 0 else None,
            tags=(number % 4 + 1,),
        )
        for number in range(1, 41)
    ]
    return old_database(path, rows, {1: "one", 2: "two", 3: "three", 4: "four"}).read_bytes()


def flipped(data: bytes, seed: int) -> bytes:
    """Return the bytes with one to three bits turned over."""
    chance, damaged = random.Random(seed), bytearray(data)
    for _ in range(chance.randint(1, 3)):
        # a third of them in the file's head and the schema, where the structure is
        at = chance.randrange(1024 if chance.random() < 0.33 else len(damaged))
        damaged[at] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def as_sqlite_reads(path: Path) -> Iterator[LegacyRow]:
    """Give the rows as a plain connection of this test's own reads their values."""
    connection = sqlite3.connect(path)
    connection.text_factory = bytes
    try:
        raws = [raw for _, raw, *_ in connection.execute("PRAGMA table_info(models)")]
        names = [raw.decode() for raw in raws if raw.decode(errors="ignore").encode() == raw]
        known = {name.lower() if name.lower() in MODEL_COLUMNS else name: name for name in names}
        tags = {n: name for n, name in connection.execute("SELECT id, name FROM tags") if name and name.strip()}
        links: dict[object, list[int]] = {}
        for model, tag in connection.execute("SELECT model_id, tag_id FROM model_tags"):
            if isinstance(tag, int):
                links.setdefault(model, []).append(tag)
        selected = ", ".join(f'"{name}"' for name in known.values())
        for values in connection.execute(f"SELECT {selected} FROM models ORDER BY rowid"):
            row = dict(zip(known, values, strict=True))
            yield read_row(row["id"], row, sorted(set(links.get(row["id"], []))), tags)
    finally:
        connection.close()


def test_random_bit_flips_are_refused_or_read_as_sqlite_reads_them(full: Library, tmp_path: Path, sound: bytes) -> None:
    refused = read = changed = 0
    (tmp_path / "whole").write_bytes(sound)
    whole = list(as_sqlite_reads(tmp_path / "whole"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for seed in range(ROUNDS):
        path = tmp_path / f"{seed}.sqlite3"
        path.write_bytes(flipped(sound, seed))
        waiting = len(full.queue.search())
        try:
            with LegacyDatabase.open(path, scratch) as old:
                rows = list(old.rows())
        except SourceError as error:
            refused += 1
            assert "\n" not in str(error) and len(str(error)) < 600
            with pytest.raises(SourceError):
                full.import_legacy(path)
            assert len(full.queue.search()) == waiting
        else:
            read += 1
            assert rows == list(as_sqlite_reads(path)), seed
            changed += rows != whole
            report = full.import_legacy(path)
            assert report.models + report.pending == len(rows)
        assert list(scratch.iterdir()) == []
        assert path.read_bytes() == flipped(sound, seed)
    assert refused > ROUNDS // 10 and read > ROUNDS // 10 and changed > ROUNDS // 20, (refused, read, changed)
    assert all(json.dumps(pending_of(full, number).meta_json) for number in full.queue.search())
