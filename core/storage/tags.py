"""Rows of ``tags``."""

from __future__ import annotations

from sqlite_utils import Database


def get_or_create(db: Database, tag_id: int, name: str, color: str | None, created_at: int | None) -> tuple[int, bool]:
    """Return the id of the tag with that name, and whether it is new; a new tag gets ``tag_id`` if that is free."""
    row = db.execute("SELECT id FROM tags WHERE name = ?", [name]).fetchone()
    if row:
        return int(row[0]), False
    free = tag_id > 0 and db.execute("SELECT 1 FROM tags WHERE id = ?", [tag_id]).fetchone() is None
    cursor = db.execute("INSERT INTO tags VALUES (?, ?, ?, ?)", [tag_id if free else None, name, color, created_at])
    return int(cursor.lastrowid or 0), True
