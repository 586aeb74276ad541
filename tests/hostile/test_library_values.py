"""Random values in random columns: reading raises only our own errors, and verification names the damage."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import Library
from core.domain.enums import Strategy
from core.domain.sort_order import DEFAULT_ORDER, SortKey, SortOrder
from core.errors import CuratorError
from core.verify import check_library
from core.verify.findings import Severity
from tests.support.builders import digest, png
from tests.support.payloads import BAD, DEEP, GOOD, LONG, OTHER, SHA, damage, template


@dataclass(frozen=True)
class Place:
    """A column, and values that cannot be in it."""

    table: str
    column: str
    hostile: st.SearchStrategy[Any]


_NO_TEXT = st.one_of(st.binary(min_size=1).map(lambda data: data + b"\xff"), st.just("invalid"))
_NO_NUMBER = st.one_of(st.text("xyz", min_size=1), st.floats(0.1, 0.9), st.binary(), st.integers(-(2**63), -1))
_NO_INTEGER = st.one_of(st.text("xyz", min_size=1), st.floats(0.1, 0.9), st.binary())
_NO_HASH = st.one_of(st.text("./abc", min_size=1, max_size=70), st.binary(), st.integers(-9, 9), st.just("invalid"))
_NO_JSON = st.one_of(
    st.sampled_from([DEEP, LONG, "[]", "1", "null", '{"a":Infinity}', '{"a":1,"a":1}', '{"a":"\\udc00"}', "{", ""]),
    st.binary(),
    st.just("invalid"),
)
_NO_PATH = st.sampled_from([b"bytes that could be text", "invalid"])
_NO_VALUE = st.one_of(
    st.sampled_from([DEEP, '{"a":1,"a":1}', "{", "", "NaN", '"\\udc00"']), st.binary(), st.just("invalid")
)
_WHERE = {
    "pending_import": f"id = {BAD}",
    "pending_images": f"pending_id = {BAD}",
    "models": f"sha256 = '{SHA}'",
    "model_images": f"sha256 = '{SHA}' AND seq = 1",
    "tags": "name = 'wash'",
    "file_hashes": "path LIKE '%/m'",
    "image_verdicts": f"sha256 = '{digest(png(2))}'",
    "image_generations": "1",
    "imported_rows": "1",
    "imported_images": "1",
    **dict.fromkeys(("scanned_files", "statements", "claims", "scanned_pictures", "scanned_folders"), "1"),
    **dict.fromkeys(("other_paths", "scan_problems", "scan_roots", "body_hashes", "aliases"), "1"),
}
_PLACES = [
    *(Place("pending_import", column, _NO_TEXT) for column in ("name", "type")),
    Place("pending_import", "size_bytes", _NO_NUMBER),
    Place("pending_import", "created_at", _NO_INTEGER),
    Place("pending_import", "meta_json", _NO_JSON),
    Place("pending_import", "picks", _NO_JSON),
    Place("pending_import", "claimed_sha256", _NO_HASH),
    Place("pending_import", "decision", st.one_of(st.text("xyz"), st.binary(), st.integers(-9, 9), st.just("invalid"))),
    Place("pending_images", "n", _NO_NUMBER),
    Place("pending_images", "file", st.one_of(_NO_TEXT, st.sampled_from(["", "..", "../x", "a/b", "\0"]))),
    Place("pending_images", "sha256", _NO_HASH),
    *(Place("models", column, _NO_TEXT) for column in ("name", "type")),
    Place("models", "size_bytes", _NO_NUMBER),
    Place("models", "created_at", _NO_INTEGER),
    Place("models", "meta_json", _NO_JSON),
    Place("model_images", "seq", _NO_NUMBER),
    *(Place("model_images", column, _NO_HASH) for column in ("source_sha256", "high", "medium", "low")),
    Place("tags", "name", _NO_TEXT),
    Place("tags", "color", _NO_TEXT),
    Place("file_hashes", "sha256", _NO_HASH),
    Place("file_hashes", "stamp", _NO_TEXT),
    Place("image_verdicts", "refused", _NO_TEXT),
    Place("image_generations", "said", _NO_JSON),
    Place("imported_rows", "pending_id", _NO_NUMBER),
    Place("imported_images", "name", _NO_TEXT),
    *(Place("scanned_files", column, _NO_TEXT) for column in ("stamp", "content", "beside", "base_model", "kind")),
    *(Place("scanned_files", column, _NO_TEXT) for column in ("reason", "unreadable")),
    Place("scanned_files", "whole", _NO_NUMBER),
    *(Place("statements", column, _NO_TEXT) for column in ("field", "source")),
    Place("statements", "file", _NO_PATH),
    Place("statements", "tier", _NO_NUMBER),
    Place("statements", "value", _NO_VALUE),
    *(Place("claims", column, _NO_TEXT) for column in ("kind", "value", "source")),
    Place("claims", "file", _NO_PATH),
    Place("scanned_pictures", "sha256", _NO_HASH),
    Place("scanned_pictures", "beside", _NO_PATH),
    Place("other_paths", "leads", _NO_PATH),
    Place("scan_problems", "reason", _NO_TEXT),
    Place("scan_problems", "path", _NO_PATH),
    Place("scanned_folders", "stamp", _NO_TEXT),
    Place("scanned_folders", "root", _NO_PATH),
    Place("scanned_folders", "files", _NO_NUMBER),
    Place("scan_roots", "added_at", _NO_INTEGER),
    Place("body_hashes", "sha256", _NO_HASH),
    Place("file_hashes", "blake3", _NO_HASH),
    Place("body_hashes", "file", _NO_HASH),
    *(Place("aliases", column, _NO_HASH) for column in ("sha256", "model")),
]


def _readings(library: Library) -> Iterator[Callable[[], object]]:
    """Everything that the commands and the app read."""
    queue = library.queue
    asked = [("", SortOrder(column)) for column in SortKey]
    asked += [
        (words, DEFAULT_ORDER)
        for words in ("good", "tag:ink", "note:x", "state:new", "size:>1", "image:ink", f"same:{BAD}")
    ]
    for question in asked:
        yield lambda question=question: queue.rows(queue.search(*question))  # type: ignore[misc]
    for number in (BAD, GOOD):
        for strategy in (*Strategy, None):
            yield partial(library.processor.dry_run, number, strategy)
            yield partial(queue.preview, number, strategy)
        yield partial(queue.suggestion, number)
    for key in (str(BAD), str(GOOD), SHA, OTHER):
        yield partial(library.show, key)
    yield from (library.model_folders.remembered, partial(library.model_folders.scan, [], dry_run=True))
    yield from (queue.counts, queue.decisions, queue.full_decisions, library.history.operations, library.history.newest)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_random_values_in_random_columns(data: st.DataObject) -> None:
    """Reading raises nothing but CuratorError, both rows are listed, and verification names the damage."""
    place = data.draw(st.sampled_from(_PLACES))
    value = data.draw(place.hostile)
    expression, values = ("CAST(x'41ff' AS TEXT)", ()) if value == "invalid" else ("?", (value,))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "library"
        shutil.copytree(template() / "library", root)
        damage(
            root, f"UPDATE {place.table} SET {place.column} = {expression} WHERE {_WHERE[place.table]}", tuple(values)
        )
        with Library.open(root, readonly=True) as library:
            assert [row.id for row in library.queue.all()] == [BAD, GOOD]
            for reading in _readings(library):
                try:
                    reading()
                except CuratorError as error:
                    assert "\n" not in str(error)
            report = check_library(library, full=True)
        assert not report.ok
        assert any(finding.severity is Severity.ERROR for finding in report.findings)
