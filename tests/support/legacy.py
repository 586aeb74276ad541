"""Create an old manager's database from SQL, and record the state of a folder."""

from __future__ import annotations

import sqlite3
from pathlib import Path

SCHEMA = """
    CREATE TABLE models (id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, name TEXT, type TEXT NOT NULL,
        size_bytes INTEGER, hash_hex TEXT NOT NULL, created_at INTEGER NOT NULL, meta_json TEXT, extra_json TEXT);
    CREATE TABLE tags (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, color TEXT, created_at INTEGER);
    CREATE TABLE model_tags (model_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, PRIMARY KEY (model_id, tag_id));
"""
ROW = "INSERT INTO models (id, path, type, hash_hex, created_at) VALUES (?, ?, 'lora', '', 1)"


def make(home: Path, sql: str) -> Path:
    path = home / "old.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.executescript(sql)
    connection.close()
    return path


def picture(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        file.name: (file.read_bytes() if file.is_file() else b"", file.lstat().st_mtime_ns, file.lstat().st_ctime_ns)
        for file in [folder, *folder.iterdir()]
    }
