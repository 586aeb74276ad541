"""Windows of the queue: many rows per query, each with the cached hash of its file."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from sqlite_utils import Database

from core.domain.enums import Strategy
from core.domain.sort_order import DEFAULT_ORDER, SortKey, SortOrder
from core.domain.statements import SourcedClaim
from core.storage import aliases, scans
from core.storage.codecs import (
    DECISIONS,
    STRATEGIES,
    Row,
    file_name,
    is_file_name,
    is_sha256,
    is_text,
    natural,
    numbers,
    optional,
    path_from_db,
    path_or_empty,
    row_id,
    strategy,
    text,
)
from core.storage.fetch import all_rows

_LIBRARY_TAGS = """
SELECT p.id AS pending_id, t.name FROM pending_import p JOIN file_hashes h ON h.path = p.path
LEFT JOIN aliases a ON a.sha256 = h.sha256
JOIN model_tags m ON m.sha256 = coalesce(a.model, h.sha256) JOIN tags t ON t.id = m.tag_id
"""
BASE_MODEL = "CASE WHEN json_valid(p.meta_json) THEN json_extract(p.meta_json, '$.base_model') END"
"""The base model that a pending import ``p`` claims."""
_SHOWN = "SELECT f.base_model FROM scanned_files f WHERE f.path = p.path"
_DECISIONS = " ".join(f"WHEN '{strategy}' THEN {place}" for place, strategy in enumerate(Strategy))
_KEYS = {
    SortKey.ID: "p.id",
    SortKey.NAME: "p.name COLLATE NOCASE",
    SortKey.TYPE: "p.type COLLATE NOCASE",
    SortKey.BASE: f"coalesce(nullif({BASE_MODEL}, ''), ({_SHOWN}), char(1114111)) COLLATE NOCASE",
    SortKey.SIZE: "p.size_bytes",
    SortKey.DECISION: f"CASE p.decision {_DECISIONS} ELSE {len(Strategy)} END",
    SortKey.IMAGES: "(SELECT count(*) FROM pending_images i WHERE i.pending_id = p.id)",
    SortKey.PATH: "CAST(p.path AS TEXT) COLLATE NOCASE",
}
_HEX = re.compile("[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class ScannedFacts:
    """What a verdict on the file needs, if a scan has read it; the hash is as old as the row's ``sha256``."""

    whole: int | None
    unreadable: bool
    blake3: str | None
    claims: tuple[SourcedClaim, ...]


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row of the queue as stored; ``sha256`` was computed when the file had ``stamp``.

    ``damage`` says why a value cannot be read, in a row that another program wrote; the value is empty here.
    """

    id: int
    name: str
    path: str
    type: str
    size_bytes: int
    decision: Strategy | None
    stamp: str | None
    sha256: str | None
    in_library: bool
    tags: tuple[str, ...]
    images: tuple[str, ...]
    by_hand: bool
    library_tags: tuple[str, ...]
    base_model: str = ""  # as claimed
    shown_base: str = ""  # as its tensors show
    scanned: ScannedFacts | None = None
    body: str | None = None  # SHA-256 of the file's body, as old as ``sha256``
    model_with_weights: str | None = None  # the library's model that has that body under another header
    damage: str = ""
    nsfw: bool = False


def _nsfw(table: str) -> str:
    meta = f"{table}.meta_json"
    return f"coalesce(CASE WHEN json_valid({meta}) THEN json_extract({meta}, '$.nsfw') IS TRUE END, 0)"


def fetch_ids(db: Database, order: SortOrder = DEFAULT_ORDER, wanted: Collection[int] | None = None) -> array[int]:
    """Return the ids of pending imports in order, of all if ``wanted`` is None. SQL cannot sort by state."""
    where, values = "", []
    if wanted is not None:
        where, values = "WHERE p.id IN (SELECT value FROM json_each(?))", [json.dumps(list(wanted))]
    key = f"{_KEYS[order.column]} {'DESC' if order.descending else ''}"
    return numbers(db, f"SELECT p.id FROM pending_import p {where} ORDER BY {key}, p.id", values)


def fetch_rows(db: Database, wanted: Sequence[int]) -> dict[int, StoredRow]:
    """Return the rows with the wanted ids, by id; missing ones are left out."""
    key = [json.dumps(list(wanted))]
    tags = _lists(db, "SELECT pending_id, name FROM pending_import_tags JOIN tags ON id = tag_id", "name", key)
    images = _lists(db, "SELECT pending_id, file FROM pending_images", "n", key)
    library_tags = _lists(db, _LIBRARY_TAGS, "t.name", key)
    found = all_rows(
        db,
        "SELECT p.id, p.name, p.path, p.type, p.size_bytes, p.decision, h.stamp, h.sha256, "
        f"m.sha256 IS NOT NULL OR a.model IS NOT NULL, p.picks IS NOT NULL, {BASE_MODEL}, f.base_model, "
        f"b.sha256, {aliases.MODEL_WITH_WEIGHTS}, f.id, f.whole, f.unreadable, h.blake3, "
        f"{_nsfw('p')} OR {_nsfw('m')} "
        "FROM pending_import p LEFT JOIN file_hashes h ON h.path = p.path LEFT JOIN models m ON m.sha256 = h.sha256 "
        "LEFT JOIN aliases a ON a.sha256 = h.sha256 LEFT JOIN scanned_files f ON f.path = p.path "
        "LEFT JOIN body_hashes b ON b.file = h.sha256 "
        "WHERE p.id IN (SELECT value FROM json_each(?))",
        key,
    )
    claims = _claims(db, [values[14] for values in found if values[14] is not None])
    make = _as_it_is if _is_sound(found, tags, images, library_tags) else _checked
    return {
        values[0]: replace(
            make(values[:12], tags.get(values[0], ()), images.get(values[0], ()), library_tags.get(values[0], ())),
            scanned=_scanned(values[14:18], claims),
            body=_hash_or_none(values[12]),
            model_with_weights=_hash_or_none(values[13]),
            nsfw=values[18] == 1,
        )
        for values in found
    }


def _claims(db: Database, files: Sequence[int]) -> dict[int, list[SourcedClaim]]:
    """Return the claims about scanned files, by the file's id; those that cannot be read are left out."""
    found: dict[int, list[SourcedClaim]] = {}
    if files:
        select = (
            "SELECT file_id, kind, value, source, file FROM claims WHERE file_id IN (SELECT value FROM json_each(?)) "
            "ORDER BY file_id, n"
        )
        for file_id, *values in all_rows(db, select, [json.dumps(list(files))]):
            with suppress(ValueError):
                found.setdefault(file_id, []).append(scans.claim_of(*values))
    return found


def _scanned(values: Sequence[Any], claims: Mapping[int, Sequence[SourcedClaim]]) -> ScannedFacts | None:
    file_id, whole, unreadable, blake3 = values
    if file_id is None:
        return None
    size = Row().take("whole", optional(natural), whole, None)
    return ScannedFacts(size, unreadable is not None, _hash_or_none(blake3), tuple(claims.get(file_id, ())))


def _hash_or_none(value: object) -> str | None:
    return value if is_sha256(value) else None


def _is_sound(found: Sequence[Sequence[Any]], *lists: dict[int, list[Any]]) -> bool:
    """Return whether all values are valid, checked in bulk because they nearly always are."""
    if not found:
        return True
    ids, names, paths, types, sizes, decisions, _, hashes, *_ = zip(*found, strict=True)
    try:
        texts = "".join(chain(names, paths, types, *chain.from_iterable(of.values() for of in lists)))
        known = [sha256 for sha256 in hashes if sha256 is not None]
        digits = "".join(known)
    except TypeError:
        return False
    return (
        is_text(texts)
        and set(map(type, sizes)) == {int}
        and min(sizes) >= 0
        and min(ids) > 0
        and DECISIONS.issuperset(decisions)
        and {64}.issuperset(map(len, known))
        and _HEX.fullmatch(digits) is not None
        and all(map(is_file_name, chain.from_iterable(lists[1].values())))
    )


def _as_it_is(values: Sequence[Any], tags: Sequence[Any], images: Sequence[Any], others: Sequence[Any]) -> StoredRow:
    i, name, path, type_, size_bytes, decision, stamp, sha256, in_library, by_hand, base, shown = values
    return StoredRow(
        i,
        name,
        path,
        type_,
        size_bytes,
        strategy(decision),
        stamp,
        sha256,
        bool(in_library),
        tuple(tags),
        tuple(images),
        bool(by_hand),
        tuple(others),
        _text_or_nothing(base),
        _text_or_nothing(shown),
    )


def _checked(values: Sequence[Any], tags: Sequence[Any], images: Sequence[Any], others: Sequence[Any]) -> StoredRow:
    i, name, path, type_, size_bytes, decision, stamp, sha256, in_library, by_hand, base, shown = values
    row = Row()
    row.take("id", row_id, i, 0)
    if not is_sha256(sha256):  # a cache: treat an invalid entry as missing
        stamp = sha256 = None
    return StoredRow(
        i,
        row.take("name", text, name, ""),
        row.take("path", path_from_db, path, ""),
        row.take("type", text, type_, ""),
        row.take("size_bytes", natural, size_bytes, 0),
        row.take("decision", strategy, decision, None),
        stamp,
        sha256,
        bool(in_library),
        tuple(filter(is_text, tags)),
        tuple(file for image in images if (file := row.take("an image", file_name, image, ""))),
        bool(by_hand),
        tuple(filter(is_text, others)),
        _text_or_nothing(base),
        _text_or_nothing(shown),
        damage=row.damage,
    )


def _text_or_nothing(value: object) -> str:
    return value if is_text(value) else ""


def _lists(db: Database, select: str, order: str, key: Sequence[str]) -> dict[int, list[Any]]:
    lists: dict[int, list[Any]] = {}
    sql = f"{select} WHERE pending_id IN (SELECT value FROM json_each(?)) ORDER BY pending_id, {order}"
    for i, value in all_rows(db, sql, key):
        lists.setdefault(i, []).append(value)
    return lists


def totals(db: Database) -> tuple[int, int]:
    """Return the number of pending imports, and how many of them have a decision."""
    select = f"SELECT count(*), count(*) FILTER (WHERE decision IN ({STRATEGIES})) FROM pending_import"
    pending, decided = db.execute(select).fetchone()
    return pending, decided


def paths(db: Database, wanted: Sequence[int]) -> dict[int, str]:
    """Return the model path of each wanted pending import that still exists."""
    found = all_rows(
        db,
        "SELECT id, path FROM pending_import WHERE id IN (SELECT value FROM json_each(?))",
        [json.dumps(list(wanted))],
    )
    return {i: path_or_empty(path) for i, path in found}
