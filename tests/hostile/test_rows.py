"""Bad rows in an old database: they are imported as far as possible with their problems reported, good rows fully."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from core import Library
from core.domain.imports import ImportReport
from core.domain.records import PendingImport
from tests.support.builders import (
    LEGACY_SCHEMA,
    OldRow,
    add_model,
    add_pending,
    model_of,
    old_database,
    pending_of,
    tables,
)
from tests.support.cli import run

SHA = "ab" * 32
LOOSE = """
CREATE TABLE models (id INTEGER PRIMARY KEY, path, name, type, size_bytes, hash_hex, created_at, meta_json, extra_json);
CREATE TABLE tags (id INTEGER PRIMARY KEY, name, color, created_at);
CREATE TABLE model_tags (model_id, tag_id);
"""
GOOD = {"path": "/m/good", "name": "good", "type": "lora", "size_bytes": 1, "hash_hex": "", "created_at": 2}


def database(folder: Path, rows: Sequence[dict[str, Any]], script: str = LOOSE) -> Path:
    """Write an old database of a loose schema: any column may hold anything, text by way of ``CAST`` too."""
    path = folder / "old.sqlite3"
    connection = sqlite3.connect(path)
    try:
        connection.executescript(script)
        for row in rows:
            marks = ", ".join("CAST(? AS TEXT)" if isinstance(value, Text) else "?" for value in row.values())
            connection.execute(f"INSERT INTO models ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        connection.commit()
    finally:
        connection.close()
    return path


class Text(bytes):
    """Bytes that are stored as text, whatever they are."""


def problems(report: ImportReport, row: int) -> dict[str, str]:
    return {problem.field: problem.reason for problem in report.problems if problem.row == row}


def check_good(library: Library, pending_id: int) -> None:
    """Check that a good row beside the bad ones came in whole."""
    record = pending_of(library, pending_id)
    expected = PendingImport(pending_id, "/m/good", "good", "lora", 1, 2, {"kept": [1, {"a": None}]})
    assert record == expected


def good(number: int) -> dict[str, Any]:
    return {"id": number, **GOOD, "extra_json": '{"kept": [1, {"a": null}]}'}


RAW = {
    "broken": '{"description": "unfinished',
    "a list": '[{"description": "x"}]',
    "null": "null",
    "a text": '"x"',
    "100,000 levels": '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
    "5,000 digits": '{"a": ' + "7" * 5000 + "}",
    "NaN": '{"a": NaN}',
    "a lone surrogate": '{"a": "\\ud800"}',
    "a key twice": '{"a": 1, "a": 2}',
    "a NUL": '{"a": "\\u0000"}',
}


def test_json_that_is_none_is_kept_as_text(library: Library, tmp_path: Path) -> None:
    rows = [{**good(number), "extra_json": text} for number, text in enumerate(RAW.values(), 1)]
    report = library.import_legacy(database(tmp_path, [*rows, good(50)]))
    assert report.pending == len(RAW) + 1
    for number, (what, text) in enumerate(RAW.items(), 1):
        record = pending_of(library, number)
        assert record.name == "good", "the rest of the row came in"
        if what == "a NUL":
            assert record.meta_json == {"a": "\0"}
        else:
            assert record.meta_json == {"legacy_raw": text}
            assert list(problems(report, number)) == ["extra_json"], what
        assert run("show", number, "--json", library=library.root).object["meta_json"] == record.meta_json
    check_good(library, 50)
    assert problems(report, 50) == {}


def test_columns_missing_and_columns_added(library: Library, tmp_path: Path) -> None:
    script = "CREATE TABLE models (id INTEGER PRIMARY KEY, name, rating, 'a \"strange'' one', picture BLOB);"
    path = database(tmp_path, [], script)
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO models VALUES (4, 'n', 4.5, 'theirs', x'89504e47ff')")
    connection.commit()
    connection.close()
    report = library.import_legacy(path)
    record = pending_of(library, 4)
    assert (record.path, record.name, record.type, record.size_bytes, record.created_at) == ("", "n", "", 0, 0)
    columns = {"rating": 4.5, "a \"strange' one": "theirs", "picture": "\\x89PNG\\xff"}
    assert record.meta_json == {"legacy_columns": columns}
    missing = {problem.field for problem in report.problems if "no such column" in problem.reason}
    assert missing == {"path", "type", "size_bytes", "hash_hex", "created_at", "meta_json", "extra_json"}


def test_wrong_types_blobs_and_text_that_is_none(library: Library, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {**good(1), "size_bytes": "12 MB", "created_at": "yesterday", "hash_hex": 77, "name": 5, "type": 1.5},
        {**good(2), "name": b"\xff\x00blob", "extra_json": b'{"from": "a blob"}', "path": b"/m/blob"},
        {**good(3), "name": Text(b"caf\xe9"), "extra_json": Text(b'{"a": "\xe9"}'), "path": Text(b"/m/caf\xe9")},
        {**good(4), "size_bytes": 1e300, "created_at": b"\x00", "hash_hex": b"\xff\xfe" * 32},
    ]
    report = library.import_legacy(database(tmp_path, [*rows, good(9)]))
    first, second, third, fourth = (pending_of(library, number) for number in (1, 2, 3, 4))
    assert (first.name, first.type, first.size_bytes, first.created_at) == ("5", "1.5", 0, 0)
    told = problems(report, 1)
    assert set(told) == {"size_bytes", "created_at", "hash_hex"}
    assert "12 MB" in told["size_bytes"] and "yesterday" in told["created_at"] and "77" in told["hash_hex"]
    assert (second.name, second.meta_json, second.path) == ("\\xff\\x00blob", {"from": "a blob"}, "/m/blob")
    assert set(problems(report, 2)) == {"name"}
    assert (third.name, third.meta_json) == ("caf\\xe9", {"legacy_raw": '{"a": "\\xe9"}'})
    assert third.path == "/m/caf\udce9", "the path leads to the file all the same"
    assert set(problems(report, 3)) == {"name", "extra_json"}
    assert "1e+300" in problems(report, 4)["size_bytes"] and "\\xff\\xfe" in problems(report, 4)["hash_hex"]
    assert fourth.claimed_sha256 is None
    check_good(library, 9)
    assert problems(report, 9) == {}


def test_nul_in_every_text(library: Library, tmp_path: Path) -> None:
    columns = ("path", "name", "type", "hash_hex", "meta_json", "extra_json")
    row = {**good(1), **{column: Text(b"a\x00b") for column in columns}}
    report = library.import_legacy(database(tmp_path, [row, good(2)]))
    record = pending_of(library, 1)
    assert (record.path, record.name, record.type) == ("a\\x00b",) * 3
    assert record.meta_json == {"legacy_raw": "a\\x00b", "legacy_meta_json": "a\\x00b"}
    told = problems(report, 1)
    assert set(told) >= {"path", "name", "type", "hash_hex", "extra_json"}
    for args in (["pending"], ["show", "1"], ["pending", "--json"]):
        assert "\0" not in run(*args, library=library.root).out
    check_good(library, 2)


def test_two_rows_with_one_hash_and_a_hash_the_library_has(library: Library, tmp_path: Path) -> None:
    add_model(library, "cd" * 32, "/m/mine", meta={"mine": True}, tag_names=["mine"])
    mine = model_of(library, "cd" * 32)
    rows = [
        {**good(1), "hash_hex": SHA, "name": "first"},
        {**good(2), "hash_hex": SHA.upper(), "name": "second"},
        {**good(3), "hash_hex": "cd" * 32, "name": "third"},
    ]
    report = library.import_legacy(database(tmp_path, [*rows, good(4)]))
    assert (report.models, report.pending) == (1, 3)
    assert model_of(library, SHA).name == "first"
    waiting = [(number, pending_of(library, number).name) for number in library.queue.search()]
    assert waiting == [(2, "second"), (3, "third"), (4, "good")]
    assert [pending_of(library, number).claimed_sha256 for number in (2, 3)] == [SHA, "cd" * 32]
    assert model_of(library, "cd" * 32) == mine
    check_good(library, 4)


def test_ids_taken_and_ids_at_the_ends(library: Library, tmp_path: Path) -> None:
    for _ in range(2):
        add_pending(library, "/m/mine", name="mine")
    mine = [pending_of(library, number) for number in (1, 2)]
    numbers = (1, 2, 2**63 - 1, -(2**63), 0, 2**31, 2**31 - 1)
    rows = [{**good(0), "id": number, "name": f"old {number}"} for number in numbers]
    report = library.import_legacy(database(tmp_path, [*rows, good(7)]))
    assert report.pending == len(numbers) + 1
    assert [pending_of(library, number) for number in (1, 2)] == mine
    names = {row.name: row.id for row in library.queue.all()}
    assert len(names) == len(numbers) + 2 and names[f"old {2**31 - 1}"] == 2**31 - 1
    assert all(0 < number < 2**31 + len(names) for number in names.values()), "else no id would be left above them"
    assert add_pending(library, "/m/next") == max(names.values()) + 1
    check_good(library, 7)
    for number in names.values():
        assert library.processor.process_single_import(number, "skip").action_taken == "ignored"


def test_the_largest_numbers_come_through_to_json_and_screen(library: Library, tmp_path: Path) -> None:
    most = 2**63 - 1
    row = {**good(1), "size_bytes": most, "created_at": most, "extra_json": f'{{"n": {most}, "m": {-most - 1}}}'}
    report = library.import_legacy(database(tmp_path, [row, good(2)]))
    assert report.problems == ()
    record = pending_of(library, 1)
    assert (record.size_bytes, record.created_at, record.meta_json) == (most, most, {"n": most, "m": -most - 1})
    assert run("show", 1, "--json", library=library.root).object["size_bytes"] == most
    assert str(most) in run("show", 1, library=library.root).out.replace(",", "")
    check_good(library, 2)


def test_a_tag_name_under_another_id_and_untidy_tags(library: Library, tmp_path: Path) -> None:
    add_pending(library, "/m/mine", tag_names=["mine", "shared"])  # tags 1 and 2
    script = LOOSE + "INSERT INTO tags VALUES (1, 'theirs', NULL, 5), (7, 'shared', '#fff', 5), (8, NULL, 0, 0);"
    script += f"INSERT INTO tags VALUES (9, 'nul' || char(0) || 'tag', x'ff', 'never'), ({2**63 - 1}, 'last', '', 0);"
    script += f"INSERT INTO model_tags VALUES (5, 1), (5, 7), (5, 8), (5, 9), (5, {2**63 - 1}), ('x', 1), (5, 4711);"
    report = library.import_legacy(database(tmp_path, [good(5), good(6)], script))
    assert set(pending_of(library, 5).tags) == {"theirs", "shared", "nul\\x00tag", "last"}
    names = {name: number for number, name, *_ in tables(library.root / "library.db")["tags"]}
    assert (names["mine"], names["shared"], names["last"]) == (1, 2, 2**63 - 1)
    assert pending_of(library, 1).tags == ("mine", "shared")
    reasons = " ".join(problem.reason for problem in report.problems)
    for part in ("4711", '"id": 8', "never", '"model_id": "x"'):
        assert part in reasons, part
    add_pending(library, "/m/later", tag_names=["after the last id"])
    check_good(library, 6)


def test_rows_that_break_their_own_schema(library: Library, tmp_path: Path) -> None:
    """A NULL in a column that forbids it, as a damaged or hand-made database may hold."""
    path = old_database(tmp_path / "old.sqlite3", [OldRow(1, "/m/a"), OldRow(2, "/m/good", '{"a": 1}')])
    connection = sqlite3.connect(path)
    connection.executescript(f"PRAGMA writable_schema=ON; {_without_rules()}")
    connection.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE models SET path = NULL, type = NULL, hash_hex = NULL, created_at = NULL WHERE id = 1")
    connection.commit()
    connection.executescript(f"PRAGMA writable_schema=ON; {_with_rules()}")
    connection.close()
    report = library.import_legacy(path)
    assert report.pending == 2
    record = pending_of(library, 1)
    assert (record.path, record.type, record.claimed_sha256, record.created_at) == ("", "", None, 0)
    assert pending_of(library, 2).meta_json == {"a": 1}


def _without_rules() -> str:
    return "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'models';"


def _with_rules() -> str:
    models = json.dumps(LEGACY_SCHEMA.split(";")[0].strip())[1:-1].replace("\\n", "\n").replace("'", "''")
    return f"UPDATE sqlite_master SET sql = '{models}' WHERE name = 'models';"


@pytest.mark.parametrize("json_too", [False, True])
def test_the_command_says_all_of_it_and_ends_well(tmp_path: Path, json_too: bool) -> None:
    rows = [{**good(1), "extra_json": "[1]", "size_bytes": "many\x1b[31m\n"}, good(2)]
    path = database(tmp_path, rows)
    ran = run("import-legacy", path, *(["--json"] if json_too else []), library=tmp_path / "library")
    assert (ran.code, ran.err) == (0, "")
    if json_too:
        assert {problem["field"] for problem in ran.object["problems"]} == {"extra_json", "size_bytes"}
    else:
        assert "problems  2" in ran.out and "extra_json" in ran.out and ran.out.replace("\n", "").isprintable()
