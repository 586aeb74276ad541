"""One row of the old database: whatever its columns hold, as much as possible is imported and nothing is lost."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from core.importing.legacy.rows import LegacyRow, read_row
from core.importing.legacy.values import Value


def row(**values: Value) -> LegacyRow:
    return tagged((), **values)


def tagged(tags: tuple[int, ...], /, **values: Value) -> LegacyRow:
    return read_row(7, {"id": 7, **values}, tags, {1: "one", 2: "two"})


def fields(found: LegacyRow) -> list[str]:
    assert all(problem.row == 7 for problem in found.problems)
    return [problem.field for problem in found.problems]


def extra(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_a_plain_row() -> None:
    found = tagged(
        (1, 2), path=b"/m/a.safetensors", name="Ä".encode(), type=b"lora", size_bytes=12, created_at=1_700_000_000_000,
        hash_hex=b"AB" * 32, meta_json=b'{"old": [1]}',
        extra_json=extra({"unknown": {"x": 0}, "images": ["/media/a.png"]}),
    )  # fmt: skip
    assert (found.row, found.path, found.name, found.type) == (7, "/m/a.safetensors", "Ä", "lora")
    assert (found.size_bytes, found.created_at, found.sha256) == (12, 1_700_000_000_000, "ab" * 32)
    assert found.meta_json == {"unknown": {"x": 0}, "legacy_meta_json": {"old": [1]}}
    assert [(image.field, image.stored, image.name) for image in found.images] == [("images", "/media/a.png", "a.png")]
    assert found.tags == (1, 2)
    assert found.problems == ()


def test_a_row_of_nulls_and_one_without_columns_are_empty_and_no_problem() -> None:
    nulls: dict[str, Value] = dict.fromkeys(
        ("path", "name", "type", "size_bytes", "hash_hex", "created_at", "meta_json")
    )
    for found in (row(**nulls, extra_json=None, more=None), row(), row(extra_json=b"", hash_hex=b"", more=b"")):
        assert (found.path, found.name, found.type, found.size_bytes, found.created_at) == ("", "", "", 0, 0)
        assert (found.sha256, found.meta_json, found.images, found.problems) == (None, {}, (), ())


@pytest.mark.parametrize(
    "text", ['{"a": "unterminated', "[1, 2]", "null", '"x"', '{"a": NaN}', '{"a": 1, "a": 2}', "   "]
)
def test_extra_json_that_is_no_object_is_kept_as_text(text: str) -> None:
    found = row(name=b"still here", extra_json=text.encode())
    assert found.meta_json == {"legacy_raw": text}
    assert found.name == "still here"
    assert fields(found) == ["extra_json"]


def test_extra_json_of_another_type() -> None:
    assert row(extra_json=5).meta_json == {"legacy_raw": "5"}
    assert fields(row(extra_json=5)) == ["extra_json"]


@pytest.mark.parametrize("stored", [b'{"a": "\xff\\n"}', b"nul \0 \\x00", b"\\xff\xff"])
def test_bytes_that_are_no_text_can_be_had_back(stored: bytes) -> None:
    found = row(extra_json=stored, name=stored)
    for text in (found.meta_json["legacy_raw"], found.name):
        assert text.encode().decode("unicode_escape").encode("latin-1") == stored
        assert "\0" not in text
    assert set(fields(found)) == {"extra_json", "name"}


def test_numbers_that_are_none_are_zero_and_named() -> None:
    found = row(size_bytes=b"12 MB", created_at=b"yesterday")
    assert (found.size_bytes, found.created_at) == (0, 0)
    reasons = {problem.field: problem.reason for problem in found.problems}
    assert "12 MB" in reasons["size_bytes"]
    assert "yesterday" in reasons["created_at"]
    assert fields(row(size_bytes=-1)) == ["size_bytes"]
    assert fields(row(size_bytes=1.5)) == ["size_bytes"]
    assert fields(row(size_bytes=b"9223372036854775808")) == ["size_bytes"]


def test_numbers_written_otherwise_are_taken() -> None:
    found = row(size_bytes=b"12", created_at=1.7e12)
    assert (found.size_bytes, found.created_at, found.problems) == (12, 1_700_000_000_000, ())
    assert row(size_bytes=2**63 - 1, created_at=-(2**63)).problems == ()


@pytest.mark.parametrize("stored", [b"abc", b"g" * 64, b"a" * 63, b"a" * 65, b"\xff\0", 12, "\u0661".encode() * 64])
def test_a_hash_that_is_none_is_named_in_full(stored: Value) -> None:
    found = row(hash_hex=stored)
    assert found.sha256 is None
    assert fields(found) == ["hash_hex"]
    if stored != b"\xff\0":
        assert (stored.decode() if isinstance(stored, bytes) else str(stored)) in found.problems[0].reason


def test_a_path_that_is_no_utf8_still_leads_to_its_file() -> None:
    found = row(path=b"/m/caf\xe9.safetensors")
    assert os.fsencode(found.path) == b"/m/caf\xe9.safetensors"
    assert found.problems == ()


def test_a_nul_in_a_path_is_shown() -> None:
    found = row(path=b"/m/a\0b")
    assert found.path == "/m/a\\x00b"
    assert fields(found) == ["path"]


def test_columns_of_others_are_kept() -> None:
    found = row(rating=5, note=b"mine", blob=b"\xff", score=1.5, endless=float("inf"), none=None)
    assert found.meta_json == {
        "legacy_columns": {"rating": 5, "note": "mine", "blob": "\\xff", "score": 1.5, "endless": "inf"}
    }
    assert fields(found) == ["blob"]


@pytest.mark.parametrize(
    ("stored", "kept"),
    [
        *[(empty, None) for empty in (b"{}", b"[]", b"", b" ", b"null")],
        *[(b"0", 0), (b"[0]", [0]), (b"plain", "plain"), (5, 5)],
        (b'{"a": 1, "a": 2}', '{"a": 1, "a": 2}'),
        (b"[" * 200 + b"]" * 200, "[" * 200 + "]" * 200),
    ],
)
def test_the_old_meta_json(stored: Value, kept: Any) -> None:
    assert row(meta_json=stored).meta_json == ({} if kept is None else {"legacy_meta_json": kept})


def test_a_key_that_is_taken_loses_nothing() -> None:
    theirs = {"legacy_meta_json": "theirs", "legacy_meta_json_2": "too", "legacy_columns": 1, "legacy_raw": 2}
    found = row(extra_json=extra(theirs), meta_json=b"ours", more=3)
    assert found.meta_json == {**theirs, "legacy_meta_json_3": "ours", "legacy_columns_2": {"more": 3}}


def test_images_come_in_document_order_once_per_name() -> None:
    keys = {
        "thumbnail": "C:\\pics\\t.png", "keep": "x.png", "images": ["/media/a.png", "b.png", "../../etc/a.png"],
        "image": "b.png", "image_path": "1.png", "image_paths": ["2.png"], "preview": "3.png", "previews": ["4.png"],
        "preview_url": "https://example.org/5.png", "deeper": {"images": ["kept.png"]},
    }  # fmt: skip
    found = row(extra_json=extra(keys))
    names = [image.name for image in found.images]
    assert names == ["t.png", "a.png", "b.png", "1.png", "2.png", "3.png", "4.png", "5.png"]
    assert found.images[0].field == "thumbnail"
    assert found.images[2].field == "images"
    assert found.meta_json == {"keep": "x.png", "deeper": {"images": ["kept.png"]}}
    assert found.problems == ()


@pytest.mark.parametrize("value", [None, "", [], ["", None, []]])
def test_no_image_is_no_problem(value: Any) -> None:
    assert row(extra_json=extra({"images": value})) == row(extra_json=b"{}")


@pytest.mark.parametrize("value", [0, False, 1.5, {}, {"url": "a.png"}, [["a.png"]], "a/", "..", "C:\\.", ["/"]])
def test_an_image_that_is_no_name_is_reported_in_full(value: Any) -> None:
    found = row(extra_json=extra({"images": value}))
    assert (found.images, found.meta_json, fields(found)) == ((), {}, ["images"])
    item = value[0] if isinstance(value, list) else value
    assert json.dumps(item) in found.problems[0].reason


def test_a_bad_image_does_not_stop_the_others() -> None:
    found = row(extra_json=extra({"images": ["a.png", 5, "b.png"]}))
    assert [image.name for image in found.images] == ["a.png", "b.png"]
    assert fields(found) == ["images"]


def test_a_tag_that_is_not_there() -> None:
    found = tagged((1, 9))
    assert found.tags == (1,)
    assert fields(found) == ["tags"]
    assert "9" in found.problems[0].reason


def test_an_id_that_is_none_is_told() -> None:
    found = read_row(3, {"id": b"abc"}, (), {})
    assert found.row == 3
    assert "abc" in found.problems[0].reason
