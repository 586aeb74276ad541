"""Build small libraries for tests through the store, and read a library's whole state for comparison."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from sqlite_utils import Database

from core import Library
from core.domain.enums import Tier
from core.domain.records import Model, PendingImage, PendingImport
from core.storage import models, pending, tags
from core.storage.schema import SCHEMAS, migrations

CACHES = (
    "file_hashes",
    "body_hashes",
    "image_generations",
    "image_verdicts",
)  # tables of cached results; they hold no records

LEGACY_SCHEMA = """
CREATE TABLE models (id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, name TEXT, type TEXT NOT NULL,
    size_bytes INTEGER, hash_hex TEXT NOT NULL, created_at INTEGER NOT NULL, meta_json TEXT, extra_json TEXT);
CREATE TABLE tags (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, color TEXT, created_at INTEGER);
CREATE TABLE model_tags (model_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, PRIMARY KEY (model_id, tag_id));
"""


def png(seed: int, size: tuple[int, int] = (24, 16)) -> bytes:
    """Return a valid PNG, a different one for each seed."""
    out = io.BytesIO()
    Image.frombytes("RGB", size, random.Random(seed).randbytes(size[0] * size[1] * 3)).save(out, "PNG")
    return out.getvalue()


def half_png(seed: int) -> bytes:
    """Return the first half of a PNG: its header is valid, its pixels are cut off."""
    whole = png(seed)
    return whole[: len(whole) // 2]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def model_file(folder: Path, name: str, data: bytes = b"weights") -> Path:
    """Write a model file, and return its path; its SHA-256 is ``digest(data)``."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def add_pending(
    library: Library,
    path: Path | str,
    *,
    name: str = "new",
    type_: str = "lora",
    size_bytes: int = 7,
    created_at: int = 1000,
    meta: Mapping[str, Any] | None = None,
    tag_names: Sequence[str] = (),
    images: Sequence[bytes] = (),
    claimed: str | None = None,
) -> int:
    """Add a pending import with these images to the queue and return its id."""
    with library.store.write() as db:
        pending_id = pending.next_id(db)
        listed = []
        for n, data in enumerate(images):
            file = f"{pending_id}_{n}.png"
            (library.root / "pending" / file).write_bytes(data)
            listed.append(PendingImage(n, file, digest(data)))
        record = PendingImport(
            pending_id, str(path), name, type_, size_bytes, created_at, dict(meta or {}), (), tuple(listed), claimed
        )
        pending.insert(db, record, [_tag(db, tag) for tag in tag_names])
    return pending_id


def add_model(
    library: Library,
    sha256: str,
    path: Path | str,
    *,
    name: str = "old",
    type_: str = "checkpoint",
    size_bytes: int = 5,
    created_at: int = 500,
    meta: Mapping[str, Any] | None = None,
    tag_names: Sequence[str] = (),
    images: Sequence[bytes] = (),
) -> None:
    """Add a model with these images, numbered from 0, to the library."""
    with library.store.write() as db:
        columns = {"path": str(path), "name": name, "type": type_, "size_bytes": size_bytes}
        models.put(db, sha256, {**columns, "created_at": created_at, "meta_json": dict(meta or {})})
        models.add_location(db, sha256, str(path))
        models.add_tags(db, sha256, [_tag(db, tag) for tag in tag_names])
    for seq, data in enumerate(images):
        source = library.root.parent / f"source-{seq}.png"
        source.write_bytes(data)
        library.image_processor.promote_pending_image(source, sha256, seq)
        source.unlink()


def _tag(db: Database, name: str) -> int:
    return tags.get_or_create(db, 0, name, None, None)[0]


def model_of(library: Library, sha256: str) -> Model:
    entry = library.show(sha256)
    assert entry is not None and isinstance(entry.record, Model)
    return entry.record


def pending_of(library: Library, pending_id: int) -> PendingImport:
    entry = library.show(str(pending_id))
    assert entry is not None and isinstance(entry.record, PendingImport)
    return entry.record


def locations(library: Library, sha256: str) -> list[str]:
    found = library.store.db.execute("SELECT path FROM locations WHERE sha256 = ? ORDER BY path", [sha256])
    return [path for (path,) in found]


def sources(library: Library, sha256: str) -> list[tuple[int, str]]:
    """Return number and source digest of each image of a sequence, after checking its files against the database."""
    names = set()
    found = models.images(library.store.db, sha256)
    for image in found:
        for tier in Tier:
            with library.image_scanner.open_image(f"{sha256}_{image.seq}", tier) as file:
                data = file.read()
            assert digest(data) == image.digests[tier]
            Image.open(io.BytesIO(data), formats=["WEBP"]).load()
            names.add(f"{sha256}_{image.seq}_{tier}.webp")
    folder = library.root / "images" / sha256[:2] / sha256
    assert (set(os.listdir(folder)) if folder.exists() else set()) == names
    return [(image.seq, image.source_sha256) for image in found]


def tables(path: Path, *, without: Sequence[str] = CACHES) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table except ``without``, read through a separate connection."""
    connection = sqlite3.connect(path)
    connection.text_factory = os.fsdecode  # text may not be valid UTF-8
    try:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names if name not in without
        }
    finally:
        connection.close()


def files(root: Path) -> dict[str, str]:
    """Return path and digest of every file and folder below a folder, without a library's database."""
    found = {}
    for where, folders, names in os.walk(root):
        for name in [*folders, *names]:
            path = Path(where, name)
            relative = path.relative_to(root).as_posix()
            if not relative.startswith("library.db"):
                found[relative] = digest(path.read_bytes()) if path.is_file() else "folder"
    return found


def snapshot(library: Library) -> tuple[dict[str, list[tuple[Any, ...]]], dict[str, str]]:
    """Return the whole state of a library: all rows, except the caches, and all files."""
    return tables(library.root / "library.db"), files(library.root)


def journal(library: Library) -> list[dict[str, Any]]:
    """Return the journal's entries, oldest first, with their JSON decoded."""
    cursor = library.store.db.execute("SELECT * FROM journal ORDER BY n")
    names = [column[0] for column in cursor.description]
    entries = [dict(zip(names, row, strict=True)) for row in cursor]
    for entry in entries:
        for key in ("moves", "before", "after", "lost"):
            entry[key] = json.loads(entry[key]) if entry[key] else None
    return entries


def trash(library: Library) -> dict[str, set[str]]:
    """Return the names in the trash, by operation."""
    return {folder.name: {file.name for file in folder.iterdir()} for folder in (library.root / "trash").iterdir()}


@dataclass(frozen=True)
class OldRow:
    """A row of an old manager's database; ``extra`` is its JSON as a mapping or as text."""

    id: int
    path: str
    extra: Mapping[str, Any] | str | None = None
    hash_hex: str = ""
    name: str = "old name"
    type: str = "lora"
    size_bytes: int = 3
    created_at: int = 100
    meta_json: str | None = None
    tags: tuple[int, ...] = ()


def old_database(path: Path, rows: Sequence[OldRow], tag_names: Mapping[int, str] | None = None) -> Path:
    """Write an old manager's database."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.executescript(LEGACY_SCHEMA)
        for tag_id, name in (tag_names or {}).items():
            connection.execute("INSERT INTO tags VALUES (?, ?, '#abc', 50)", [tag_id, name])
        for row in rows:
            extra = json.dumps(row.extra) if isinstance(row.extra, Mapping) else row.extra
            values = [row.id, row.path, row.name, row.type, row.size_bytes, row.hash_hex, row.created_at]
            connection.execute("INSERT INTO models VALUES (?,?,?,?,?,?,?,?,?)", [*values, row.meta_json, extra])
            connection.executemany("INSERT INTO model_tags VALUES (?, ?)", [(row.id, tag) for tag in row.tags])
        connection.commit()
    finally:
        connection.close()
    return path


def _indices(db: Database, table: str) -> list[str]:
    return [
        sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", [table])
    ]


def undo_migrations_after(path: Path, step: str) -> None:
    """Make a library's database one that an earlier version made: without the tables of later migrations."""
    older = Database(memory=True)
    migrations.apply(older, stop_before=list(SCHEMAS)[list(SCHEMAS).index(step) + 1])
    with closing(sqlite3.connect(path)) as connection, connection:
        known = {name for (name,) in older.execute("SELECT name FROM sqlite_master")}
        select = "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type"
        for kind, name in connection.execute(select).fetchall():
            if name not in known:
                connection.execute(f"DROP {kind} IF EXISTS {name}")
        for (table,) in older.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            now = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            if older[table].columns_dict.keys() - now:  # a cache that was made anew with another key
                connection.execute(f"DROP TABLE {table}")
                connection.executescript(f"{older[table].schema};" + ";".join(_indices(older, table)))
                continue
            for column in now - older[table].columns_dict.keys():
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        later = list(SCHEMAS)[list(SCHEMAS).index(step) + 1 :]
        connection.executemany("DELETE FROM _sqlite_migrations WHERE name = ?", [(name,) for name in later])
    older.close()
