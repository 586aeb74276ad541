"""A database of Hikaze Model Manager 2, with its folder of images."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.builders import digest, png

SHA = digest(b"a model of Hikaze")
OTHER = digest(b"another model of Hikaze")
_SCHEMA = """
CREATE TABLE models (sha256 TEXT PRIMARY KEY, path TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    size_bytes INTEGER, created_at INTEGER NOT NULL, meta_json TEXT);
CREATE TABLE tags (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
CREATE TABLE model_tags (model_hash TEXT NOT NULL, tag_id INTEGER NOT NULL, PRIMARY KEY (model_hash, tag_id));
CREATE TABLE pending_import (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, sha256 TEXT, name TEXT, type TEXT,
    size_bytes INTEGER, created_at INTEGER NOT NULL, meta_json TEXT);
CREATE TABLE pending_model_tags (model_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, PRIMARY KEY (model_id, tag_id));
CREATE TABLE db_meta (key TEXT PRIMARY KEY, value TEXT);
INSERT INTO db_meta VALUES ('db_version', '2'), ('tags_id_max', '2');
INSERT INTO tags VALUES (1, 'ink'), (2, 'wash');
"""


def hikaze_database(folder: Path) -> Path:
    """Write the database with two models and two pending imports, one of them with the hash of a model."""
    path = folder / "hikaze.db"
    images = folder / "images"
    (images / "pending").mkdir(parents=True)
    rows = [(SHA, "/m/a.safetensors", "A", "loras", 7, 1700000000000, '{"description":"of A","image_count":2}')]
    rows.append((OTHER, "/m/b.safetensors", "B", "vae", 8, 1700000000001, "{}"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_SCHEMA)
        connection.executemany("INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.executemany("INSERT INTO model_tags VALUES (?, ?)", [(SHA, 1), (OTHER, 2)])
        connection.executemany(
            "INSERT INTO pending_import VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (12, "/m/c.safetensors", None, "C", "loras", 9, 1700000000002, '{"images":["/media/x.png"],"k":1}'),
                (40, "/m/a copy.safetensors", SHA, "A copy", "loras", 7, 1700000000003, None),
            ],
        )
        connection.executemany("INSERT INTO pending_model_tags VALUES (?, ?)", [(12, 2), (40, 1), (99, 1)])
    for seq in (0, 1, 10):
        for tier in ("high", "medium", "low"):
            (images / f"{SHA}_{seq}_{tier}.webp").write_bytes(png(seq))
    (images / f"{OTHER}_0_low.webp").write_bytes(png(5))
    (images / "pending" / "12.png").write_bytes(png(20))
    (images / "pending" / "40").write_bytes(png(21))
    return path
