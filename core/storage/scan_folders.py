"""The model folders that scans walk: remembered roots, and folders with the stamps they had when they were read."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from sqlite_utils import Database

from core.storage.codecs import Row, natural, path_from_db, path_or_empty, path_to_db, text
from core.storage.fetch import all_rows


@dataclass(frozen=True, slots=True)
class StoredFolder:
    """A folder as an earlier scan left it: its stamp, and how many model files it had."""

    root: str
    stamp: str
    files: int


def roots(db: Database) -> list[str]:
    """Return the remembered roots, sorted."""
    return sorted(filter(None, (path_or_empty(path) for (path,) in all_rows(db, "SELECT path FROM scan_roots"))))


def remember_roots(db: Database, paths: Iterable[str]) -> None:
    """Remember roots for later scans."""
    now = time.time_ns() // 1_000_000
    db.conn.executemany("INSERT OR IGNORE INTO scan_roots VALUES (?, ?)", [(path_to_db(path), now) for path in paths])


def forget_root(db: Database, path: str) -> bool:
    """Forget a root, and what its folders looked like; return whether it was known. Records stay."""
    key = [path_to_db(path)]
    db.execute("DELETE FROM scanned_folders WHERE root = ?", key)
    return db.execute("DELETE FROM scan_roots WHERE path = ?", key).rowcount > 0


def folders(db: Database) -> dict[str, StoredFolder]:
    """Return all folders that scans have completed, by path."""
    found = {}
    for path, root, stamp, files in all_rows(db, "SELECT path, root, stamp, files FROM scanned_folders"):
        row = Row()
        folder = StoredFolder(
            row.take("root", path_from_db, root, ""),
            row.take("stamp", text, stamp, ""),
            row.take("files", natural, files, 0),
        )
        if not row.damage:  # otherwise it is read again
            found[path_or_empty(path)] = folder
    return found


def put_folder(db: Database, path: str, folder: StoredFolder) -> None:
    """Store how a folder was found when everything in it had been taken."""
    values = [path_to_db(path), path_to_db(folder.root), folder.stamp, folder.files]
    db.execute("INSERT OR REPLACE INTO scanned_folders VALUES (?, ?, ?, ?)", values)
