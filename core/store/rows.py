"""Windows of the queue: many rows at once, with what is known of each file's hash."""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from core.records import Strategy
from core.store.values import path_from_db


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A line of the queue as the store knows it; ``sha256`` was computed when the file had ``stamp``."""

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


def ids(db: Database, words: Sequence[str]) -> array[int]:
    """Return the ids, in order, of the pending imports in whose name, path, type or tags each word is found."""
    clause = (
        "(p.name LIKE :{0} ESCAPE '\\' OR CAST(p.path AS TEXT) LIKE :{0} ESCAPE '\\' OR p.type LIKE :{0} ESCAPE '\\' "
        "OR p.id IN (SELECT pending_id FROM pending_import_tags JOIN tags t ON t.id = tag_id "
        "WHERE t.name LIKE :{0} ESCAPE '\\'))"
    )
    where = " AND ".join(clause.format(f"w{n}") for n in range(len(words))) or "1"
    escaped = {f"w{n}": "%" + _escape(word) + "%" for n, word in enumerate(words)}
    return array(
        "q", (i for (i,) in db.execute(f"SELECT p.id FROM pending_import p WHERE {where} ORDER BY p.id", escaped))
    )


def _escape(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def window(db: Database, wanted: Sequence[int]) -> dict[int, StoredRow]:
    """Return the rows with the wanted ids, by id; those that are gone are left out."""
    key = [json.dumps(list(wanted))]
    tags = _lists(db, "SELECT pending_id, name FROM pending_import_tags JOIN tags ON id = tag_id", "name", key)
    images = _lists(db, "SELECT pending_id, file FROM pending_images", "n", key)
    found = db.execute(
        "SELECT p.id, p.name, p.path, p.type, p.size_bytes, p.decision, h.stamp, h.sha256, m.sha256 IS NOT NULL "
        "FROM pending_import p LEFT JOIN file_hashes h ON h.path = p.path LEFT JOIN models m ON m.sha256 = h.sha256 "
        "WHERE p.id IN (SELECT value FROM json_each(?))",
        key,
    )
    return {
        i: StoredRow(
            i,
            name,
            path_from_db(path),
            type_,
            size_bytes,
            Strategy(decision) if decision else None,
            stamp,
            sha256,
            bool(in_library),
            tuple(tags.get(i, ())),
            tuple(images.get(i, ())),
        )
        for i, name, path, type_, size_bytes, decision, stamp, sha256, in_library in found
    }


def _lists(db: Database, select: str, order: str, key: Sequence[str]) -> dict[int, list[str]]:
    lists: dict[int, list[str]] = {}
    sql = f"{select} WHERE pending_id IN (SELECT value FROM json_each(?)) ORDER BY pending_id, {order}"
    for i, text in db.execute(sql, key):
        lists.setdefault(i, []).append(text)
    return lists


def twins(db: Database, row: StoredRow) -> list[tuple[str, str]]:
    """Return path and stamp of each other pending import whose file had the same hash."""
    if row.sha256 is None:
        return []
    found = db.execute(
        "SELECT h.path, h.stamp FROM file_hashes h JOIN pending_import p ON p.path = h.path "
        "WHERE h.sha256 = ? AND p.id <> ?",
        [row.sha256, row.id],
    )
    return [(path_from_db(path), stamp) for path, stamp in found]


def paths(db: Database, wanted: Sequence[int]) -> dict[int, str]:
    """Return the model path of each wanted pending import that is still there."""
    found = db.execute(
        "SELECT id, path FROM pending_import WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(list(wanted))]
    )
    return {i: path_from_db(path) for i, path in found}
