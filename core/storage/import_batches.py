"""What one batch of an import or a scan added and changed, as stored in its journal entry so that it can be undone.

``before`` names the import that the batch belongs to, and holds the rows of records that a scan changed. ``after``
holds the key of each new record, its row in the old database and a digest of all its rows; the key and the digest of
each changed record; the images appended to existing records; the names of the imported images; and the paths of scanned
model files. Digests exclude decisions, which change nothing that was imported.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlite_utils import Database

from core.domain.enums import OperationKind
from core.storage.codecs import path_to_db
from core.storage.record_rows import Rows

# The key of each record, and all its rows as one text: JSON, and what later versions added where there is some, so that
# earlier digests stay true. Paths are in hex, since they may not be UTF-8.
_IMPORTS = """
SELECT p.id, json_array(hex(path), name, type, size_bytes, created_at, meta_json, claimed_sha256,
    (SELECT json_group_array(tag_id) FROM
        (SELECT tag_id FROM pending_import_tags WHERE pending_id = p.id ORDER BY tag_id)),
    (SELECT json_group_array(json_array(n, file, sha256)) FROM
        (SELECT * FROM pending_images WHERE pending_id = p.id ORDER BY n)))
FROM pending_import p WHERE p.id IN (SELECT value FROM json_each(?))
"""
_MODELS = """
SELECT m.sha256, json_array(hex(path), name, type, size_bytes, created_at, meta_json,
    (SELECT json_group_array(hex(path)) FROM (SELECT path FROM locations WHERE sha256 = m.sha256 ORDER BY path)),
    (SELECT json_group_array(tag_id) FROM (SELECT tag_id FROM model_tags WHERE sha256 = m.sha256 ORDER BY tag_id)),
    (SELECT json_group_array(json_array(seq, source_sha256, high, medium, low)) FROM
        (SELECT * FROM model_images WHERE sha256 = m.sha256 ORDER BY seq)))
    || coalesce((SELECT group_concat(sha256) FROM
        (SELECT sha256 FROM aliases WHERE model = m.sha256 ORDER BY sha256)), '')
FROM models m WHERE m.sha256 IN (SELECT value FROM json_each(?))
"""
_DIGEST_BYTES = 16
_Key = TypeVar("_Key", int, str)


@dataclass(slots=True)
class Added:
    """What a batch adds: new records by source row, images, and the names of images with their source rows.

    A scan has no rows: a new import's own id takes their place. It also lists the records that it changed, and the
    paths of the model files that it read.
    """

    imports: dict[int, int] = field(default_factory=dict)
    models: dict[int, str] = field(default_factory=dict)
    pending_images: list[tuple[int, int, str]] = field(default_factory=list)  # id, number, SHA-256 of the bytes
    model_images: list[tuple[str, int, str]] = field(default_factory=list)  # sha256, seq, SHA-256 of the source
    names: list[tuple[int, str]] = field(default_factory=list)
    changed_imports: list[int] = field(default_factory=list)
    changed_models: list[str] = field(default_factory=list)
    scanned: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as read from its entry; ``imports`` and ``models`` map the key of each new record to its digest.

    ``changed_imports`` and ``changed_models`` do so for the records that it changed.
    """

    run: str
    source: str
    added: Added
    imports: Mapping[int, str]
    models: Mapping[str, str]
    changed_imports: Mapping[int, str]
    changed_models: Mapping[str, str]


def to_entry(db: Database, run: str, source: str, added: Added, changed: Rows | None = None) -> tuple[Rows, Rows]:
    """Return ``before`` and ``after`` for the journal entry of a batch whose rows have been written.

    ``changed`` are the rows of changed records as they were.
    """
    imports, models = _digests(db, _IMPORTS, added.imports.values()), _digests(db, _MODELS, added.models.values())
    after = {
        "new_imports": [{"id": i, "row": row, "digest": imports[i]} for row, i in added.imports.items()],
        "new_models": [{"sha256": s, "row": row, "digest": models[s]} for row, s in added.models.items()],
        "more_pending_images": [
            {"id": i, "n": n, "sha256": digest} for i, n, digest in added.pending_images if i not in imports
        ],
        "more_model_images": [
            {"sha256": s, "seq": n, "source": digest} for s, n, digest in added.model_images if s not in models
        ],
        "images": [{"row": row, "name": name} for row, name in added.names],
    }
    if changed is not None:
        imports, models = _digests(db, _IMPORTS, added.changed_imports), _digests(db, _MODELS, added.changed_models)
        after["changed_imports"] = [{"id": i, "digest": digest} for i, digest in imports.items()]
        after["changed_models"] = [{"sha256": s, "digest": digest} for s, digest in models.items()]
        after["scanned"] = [{"path": path} for path in added.scanned]
    return {"import": [{"run": run, "source": source}], **(changed or {})}, after


def from_entry(before: Rows, after: Rows) -> Batch:
    """Return the batch that ``to_entry`` stored in an entry. Raises ValueError if the entry is malformed."""
    ((run, source),) = _values(before, "import", run=str, source=str)
    imports = _values(after, "new_imports", id=int, row=int, digest=str)
    models = _values(after, "new_models", sha256=str, row=int, digest=str)
    added = Added(
        {row: i for i, row, _ in imports},
        {row: sha256 for sha256, row, _ in models},
        _values(after, "more_pending_images", id=int, n=int, sha256=str),
        _values(after, "more_model_images", sha256=str, seq=int, source=str),
        _values(after, "images", row=int, name=str),
    )
    by_scan = {name: after.get(name, []) for name in ("changed_imports", "changed_models", "scanned")}
    changed_imports = dict(_values(by_scan, "changed_imports", id=int, digest=str))
    changed_models = dict(_values(by_scan, "changed_models", sha256=str, digest=str))
    added.scanned = [path for (path,) in _values(by_scan, "scanned", path=str)]
    of_new = {i: d for i, _, d in imports}, {s: d for s, _, d in models}
    return Batch(run, source, added, *of_new, changed_imports, changed_models)


def _values(rows: Rows, name: str, /, **columns: type) -> list[Any]:
    found = rows.get(name)
    if not isinstance(found, list) or not all(isinstance(row, dict) and row.keys() == columns.keys() for row in found):
        raise ValueError(f"{name} is missing or damaged")
    values = [tuple(row[column] for column in columns) for row in found]
    for row in values:
        if not all(_is(value, kind) for value, kind in zip(row, columns.values(), strict=True)):
            raise ValueError(f"{name} holds a value of the wrong type")
    return values


def _is(value: object, kind: type) -> bool:
    return type(value) is kind and (not isinstance(value, int) or -(2**63) <= value < 2**63)


def changed(db: Database, batch: Batch) -> tuple[set[int], set[str]]:
    """Return the ids and hashes of the records that have changed since the batch wrote them."""
    old_imports, old_models = {**batch.imports, **batch.changed_imports}, {**batch.models, **batch.changed_models}
    imports, models = _digests(db, _IMPORTS, old_imports), _digests(db, _MODELS, old_models)
    ids = {i for i, digest in old_imports.items() if imports.get(i) != digest}
    hashes = {sha256 for sha256, digest in old_models.items() if models.get(sha256) != digest}
    sql = "SELECT 1 FROM pending_images WHERE pending_id = ? AND n = ? AND sha256 = ?"
    ids.update(image[0] for image in batch.added.pending_images if db.execute(sql, image).fetchone() is None)
    sql = "SELECT 1 FROM model_images WHERE sha256 = ? AND seq = ? AND source_sha256 = ?"
    hashes.update(image[0] for image in batch.added.model_images if db.execute(sql, image).fetchone() is None)
    return ids, hashes


def decisions(db: Database, batch: Batch) -> int:
    """Return how many of the imports added by a batch have a decision."""
    sql = "SELECT count(decision) FROM pending_import WHERE id IN (SELECT value FROM json_each(?))"
    return int(db.execute(sql, [json.dumps(list(batch.imports))]).fetchone()[0])


def take_back(db: Database, batch: Batch) -> None:
    """Delete what a batch added, and the log rows that would make a repeated import skip it. New tags stay."""
    added, source = batch.added, path_to_db(batch.source)
    many = db.conn.executemany
    many("DELETE FROM pending_import WHERE id = ?", [(i,) for i in batch.imports])
    many("DELETE FROM models WHERE sha256 = ?", [(sha256,) for sha256 in batch.models])
    many("DELETE FROM pending_images WHERE pending_id = ? AND n = ?", [image[:2] for image in added.pending_images])
    many("DELETE FROM model_images WHERE sha256 = ? AND seq = ?", [image[:2] for image in added.model_images])
    rows = [(source, row) for row in (*added.imports, *added.models)]
    many("DELETE FROM imported_rows WHERE source = ? AND row = ?", rows)
    names = [(source, row, path_to_db(name)) for row, name in added.names]
    many("DELETE FROM imported_images WHERE source = ? AND row = ? AND name = ?", names)


def ids_of_others(db: Database, source: str) -> set[int]:
    """Return the ids assigned by undone imports, except ids equal to the row of ``source`` they were assigned to."""
    undone = "SELECT before, after FROM journal WHERE kind = ? AND undone_by IS NOT NULL AND after IS NOT NULL"
    found: set[int] = set()
    for batch in _readable(db.execute(undone, [OperationKind.IMPORT])):
        found.update(i for row, i in batch.added.imports.items() if batch.source != source or i != row)
    return found


def _readable(entries: Iterable[Sequence[str]]) -> Iterator[Batch]:
    for before, after in entries:
        try:
            yield from_entry(json.loads(before), json.loads(after))
        except (ValueError, TypeError, AttributeError, RecursionError):
            continue  # damaged: reported when the batch is to be undone


def _digests(db: Database, select: str, keys: Iterable[_Key]) -> dict[_Key, str]:
    """Return a digest of all rows of each existing record."""
    found = db.execute(select, [json.dumps(list(keys))])
    return {key: hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest() for key, text in found}
