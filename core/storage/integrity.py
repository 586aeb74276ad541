"""Database queries used by verification."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import chain

from sqlite_utils import Database

from core.storage.codecs import Row, file_name, is_sha256, path_or_empty, picks_from_db, seq
from core.storage.fetch import all_rows, batches

_HASHES = (
    ("models", "sha256"),
    ("aliases", "sha256"),
    ("model_images", "source_sha256"),
    ("pending_images", "sha256"),
)


def integrity(db: Database) -> list[str]:
    """Return the problems that SQLite finds in the database file; empty if there are none."""
    try:
        found = [str(line) for (line,) in all_rows(db, "PRAGMA integrity_check")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def hashes(db: Database) -> Iterator[tuple[str, str]]:
    """Yield the table and the value of each stored SHA-256."""
    for table, column in _HASHES:
        for (value,) in chain.from_iterable(batches(db, f"SELECT {column} FROM {table}")):
            yield table, str(value)


def broken_references(db: Database) -> Iterator[tuple[str, object, str]]:
    """Yield table, rowid and parent table of each row that refers to a missing row."""
    for table, rowid, parent, _ in db.execute("PRAGMA foreign_key_check"):
        yield table, rowid, parent


def all_meta_json(db: Database) -> Iterator[tuple[str, object]]:
    """Yield sha256 or id, and the stored meta_json, of every record."""
    for table, key in (("models", "sha256"), ("pending_import", "id")):
        for value, stored in chain.from_iterable(batches(db, f"SELECT {key}, meta_json FROM {table}")):
            yield str(value), stored


def broken_picks(db: Database) -> Iterator[tuple[str, str]]:
    """Yield the id of each pending import whose manual choices cannot be read, and the reason."""
    for i, stored in all_rows(db, "SELECT id, picks FROM pending_import WHERE picks IS NOT NULL"):
        try:
            picks_from_db(stored)
        except ValueError as error:
            yield str(i), str(error)


def operations(db: Database) -> set[str]:
    """Return the names of all recorded operations."""
    return {op for (op,) in db.execute("SELECT op FROM journal")}


def is_operation(db: Database, op: str) -> bool:
    """Return whether an operation with that name is recorded."""
    return db.execute("SELECT 1 FROM journal WHERE op = ?", [op]).fetchone() is not None


def aliases(db: Database) -> Iterator[tuple[str, str]]:
    """Yield the hash of every alias, and that of its model."""
    for alias, model in all_rows(db, "SELECT sha256, model FROM aliases"):
        yield str(alias), str(model)


def model_paths(db: Database) -> Iterator[tuple[str, str]]:
    """Yield sha256 and path of every model."""
    for sha256, path in all_rows(db, "SELECT sha256, path FROM models"):
        yield str(sha256), path_or_empty(path)


def cached_hashes(db: Database) -> Iterator[tuple[str, str, str]]:
    """Yield path, stamp and hash of every hashed file; invalid hashes are skipped."""
    for path, stamp, sha256 in all_rows(db, "SELECT path, stamp, sha256 FROM file_hashes"):
        if is_sha256(sha256):
            yield path_or_empty(path), str(stamp), sha256


def model_path(db: Database, sha256: str) -> str | None:
    """Return the path of a model, or None if there is no such model."""
    row = db.execute("SELECT path FROM models WHERE sha256 = ?", [sha256]).fetchone()
    return None if row is None else path_or_empty(row[0])


def model_images(db: Database) -> Iterator[tuple[str, int, tuple[str, str, str]]]:
    """Yield sha256, seq and the digests of the tiers (high, medium, low) of every image of every sequence.

    Rows with an invalid sha256 or seq are skipped.
    """
    select = "SELECT sha256, seq, high, medium, low FROM model_images ORDER BY sha256, seq"
    for sha256, number, *digests in chain.from_iterable(batches(db, select)):
        if is_sha256(sha256) and Row().take("seq", seq, number, -1) >= 0:
            yield sha256, number, (digests[0], digests[1], digests[2])


def model_image(db: Database, sha256: str, seq: int) -> tuple[str, str, str] | None:
    """Return the digests of the tiers (high, medium, low) of one image, or None if there is no such image."""
    key = [sha256, seq]
    row = db.execute("SELECT high, medium, low FROM model_images WHERE sha256 = ? AND seq = ?", key).fetchone()
    return None if row is None else (row[0], row[1], row[2])


def gaps(db: Database) -> Iterator[tuple[str, int, int]]:
    """Yield sha256, the expected number and the number found for each gap in a sequence."""
    yield from db.execute(
        "SELECT * FROM (SELECT sha256, coalesce(lag(seq) OVER (PARTITION BY sha256 ORDER BY seq) + 1, 0) AS expected, "
        "seq FROM model_images) WHERE seq <> expected"
    )


def pending_images(db: Database) -> Iterator[tuple[int, str, str]]:
    """Yield pending id, file name and digest of every pending image; invalid file names are skipped."""
    select = "SELECT pending_id, file, sha256 FROM pending_images ORDER BY pending_id, n"
    for pending_id, file, sha256 in chain.from_iterable(batches(db, select)):
        if Row().take("file", file_name, file, ""):
            yield pending_id, file, sha256


def pending_image(db: Database, pending_id: int | str, file: str) -> str | None:
    """Return the digest of one pending image, or None if there is no such image."""
    key = [pending_id, file]
    row = db.execute("SELECT sha256 FROM pending_images WHERE pending_id = ? AND file = ?", key).fetchone()
    return None if row is None else str(row[0])
