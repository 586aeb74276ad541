"""Validate every value of every table for verification. The journal and the metadata are checked elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from core.storage import generations
from core.storage.codecs import (
    blob,
    file_name,
    integer,
    json_value,
    natural,
    optional,
    path_from_db,
    reason,
    row_id,
    seq,
    sha256,
    strategy,
    text,
)
from core.storage.fetch import batches

_Check = Callable[[Any], object]
_FACTS: dict[str, _Check] = {
    "path": path_from_db, "name": text, "type": text, "size_bytes": natural, "created_at": integer,
}  # fmt: skip
_SOURCE: dict[str, _Check] = {"source": path_from_db, "row": integer}
# For each table the number of key columns, then the check of each column, key columns first.
_TABLES: dict[str, tuple[int, dict[str, _Check]]] = {
    "models": (1, {"sha256": sha256, **_FACTS}),
    "aliases": (1, {"sha256": sha256, "model": sha256}),
    "locations": (1, {"sha256": sha256, "path": path_from_db}),
    "model_images": (2, {"sha256": sha256, "seq": seq, "high": sha256, "medium": sha256, "low": sha256}),
    "model_tags": (2, {"sha256": sha256, "tag_id": integer}),
    "pending_import": (1, {"id": row_id, **_FACTS, "claimed_sha256": optional(sha256), "decision": strategy}),
    "pending_images": (2, {"pending_id": row_id, "n": seq, "file": file_name}),
    "pending_import_tags": (2, {"pending_id": row_id, "tag_id": integer}),
    "tags": (1, {"id": integer, "name": text, "color": optional(text), "created_at": optional(integer)}),
    "file_hashes": (1, {"path": path_from_db, "stamp": text, "sha256": sha256, "blake3": optional(sha256)}),
    "image_verdicts": (1, {"sha256": sha256, "refused": optional(reason)}),
    "imported_rows": (2, {**_SOURCE, "sha256": optional(sha256), "pending_id": optional(row_id)}),
    "imported_images": (2, {**_SOURCE, "name": text}),
    "scan_roots": (1, {"path": path_from_db, "added_at": integer}),
    "scanned_folders": (1, {"path": path_from_db, "root": path_from_db, "stamp": text, "files": natural}),
    "scanned_files": (1, {
        "id": integer, "path": path_from_db, "folder": path_from_db, "stamp": text, "content": text, "beside": text,
        "base_model": optional(text), "kind": optional(text), "reason": optional(text), "header": optional(blob),
        "whole": optional(natural), "unreadable": optional(text), "tensors": optional(text),
    }),
    "statements": (2, {
        "file_id": integer, "n": natural, "field": text, "source": text, "tier": natural, "file": path_from_db,
        "value": json_value,
    }),
    "claims": (2, {
        "file_id": integer, "n": natural, "kind": text, "value": text, "source": text, "file": path_from_db,
    }),
    "body_hashes": (1, {"file": sha256, "sha256": sha256}),
    "scanned_pictures": (2, {"file_id": integer, "sha256": sha256, "beside": optional(path_from_db)}),
    "other_paths": (1, {"path": path_from_db, "leads": path_from_db}),
    "image_generations": (1, {"sha256": sha256, "said": generations.from_db}),
    "scan_problems": (2, {"about": path_from_db, "path": path_from_db, "reason": text, "folder": path_from_db}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnsafeValue:
    """A value that this program never writes: its table, row key and column, and why it is invalid."""

    table: str
    key: str
    column: str
    reason: str


def unsafe_values(db: Database) -> Iterator[UnsafeValue]:
    """Yield all invalid values, table by table."""
    for table, (keys, checks) in _TABLES.items():
        for batch in batches(db, f"SELECT {', '.join(checks)} FROM {table}"):
            for row in batch:
                for (column, check), value in zip(checks.items(), row, strict=True):
                    try:
                        check(value)
                    except ValueError as error:
                        yield UnsafeValue(table, "/".join(map(_shown, row[:keys])), column, str(error))


def _shown(value: object) -> str:
    return str(value) if isinstance(value, str | int) else repr(value)
