"""Which pictures were taken for scanned files, by the digests of their bytes, and beside which path they were found."""

from __future__ import annotations

from collections.abc import Iterable

from sqlite_utils import Database

from core.storage.codecs import path_to_db
from core.storage.fetch import all_rows


def digests(db: Database, file_id: int) -> set[str]:
    """Return the pictures that were taken for a file."""
    return {digest for (digest,) in all_rows(db, "SELECT sha256 FROM scanned_pictures WHERE file_id = ?", [file_id])}


def beside_other_paths(db: Database, file_id: int, path: str) -> set[str]:
    """Return the pictures of a file that were found beside it when it had another path than this one."""
    sql = "SELECT sha256 FROM scanned_pictures WHERE file_id = ? AND beside <> ?"
    return {digest for (digest,) in all_rows(db, sql, [file_id, path_to_db(path)])}


def of_model(db: Database, sha256: str) -> set[str]:
    """Return the digests of the sources of a model's images."""
    return {one for (one,) in all_rows(db, "SELECT source_sha256 FROM model_images WHERE sha256 = ?", [sha256])}


def add(db: Database, file_id: int, taken: Iterable[str]) -> None:
    """Remember that pictures were taken for a file."""
    rows = [(file_id, digest) for digest in taken]
    db.conn.executemany("INSERT OR IGNORE INTO scanned_pictures (file_id, sha256) VALUES (?, ?)", rows)


def set_beside(db: Database, file_id: int, path: str, found: Iterable[str]) -> None:
    """Remember that pictures which were taken for a file have been found beside its path."""
    rows = [(path_to_db(path), file_id, digest) for digest in found]
    db.conn.executemany("UPDATE scanned_pictures SET beside = ? WHERE file_id = ? AND sha256 = ?", rows)


def forget(db: Database, file_id: int, forgotten: Iterable[str]) -> None:
    """Forget that pictures were taken for a file: found again, they are taken again."""
    rows = [(file_id, digest) for digest in forgotten]
    db.conn.executemany("DELETE FROM scanned_pictures WHERE file_id = ? AND sha256 = ?", rows)
