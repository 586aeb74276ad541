"""Values that hypothesis makes up for an old database: nothing of them is lost, and no one of them stops an import.

``MODEL_CURATOR_THOROUGH=1`` tries ten times as many.
"""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import Library
from core.importing.legacy.rows import IMAGE_KEYS
from tests.support.builders import pending_of
from tests.support.cli import run

thorough = settings(max_examples=500 if os.environ.get("MODEL_CURATOR_THOROUGH") else 50, deadline=None)
_counter = itertools.count()

_KEYS = st.one_of(st.text(max_size=6), st.sampled_from(sorted(IMAGE_KEYS)), st.just("\ud800"))
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(2**62, 2**65),
    st.floats(),
    st.text(st.characters(codec=None), max_size=12),
    st.sampled_from(["a.png", "../../etc/passwd", "C:\\x\\..", "\ud83d", "\0", "\x1b]52;c;eA==\x07"]),
)
_JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
)
_OBJECTS = st.builds(json.dumps, st.dictionaries(_KEYS, _JSON, max_size=5), ensure_ascii=st.booleans())
_EXTRA = st.one_of(
    _OBJECTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    _OBJECTS.map(lambda text: text.encode("utf-8", "surrogatepass")[:-1]),
    st.builds(json.dumps, _JSON).map(str.encode),
    st.binary(max_size=40),
    st.integers(1, 300).map(lambda depth: b'{"a":' * depth + b"1" + b"}" * depth),
)
_NAMES = st.one_of(st.binary(max_size=30), st.text(max_size=30).map(str.encode), st.just(b"\x1b[31m[@click=app.quit]"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, Path]]:
    """One library for all examples, each of which has a database of its own."""
    folder = tmp_path_factory.mktemp("values")
    with Library.open(folder / "library") as library:
        yield library, folder


def brought_in(place: tuple[Library, Path], **values: bytes) -> tuple[Any, set[str]]:
    """Import one row with these texts and a good one after it; return its record, and the fields with a problem."""
    library, folder = place
    path = folder / f"{next(_counter)}.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE models (id INTEGER PRIMARY KEY, path, name, type, extra_json)")
    marks = ", ".join("CAST(? AS TEXT)" for _ in values)
    connection.execute(f"INSERT INTO models ({', '.join(values)}) VALUES ({marks})", [*values.values()])
    connection.execute("INSERT INTO models VALUES (9, '/m/good', 'good', 'lora', '{\"good\": 1}')")
    connection.commit()
    connection.close()
    try:
        report = library.import_legacy(path)
    finally:
        path.unlink()
    assert report.pending == 2
    first, second = list(library.queue.search())[-2:]
    good = pending_of(library, second)
    assert (good.path, good.name, good.meta_json) == ("/m/good", "good", {"good": 1})
    return pending_of(library, first), {problem.field for problem in report.problems if problem.row == 1}


def back(text: str, told: bool) -> bytes:
    """Return the bytes that a text came from: themselves, or escaped where a problem says so."""
    return text.encode().decode("unicode_escape").encode("latin-1") if told else text.encode()


@thorough
@given(extra=_EXTRA)
def test_extra_json_comes_as_json_or_as_its_text(place: tuple[Library, Path], extra: bytes) -> None:
    record, told = brought_in(place, extra_json=extra)
    assert json.loads(json.dumps(record.meta_json)) == record.meta_json
    if list(record.meta_json) == ["legacy_raw"] and "extra_json" in told:
        raw = record.meta_json["legacy_raw"]
        plain_text = b"\0" not in extra and extra.decode(errors="ignore").encode() == extra
        assert back(raw, told=not plain_text) == extra
        return
    expected = json.loads(extra) if extra else {}
    kept = {key: value for key, value in expected.items() if key not in IMAGE_KEYS}
    assert json.dumps(record.meta_json) == json.dumps(kept)


@thorough
@given(name=_NAMES, kind=_NAMES)
def test_names_come_back_from_what_is_stored(place: tuple[Library, Path], name: bytes, kind: bytes) -> None:
    record, told = brought_in(place, name=name, type=kind)
    for field, text, stored in (("name", record.name, name), ("type", record.type, kind)):
        assert back(text, field in told) == stored
    shown = run("show", record.id, library=place[0].root).out
    assert shown.replace("\n", "").isprintable()
    assert run("show", record.id, "--json", library=place[0].root).object["name"] == record.name


@thorough
@given(path=st.binary(min_size=1, max_size=60).map(lambda rest: b"/" + rest))
def test_paths_come_back_byte_for_byte(place: tuple[Library, Path], path: bytes) -> None:
    record, told = brought_in(place, path=path)
    if b"\0" in path:
        assert told == {"path"} and "\0" not in record.path
    else:
        assert (os.fsencode(record.path), told) == (path, set())
    found = run("show", record.id, "--json", library=place[0].root).object["path"]
    assert found == record.path
