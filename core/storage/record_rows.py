"""All rows of a pending import and of a model: as the journal keeps them, and as undo restores them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from core.storage.codecs import path_to_db

PENDING_TABLES = {"pending_import": "id", "pending_import_tags": "pending_id", "pending_images": "pending_id"}
"""The tables that hold a pending import, each with the column of its id; the first holds the record."""
MODEL_TABLES = {
    "models": "sha256",
    "locations": "sha256",
    "aliases": "model",
    "model_tags": "sha256",
    "model_images": "sha256",
}
"""The tables that hold a model, each with the column of its hash; the first holds the record."""

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by table, each as a mapping."""


def snapshot(db: Database, pending_id: int | None, sha256: str | None) -> Rows:
    """Return all rows of a pending import and a model, as mappings by table."""
    found: dict[str, list[dict[str, Any]]] = {}
    for tables, key in ((PENDING_TABLES, pending_id), (MODEL_TABLES, sha256)):
        for table, column in tables.items() if key is not None else ():
            cursor = db.execute(f"SELECT * FROM {table} WHERE {column} = ?", [key])
            names = [description[0] for description in cursor.description]
            found[table] = [dict(zip(names, row, strict=True)) for row in cursor]
    return found


def restore(db: Database, pending_id: int | None, sha256: str | None, rows: Rows) -> None:
    """Restore the rows of a pending import and a model to exactly ``rows``, as returned by ``snapshot``."""
    for tables, key in ((PENDING_TABLES, pending_id), (MODEL_TABLES, sha256)):
        if key is None:
            continue
        (parent, column), *_ = tables.items()
        db.execute(f"DELETE FROM {parent} WHERE {column} = ?", [key])
        for table in tables:
            for row in rows.get(table, ()):
                marks = ", ".join("?" * len(row))
                values = [path_to_db(v) if isinstance(v, str) else v for v in row.values()]
                db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", values)


def of_record(rows: Rows, pending_id: int | None, sha256: str | None) -> Rows:
    """Return those of some rows that belong to a pending import or a model."""
    tables, key = (MODEL_TABLES, sha256) if pending_id is None else (PENDING_TABLES, pending_id)
    return {table: [row for row in rows.get(table, ()) if row.get(column) == key] for table, column in tables.items()}
