"""Log of the rows that Stage 1 imported from old databases, so that importing again adds nothing twice."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from core.storage.codecs import Row, optional, path_to_db, row_id
from core.storage.codecs import sha256 as checked_sha256
from core.storage.fetch import all_rows, one_row


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """The record that a row of an old database became: a model or a pending import, whichever is set."""

    sha256: str | None
    pending_id: int | None
    image_names: frozenset[str]


def find(db: Database, source: str, row: int) -> ImportedRow | None:
    """Return the record that an imported row became, or None if it was not imported; unreadable values are None."""
    key = [path_to_db(source), row]
    found = one_row(db, "SELECT sha256, pending_id FROM imported_rows WHERE source = ? AND row = ?", key)
    if found is None:
        return None
    note = Row()
    sha256 = note.take("sha256", optional(checked_sha256), found[0], None)
    pending_id = note.take("pending_id", optional(row_id), found[1], None)
    names = all_rows(db, "SELECT name FROM imported_images WHERE source = ? AND row = ?", key)
    return ImportedRow(sha256, pending_id, frozenset(name for (name,) in names))


def mark_imported(db: Database, source: str, row: int, *, sha256: str | None, pending_id: int | None) -> None:
    """Record what a row became."""
    db.execute("INSERT INTO imported_rows VALUES (?, ?, ?, ?)", [path_to_db(source), row, sha256, pending_id])


def mark_image_imported(db: Database, source: str, row: int, name: str) -> None:
    """Record that an image of a row was imported."""
    db.execute("INSERT OR IGNORE INTO imported_images VALUES (?, ?, ?)", [path_to_db(source), row, name])


def was_id_used(db: Database, pending_id: int) -> bool:
    """Return whether a pending import ever had this id."""
    sql = "SELECT 1 FROM imported_rows WHERE pending_id = ? UNION SELECT 1 FROM pending_import WHERE id = ?"
    return db.execute(sql, [pending_id, pending_id]).fetchone() is not None
