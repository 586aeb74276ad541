"""The old database as a whole: read from a copy in any condition, and left byte for byte as it was."""

from __future__ import annotations

import os
import sqlite3
from itertools import islice
from pathlib import Path

import pytest

from core.importing.legacy.database import LegacyDatabase, LegacyTag
from tests.support.legacy import ROW, SCHEMA, make, picture


def ids(path: Path, scratch: Path) -> list[int]:
    with LegacyDatabase.open(path, scratch) as old:
        found = [row.row for row in old.rows()]
        assert old.count() == len(found)
    return found


def test_rows_tags_and_source(home: Path, scratch: Path) -> None:
    path = make(home, SCHEMA + """
        INSERT INTO tags VALUES (3, 'b', '#fff', 5), (1, 'a', NULL, NULL);
        INSERT INTO models VALUES (9, '/m/b', 'B', 'lora', 4, '', 7, NULL, '{"description": "x"}');
        INSERT INTO models VALUES (2, '/m/a', NULL, 'vae', NULL, '', 8, NULL, NULL);
        INSERT INTO model_tags VALUES (9, 3), (9, 1), (2, 3);
    """)  # fmt: skip
    link = home.parent / "link.sqlite3"
    link.symlink_to(path)
    before = picture(home)
    with LegacyDatabase.open(link, scratch) as old:
        assert old.source == os.path.realpath(path)
        assert (old.count(), old.highest_id(), old.problems) == (2, 9, ())
        assert old.tags() == [LegacyTag(1, "a", None, None), LegacyTag(3, "b", "#fff", 5)]
        first, second = old.rows()
        (folder,) = scratch.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
    assert (first.row, first.path, first.tags, second.row, second.tags) == (2, "/m/a", (3,), 9, (1, 3))
    assert second.meta_json == {"description": "x"}
    assert picture(home) == before
    old.close()  # a second time does nothing


def test_triggers_and_broken_views_beside_the_table_do_not_matter(home: Path, scratch: Path) -> None:
    path = make(home, SCHEMA + """
        CREATE TRIGGER t AFTER INSERT ON tags BEGIN DELETE FROM models; END;
        CREATE VIEW v AS SELECT * FROM gone;
        INSERT INTO models VALUES (1, '/a', '', '', 0, '', 0, NULL, NULL);
    """)  # fmt: skip
    assert ids(path, scratch) == [1]


def test_columns_missing_added_generated_and_oddly_named(home: Path, scratch: Path) -> None:
    path = make(home, """
        CREATE TABLE Models (Path, "a "" '; DROP" TEXT, rowid, size_bytes INTEGER CHECK (size_bytes > 5),
            type TEXT AS ('made'), numbered, at, links);
        PRAGMA ignore_check_constraints=ON;
        INSERT INTO models VALUES ('/b', 'odd', 'theirs', 3, 1, 2, 3), ('/a', NULL, NULL, NULL, NULL, NULL, NULL);
    """)  # fmt: skip
    with LegacyDatabase.open(path, scratch) as old:
        first, second = old.rows()
        assert {problem.field for problem in old.problems} == {
            "id", "name", "type", "hash_hex", "created_at", "meta_json", "extra_json", "tags", "model_tags",
        }  # fmt: skip
    assert (first.row, first.path, first.size_bytes, first.problems) == (1, "/b", 3, ())
    assert first.meta_json["legacy_columns"] == {
        "a \" '; DROP": "odd", "rowid": "theirs", "numbered": 1, "at": 2, "links": 3,
    }  # fmt: skip
    assert (second.row, second.meta_json) == (2, {})


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("(id, path)", [1, 2, 4, 5, 6, 2**63 - 1]),
        ("(id, path, rowid, _rowid_, oid)", [1, 2, 4, 5, 6, 2**63 - 1]),
        ("(id, path PRIMARY KEY) WITHOUT ROWID", [1, 2, 4, 5, 6, 2**63 - 1]),
    ],
)
def test_ids_that_are_none_or_taken(home: Path, scratch: Path, table: str, found: list[int]) -> None:
    rows = (1, "a"), (2, "b"), (9223372036854775807, "c"), ("'x'", "d"), ("NULL", "e"), (1, "f")
    inserts = "".join(f"INSERT INTO models (id, path) VALUES ({key}, '{path}');" for key, path in rows)
    links = """CREATE TABLE tags (id, name); INSERT INTO tags VALUES (1, 't');
        CREATE TABLE model_tags (model_id, tag_id); INSERT INTO model_tags VALUES ('x', 1), (2, 1);"""
    path = make(home, f"CREATE TABLE models {table}; {inserts} {links}")
    with LegacyDatabase.open(path, scratch) as old:
        assert old.highest_id() == 6
        known = {row.row: row for row in old.rows()}
    assert list(known) == found
    assert [row.path for row in known.values()] == ["a", "b", "d", "e", "f", "c"]
    assert [row.tags for row in known.values()] == [(), (1,), (1,), (), (), ()]
    assert [row.row for row in known.values() if row.problems] == [4, 5, 6]


def test_a_row_for_which_no_number_is_free_is_named_in_full(home: Path, scratch: Path) -> None:
    path = make(home, "CREATE TABLE models (id, path); INSERT INTO models VALUES ('x', '/a'), (1, '/b');")
    assert ids(path, scratch) == [-2, 1]
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO models VALUES (-2, '/c')")
    connection.close()
    with LegacyDatabase.open(path, scratch) as old:
        assert [row.path for row in old.rows()] == ["/c", "/b"]
        (left_out,) = (problem.reason for problem in old.problems if "skipped" in problem.reason)
    assert '{"id": "x", "path": "/a"}' in left_out


def test_untidy_tags(home: Path, scratch: Path) -> None:
    path = make(home, """
        CREATE TABLE models (id INTEGER PRIMARY KEY); INSERT INTO models VALUES (1);
        CREATE TABLE tags (id, name, created_at, more);
        INSERT INTO tags VALUES (1, 'a', 'never', NULL), (2, '', 0, NULL), (3, NULL, 0, NULL), (4, x'ff00', 0, NULL),
            (5, 'a', 0, 'extra'), (5, 'again', 0, NULL), ('six', 'six', 0, NULL), (7, x'37', 0, NULL);
        CREATE TABLE model_tags (model_id, tag_id);
        INSERT INTO model_tags VALUES (1, 1), (1, 1), (1, 2), (1, 4), (1, 5), (1, 77), (1, 'x'), (NULL, 1), (8, 1);
    """)  # fmt: skip
    with LegacyDatabase.open(path, scratch) as old:
        assert [(tag.id, tag.name) for tag in old.tags()] == [(1, "a"), (4, "\\xff\\x00"), (5, "a"), (7, "7")]
        (row,) = old.rows()
        reasons = [problem.reason for problem in old.problems]
    assert row.tags == (1, 4, 5)
    assert ["2" in row.problems[0].reason, "77" in row.problems[1].reason] == [True, True]
    for part in ("never", '"id": 2', '"id": 3', "not valid UTF-8", "name of tag 1", '"more": "extra"', "again", "six"):
        assert sum(part in reason for reason in reasons) == 1, part
    for part in ('{"model_id": 1, "tag_id": "x"}', '{"tag_id": 1}', '"model_id": 8'):
        assert sum(part in reason for reason in reasons) == 1, part


def test_tags_that_are_a_view_are_left_alone(home: Path, scratch: Path) -> None:
    path = make(home, """
        CREATE TABLE models (id INTEGER PRIMARY KEY); INSERT INTO models VALUES (1);
        CREATE VIEW tags AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id FROM n) SELECT id, id AS name FROM n;
        CREATE TABLE model_tags (model_id);
    """)  # fmt: skip
    with LegacyDatabase.open(path, scratch) as old:
        assert (old.tags(), [row.tags for row in old.rows()]) == ([], [()])
        reasons = {problem.field: problem.reason for problem in old.problems}
    assert "a view" in reasons["tags"]
    assert "no column tag_id" in reasons["model_tags"]


def test_utf16_and_text_that_is_no_text(home: Path, scratch: Path) -> None:
    path = make(home, "PRAGMA encoding='UTF-16le';" + SCHEMA + """
        INSERT INTO models VALUES (1, '/ä', 'ö', 'lora', 0, '', 0, NULL, '{"a": "ü"}');
    """)  # fmt: skip
    with LegacyDatabase.open(path, scratch) as old:
        (row,) = old.rows()
    assert (row.path, row.name, row.meta_json, row.problems) == ("/ä", "ö", {"a": "ü"}, ())
    path.unlink()
    path = make(
        home, SCHEMA + "INSERT INTO models VALUES (1, CAST(x'2fff' AS TEXT), x'00', 'lora', 0, '', 0, NULL, x'ff');"
    )
    with LegacyDatabase.open(path, scratch) as old:
        (row,) = old.rows()
    assert (os.fsencode(row.path), row.name, row.meta_json) == (b"/\xff", "\\x00", {"legacy_raw": "\\xff"})


def test_rows_come_one_by_one_and_more_than_once(home: Path, scratch: Path) -> None:
    path = make(home, SCHEMA)
    with sqlite3.connect(path) as connection:
        connection.executemany(ROW, [(n, f"/{n}") for n in range(2000, 0, -1)])
    connection.close()
    with LegacyDatabase.open(path, scratch) as old:
        assert [row.row for row in islice(old.rows(), 3)] == [1, 2, 3]
        assert [row.row for row in old.rows()] == list(range(1, 2001))
