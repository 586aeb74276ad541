"""Rows of ``models`` with their tags, locations and images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlite_utils import Database

from core.records import Model, ModelImage, Tier
from core.store.values import json_from_db, json_to_db, path_from_db, path_to_db


def get(db: Database, sha256: str) -> Model | None:
    """Return the model with its tags, or None."""
    row = db.execute(
        "SELECT path, name, type, size_bytes, created_at, meta_json FROM models WHERE sha256 = ?", [sha256]
    ).fetchone()
    if row is None:
        return None
    path, name, type_, size_bytes, created_at, meta_json = row
    return Model(
        sha256, path_from_db(path), name, type_, size_bytes, created_at, json_from_db(meta_json), tags(db, sha256)
    )


def tags(db: Database, sha256: str) -> tuple[str, ...]:
    """Return the names of a model's tags, sorted."""
    rows = db.execute("SELECT name FROM model_tags JOIN tags ON id = tag_id WHERE sha256 = ?", [sha256])
    return tuple(sorted(name for (name,) in rows))


def exists(db: Database, sha256: str) -> bool:
    """Tell whether the library has the model."""
    return db.execute("SELECT 1 FROM models WHERE sha256 = ?", [sha256]).fetchone() is not None


def put(db: Database, sha256: str, columns: Mapping[str, Any]) -> None:
    """Insert a model, or replace all columns of one; ``columns`` are those of the table without ``sha256``."""
    db.execute(
        "INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET path = excluded.path, "
        "name = excluded.name, type = excluded.type, size_bytes = excluded.size_bytes, "
        "created_at = excluded.created_at, meta_json = excluded.meta_json",
        [
            sha256,
            path_to_db(columns["path"]),
            columns["name"],
            columns["type"],
            columns["size_bytes"],
            columns["created_at"],
            json_to_db(columns["meta_json"]),
        ],
    )


def add_location(db: Database, sha256: str, path: str) -> None:
    """Note that the model's file was found at ``path``; an empty path is none."""
    if path:
        db.execute("INSERT OR IGNORE INTO locations VALUES (?, ?)", [sha256, path_to_db(path)])


def add_tags(db: Database, sha256: str, tag_ids: Iterable[int]) -> None:
    """Give a model further tags."""
    db.conn.executemany("INSERT OR IGNORE INTO model_tags VALUES (?, ?)", [(sha256, tag_id) for tag_id in tag_ids])


def images(db: Database, sha256: str) -> list[ModelImage]:
    """Return the model's images in order."""
    rows = db.execute(
        "SELECT seq, source_sha256, high, medium, low FROM model_images WHERE sha256 = ? ORDER BY seq", [sha256]
    )
    return [ModelImage(seq, source, {Tier.HIGH: h, Tier.MEDIUM: m, Tier.LOW: w}) for seq, source, h, m, w in rows]


def put_image(db: Database, sha256: str, image: ModelImage) -> None:
    """Add an image to the model's sequence, or replace the one that has its number."""
    db.execute(
        "INSERT OR REPLACE INTO model_images VALUES (?, ?, ?, ?, ?, ?)",
        [sha256, image.seq, image.source_sha256, *(image.digests[tier] for tier in Tier)],
    )
