"""Rows of ``pending_import`` with their tags and images, and the decisions stored with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlite_utils import Database

from core.picks import Picks
from core.records import PendingImage, PendingImport, Strategy
from core.store.values import json_from_db, json_to_db, path_from_db, path_to_db, picks_from_db, picks_to_db


def get(db: Database, pending_id: int) -> PendingImport | None:
    """Return the pending import with its tags and images, or None."""
    if not 0 < pending_id < 2**63:  # SQLite has no other ids, and takes no larger number
        return None
    row = db.execute(
        "SELECT path, name, type, size_bytes, created_at, meta_json, claimed_sha256, decision, picks "
        "FROM pending_import WHERE id = ?",
        [pending_id],
    ).fetchone()
    if row is None:
        return None
    path, name, type_, size_bytes, created_at, meta_json, claimed, decision, picks = row
    return PendingImport(
        pending_id,
        path_from_db(path),
        name,
        type_,
        size_bytes,
        created_at,
        json_from_db(meta_json),
        tags(db, pending_id),
        images(db, pending_id),
        claimed,
        Strategy(decision) if decision else None,
        picks_from_db(picks),
    )


def tags(db: Database, pending_id: int) -> tuple[str, ...]:
    """Return the names of a pending import's tags, sorted."""
    rows = db.execute(
        "SELECT name FROM pending_import_tags JOIN tags ON id = tag_id WHERE pending_id = ?", [pending_id]
    )
    return tuple(sorted(name for (name,) in rows))


def tag_ids(db: Database, pending_id: int, without: Sequence[str] = ()) -> list[int]:
    """Return the ids of a pending import's tags, without those of the given names."""
    found = db.execute(
        "SELECT tag_id, name FROM pending_import_tags JOIN tags ON id = tag_id WHERE pending_id = ?", [pending_id]
    )
    return [i for i, name in found if name not in without]


def images(db: Database, pending_id: int) -> tuple[PendingImage, ...]:
    """Return a pending import's images in order, each with the verdict kept for its digest."""
    rows = db.execute(
        "SELECT n, file, i.sha256, v.refused FROM pending_images i LEFT JOIN image_verdicts v ON v.sha256 = i.sha256 "
        "WHERE pending_id = ? ORDER BY n",
        [pending_id],
    )
    return tuple(PendingImage(*row) for row in rows)


def insert(db: Database, record: PendingImport, tag_ids: Iterable[int]) -> None:
    """Add a pending import with its images; its tags are given by id."""
    db.execute(
        "INSERT INTO pending_import VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            record.id,
            path_to_db(record.path),
            record.name,
            record.type,
            record.size_bytes,
            record.created_at,
            json_to_db(record.meta_json),
            record.claimed_sha256,
            record.decision,
            picks_to_db(record.picks),
        ],
    )
    db.conn.executemany("INSERT OR IGNORE INTO pending_import_tags VALUES (?, ?)", [(record.id, t) for t in tag_ids])
    for image in record.images:
        add_image(db, record.id, image)


def add_image(db: Database, pending_id: int, image: PendingImage) -> None:
    """Add one image behind those a pending import has."""
    db.execute("INSERT INTO pending_images VALUES (?, ?, ?, ?)", [pending_id, image.n, image.file, image.sha256])


def delete(db: Database, pending_id: int) -> None:
    """Take a pending import off the queue, with its tags and its list of images."""
    db.execute("DELETE FROM pending_import WHERE id = ?", [pending_id])


def next_id(db: Database) -> int:
    """Return an id above every one ever given."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'pending_import'").fetchone()
    return int(row[0]) + 1 if row else 1


def decide(db: Database, ids: Sequence[int], strategy: Strategy | None) -> None:
    """Store a decision for each of the pending imports, or clear theirs.

    What was picked by hand stays where the strategy does, and is gone with it.
    """
    db.conn.executemany(
        "UPDATE pending_import SET decision = ?1, picks = CASE WHEN decision = ?1 THEN picks END WHERE id = ?2",
        [(strategy, i) for i in ids],
    )


def pick(db: Database, pending_id: int, strategy: Strategy, picks: Picks) -> None:
    """Store a decision with what was picked by hand."""
    db.execute(
        "UPDATE pending_import SET decision = ?, picks = ? WHERE id = ?", [strategy, picks_to_db(picks), pending_id]
    )


def decisions(db: Database) -> list[tuple[int, Strategy]]:
    """Return all stored decisions by id."""
    rows = db.execute("SELECT id, decision FROM pending_import WHERE decision IS NOT NULL ORDER BY id")
    return [(i, Strategy(decision)) for i, decision in rows]


def all_picks(db: Database) -> dict[int, Picks]:
    """Return what was picked by hand, by id, for each decision made so."""
    rows = db.execute("SELECT id, picks FROM pending_import WHERE picks IS NOT NULL")
    return {i: picks_from_db(picks) for i, picks in rows}
