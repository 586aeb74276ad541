"""Caches of computed results: hashes of files and verdicts on images."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from sqlite_utils import Database

from core.domain.hashes import FileHashes
from core.storage.codecs import Row, is_sha256, optional, path_to_db, reason
from core.storage.database import LibraryDatabase
from core.storage.fetch import all_rows, one_row


class HashCache:
    """Computed hashes of model files, by path and stamp."""

    def __init__(self, store: LibraryDatabase) -> None:
        self._store = store

    def get(self, path: str, stamp: str) -> str | None:
        """Return the SHA-256 computed from the file at ``path`` when its stamp was ``stamp``, or None."""
        with self._store.read() as db:
            row = one_row(db, "SELECT sha256 FROM file_hashes WHERE path = ? AND stamp = ?", [path_to_db(path), stamp])
        return row[0] if row and is_sha256(row[0]) else None  # an invalid hash is computed again

    def put(self, path: str, hashes: FileHashes, cancel: threading.Event | None = None) -> None:
        """Store computed hashes, unless the library is read-only. ``cancel`` ends waiting for the lock."""
        if self._store.readonly:
            return
        key = path_to_db(path)
        with self._store.write(full=False, cancel=cancel) as db:
            values = [key, hashes.stamp, hashes.sha256, hashes.blake3]
            db.execute("INSERT OR REPLACE INTO file_hashes (path, stamp, sha256, blake3) VALUES (?, ?, ?, ?)", values)
            if hashes.body is not None:
                db.execute("INSERT OR REPLACE INTO body_hashes VALUES (?, ?)", [hashes.sha256, hashes.body])


def body_hash(db: Database, sha256: str) -> str | None:
    """Return the SHA-256 of the body of the file with this SHA-256, or None if it is not known."""
    row = one_row(db, "SELECT sha256 FROM body_hashes WHERE file = ?", [sha256])
    return row[0] if row and is_sha256(row[0]) else None


def blake3_hash(db: Database, path: str, stamp: str) -> str | None:
    """Return the BLAKE3 of the file at ``path``, computed when its stamp was ``stamp``, or None."""
    row = one_row(db, "SELECT blake3 FROM file_hashes WHERE path = ? AND stamp = ?", [path_to_db(path), stamp])
    return row[0] if row and is_sha256(row[0]) else None


@dataclass(frozen=True, slots=True)
class Validation:
    """The result of decoding an image once: ``refused`` is the reason why it cannot be promoted, if it cannot."""

    refused: str | None


def validation(db: Database, sha256: str) -> Validation | None:
    """Return the result for the image with this digest, or None if it is unknown; an invalid one does not count."""
    found = all_rows(
        db,
        "SELECT refused FROM image_verdicts WHERE sha256 = ? "
        "UNION SELECT NULL FROM model_images WHERE source_sha256 = ?",
        [sha256, sha256],
    )
    verdict = Row()
    reasons = [verdict.take("refused", optional(reason), refused, None) for (refused,) in found]
    if not found or verdict.damage:
        return None
    return Validation(next(filter(None, reasons), None))


def put_validation(db: Database, sha256: str, refused: str | None) -> None:
    """Store the result of decoding an image: the reason why it is refused, or None."""
    db.execute("INSERT OR REPLACE INTO image_verdicts VALUES (?, ?)", [sha256, refused])
