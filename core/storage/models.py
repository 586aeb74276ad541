"""Rows of ``models`` with their tags, locations and images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlite_utils import Database

from core.domain.enums import Tier
from core.domain.records import Model, ModelImage
from core.errors import RowDamaged
from core.storage.codecs import (
    Row,
    integer,
    is_text,
    json_from_db,
    json_to_db,
    natural,
    path_from_db,
    path_or_empty,
    path_to_db,
    seq,
    text,
)
from core.storage.codecs import sha256 as checked_sha256
from core.storage.fetch import all_rows, one_row


def get(db: Database, sha256: str) -> Model | None:
    """Return the model with its tags, or None. Raises RowDamaged if it cannot be read."""
    found = one_row(
        db, "SELECT path, name, type, size_bytes, created_at, meta_json FROM models WHERE sha256 = ?", [sha256]
    )
    if found is None:
        return None
    path, name, type_, size_bytes, created_at, meta_json = found
    row = Row()
    model = Model(
        sha256,
        row.take("path", path_from_db, path, ""),
        row.take("name", text, name, ""),
        row.take("type", text, type_, ""),
        row.take("size_bytes", natural, size_bytes, 0),
        row.take("created_at", integer, created_at, 0),
        row.take("meta_json", json_from_db, meta_json, {}),
        tags(db, sha256),
    )
    if row.damage:
        raise RowDamaged("models", sha256, row.damage)
    return model


def tags(db: Database, sha256: str) -> tuple[str, ...]:
    """Return the names of a model's tags, sorted; invalid names are skipped."""
    rows = all_rows(db, "SELECT name FROM model_tags JOIN tags ON id = tag_id WHERE sha256 = ?", [sha256])
    return tuple(sorted(name for (name,) in rows if is_text(name)))


def exists(db: Database, sha256: str) -> bool:
    """Return whether the library has the model."""
    return db.execute("SELECT 1 FROM models WHERE sha256 = ?", [sha256]).fetchone() is not None


def put(db: Database, sha256: str, columns: Mapping[str, Any]) -> None:
    """Insert a model, or replace all its columns; ``columns`` are those of the table except ``sha256``."""
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
    """Record that the model's file was found at ``path``; an empty path is ignored."""
    if path:
        db.execute("INSERT OR IGNORE INTO locations VALUES (?, ?)", [sha256, path_to_db(path)])


def locations(db: Database, sha256: str) -> list[str]:
    """Return the paths under which a model's file was found, sorted."""
    found = all_rows(db, "SELECT path FROM locations WHERE sha256 = ?", [sha256])
    return sorted(filter(None, (path_or_empty(path) for (path,) in found)))


def move(db: Database, sha256: str, old: str, new: str) -> None:
    """Let a model follow its file to another path; where it lay stays one of its locations."""
    db.execute("UPDATE models SET path = ? WHERE sha256 = ? AND path = ?", [path_to_db(new), sha256, path_to_db(old)])
    add_location(db, sha256, new)


def add_tags(db: Database, sha256: str, tag_ids: Iterable[int]) -> None:
    """Add tags to a model."""
    db.conn.executemany("INSERT OR IGNORE INTO model_tags VALUES (?, ?)", [(sha256, tag_id) for tag_id in tag_ids])


def images(db: Database, sha256: str) -> list[ModelImage]:
    """Return the model's images in order. Raises RowDamaged if one of them cannot be read."""
    found = all_rows(
        db, "SELECT seq, source_sha256, high, medium, low FROM model_images WHERE sha256 = ? ORDER BY seq", [sha256]
    )
    row = Row()
    read = [row.take("an image", _image, values, None) for values in found]
    if row.damage:
        raise RowDamaged("models", sha256, row.damage)
    return [image for image in read if image is not None]


def _image(values: tuple[object, ...]) -> ModelImage | None:
    number, *digests = values
    source, high, medium, low = map(checked_sha256, digests)
    return ModelImage(seq(number), source, {Tier.HIGH: high, Tier.MEDIUM: medium, Tier.LOW: low})


def put_image(db: Database, sha256: str, image: ModelImage) -> None:
    """Add an image to the model's sequence, or replace the one with the same number."""
    db.execute(
        "INSERT OR REPLACE INTO model_images VALUES (?, ?, ?, ?, ?, ?)",
        [sha256, image.seq, image.source_sha256, *(image.digests[tier] for tier in Tier)],
    )
