"""ComfyUI's database of assets, in both of its schemas (app/assets/database/models.py)."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TIMES = "created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, last_access_time DATETIME"
_REFERENCES = f"""
CREATE TABLE assets (id VARCHAR(36) PRIMARY KEY, hash VARCHAR(256), size_bytes BIGINT NOT NULL DEFAULT 0,
    mime_type VARCHAR(255), created_at DATETIME NOT NULL);
CREATE TABLE asset_references (id VARCHAR(36) PRIMARY KEY, asset_id VARCHAR(36) NOT NULL, file_path TEXT,
    loader_path TEXT, mtime_ns BIGINT, needs_verify BOOLEAN NOT NULL DEFAULT 0, is_missing BOOLEAN NOT NULL DEFAULT 0,
    enrichment_level INTEGER NOT NULL DEFAULT 0, owner_id VARCHAR(128) NOT NULL DEFAULT '', name VARCHAR(512) NOT NULL,
    preview_id VARCHAR(36), user_metadata JSON, system_metadata JSON, job_id VARCHAR(36), {_TIMES},
    deleted_at DATETIME);
CREATE UNIQUE INDEX uq_asset_references_file_path ON asset_references (file_path);
CREATE TABLE asset_reference_tags (asset_reference_id VARCHAR(36) NOT NULL, tag_name VARCHAR(512) NOT NULL,
    origin VARCHAR(32) NOT NULL DEFAULT 'manual', added_at DATETIME NOT NULL,
    PRIMARY KEY (asset_reference_id, tag_name));
CREATE TABLE tags (name VARCHAR(512) PRIMARY KEY);
"""
_CONTENTS = f"""
CREATE TABLE asset_contents (id VARCHAR(36) PRIMARY KEY, hash VARCHAR(256), size_bytes BIGINT NOT NULL DEFAULT 0,
    path TEXT NOT NULL, mtime_ns BIGINT, is_missing BOOLEAN NOT NULL DEFAULT 0, missing_since DATETIME,
    created_at DATETIME NOT NULL);
CREATE UNIQUE INDEX uq_asset_contents_path_live ON asset_contents (path) WHERE is_missing = 0;
CREATE TABLE assets (id VARCHAR(36) PRIMARY KEY, content_id VARCHAR(36) NOT NULL, name VARCHAR(512) NOT NULL,
    mime_type VARCHAR(255), system_metadata JSON, job_id VARCHAR(36), user_metadata JSON, loader_path TEXT,
    preview_id VARCHAR(36), {_TIMES});
CREATE TABLE asset_tags (asset_id VARCHAR(36) NOT NULL, tag_name VARCHAR(512) NOT NULL,
    origin VARCHAR(32) NOT NULL DEFAULT 'manual', added_at DATETIME NOT NULL, PRIMARY KEY (asset_id, tag_name));
CREATE TABLE tags (name VARCHAR(512) PRIMARY KEY);
CREATE TABLE asset_system_state (key VARCHAR(256) PRIMARY KEY, value TEXT NOT NULL);
"""
_NOW = "2026-09-01 10:00:00"


@dataclass(frozen=True, slots=True)
class Noted:
    """A file that ComfyUI knows, and what was noted of it; ``tags`` are those a person gave."""

    path: Path
    name: str = ""
    metadata: Any = None
    tags: Sequence[str] = ()
    hash: str | None = None
    preview: Path | None = None
    mtime_ns: int | None = None  # by default the file's own


def assets_database(path: Path, files: Sequence[Noted], *, split: bool = False) -> Path:
    """Write a database that knows these files; ``split`` is the schema that has contents and records apart."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_CONTENTS if split else _REFERENCES)
        for number, one in enumerate(files):
            preview = None
            if one.preview is not None:
                preview = f"preview {number}"
                _put(connection, preview, Noted(one.preview), None, split=split)
            _put(connection, f"file {number}", one, preview, split=split)
    return path


def _put(connection: sqlite3.Connection, key: str, one: Noted, preview: str | None, *, split: bool) -> None:
    status = os.stat(one.path) if one.path.exists() else None
    size = status.st_size if status else 1
    mtime_ns = one.mtime_ns if one.mtime_ns is not None else status and status.st_mtime_ns
    name = one.name or one.path.name
    noted = one.metadata if isinstance(one.metadata, str) or one.metadata is None else json.dumps(one.metadata)
    tags = [
        (key, "models", "automatic"),
        (key, "model_type:loras", "automatic"),
        *((key, t, "manual") for t in one.tags),
    ]
    if split:
        connection.execute(
            "INSERT INTO asset_contents (id, hash, size_bytes, path, mtime_ns, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            [f"content of {key}", one.hash, size, str(one.path), mtime_ns, _NOW],
        )
        connection.execute(
            "INSERT INTO assets (id, content_id, name, user_metadata, preview_id, created_at, updated_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [key, f"content of {key}", name, noted, preview, _NOW, _NOW],
        )
        connection.executemany(f"INSERT INTO asset_tags VALUES (?, ?, ?, '{_NOW}')", tags)
        return
    connection.execute("INSERT INTO assets VALUES (?, ?, ?, NULL, ?)", [f"asset of {key}", one.hash, size, _NOW])
    connection.execute(
        "INSERT INTO asset_references (id, asset_id, file_path, mtime_ns, name, user_metadata, preview_id, created_at, "
        "updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [key, f"asset of {key}", str(one.path), mtime_ns, name, noted, preview, _NOW, _NOW],
    )
    connection.executemany(f"INSERT INTO asset_reference_tags VALUES (?, ?, ?, '{_NOW}')", tags)
