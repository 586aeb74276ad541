"""Rows of ``pending_import`` with their tags, images and stored decisions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from sqlite_utils import Database

from core.domain.decision import Choice, Decision
from core.domain.enums import Strategy
from core.domain.records import PendingImage, PendingImport
from core.domain.resolution import NO_OVERRIDES
from core.errors import RowDamaged
from core.storage.codecs import (
    HIGHEST,
    STRATEGIES,
    Row,
    file_name,
    integer,
    is_text,
    json_from_db,
    json_to_db,
    natural,
    optional,
    path_from_db,
    path_to_db,
    picks_from_db,
    picks_to_db,
    reason,
    row_id,
    seq,
    sha256,
    strategy,
    text,
)
from core.storage.fetch import all_rows, one_row


def get(db: Database, pending_id: int) -> PendingImport | None:
    """Return the pending import with its tags and images, or None. Raises RowDamaged if it cannot be read."""
    found = read(db, pending_id)
    if found is None:
        return None
    record, damage = found
    if damage:
        raise RowDamaged("pending_import", pending_id, damage)
    return record


def read(db: Database, pending_id: int) -> tuple[PendingImport, str] | None:
    """Return the pending import, with invalid values left empty, and the first reason or ''; None if missing."""
    if not -HIGHEST <= pending_id <= HIGHEST:  # beyond SQLite's integers
        return None
    found = one_row(
        db,
        "SELECT path, name, type, size_bytes, created_at, meta_json, claimed_sha256, decision, picks "
        "FROM pending_import WHERE id = ?",
        [pending_id],
    )
    if found is None:
        return None
    path, name, type_, size_bytes, created_at, meta_json, claimed, decision, picks = found
    row = Row()
    row.take("id", row_id, pending_id, 0)
    record = PendingImport(
        pending_id,
        row.take("path", path_from_db, path, ""),
        row.take("name", text, name, ""),
        row.take("type", text, type_, ""),
        row.take("size_bytes", natural, size_bytes, 0),
        row.take("created_at", integer, created_at, 0),
        row.take("meta_json", json_from_db, meta_json, {}),
        tags(db, pending_id),
        _images(db, pending_id, row),
        row.take("claimed_sha256", optional(sha256), claimed, None),
        _decision(row, decision, picks),
    )
    return record, row.damage


def _decision(row: Row, decision: object, picks: object) -> Decision | None:
    chosen = row.take("decision", strategy, decision, None)
    resolution = row.take("picks", picks_from_db, picks, NO_OVERRIDES)
    return None if chosen is None else Decision(chosen, resolution)


def tags(db: Database, pending_id: int) -> tuple[str, ...]:
    """Return the names of a pending import's tags, sorted; invalid names are skipped."""
    return tuple(sorted(name for _, name in _tags(db, pending_id) if is_text(name)))


def tag_ids(db: Database, pending_id: int, without: Sequence[str] = ()) -> list[int]:
    """Return the ids of a pending import's tags, except those with the given names."""
    return [i for i, name in _tags(db, pending_id) if name not in without]


def _tags(db: Database, pending_id: int) -> list[tuple[int, object]]:
    select = "SELECT id, name FROM pending_import_tags JOIN tags ON id = tag_id WHERE pending_id = ?"
    return [(i, name) for i, name in all_rows(db, select, [pending_id])]


def size(db: Database, pending_id: int) -> int | None:
    """Return the size in bytes of the file of a pending import, None if it is unknown."""
    row = one_row(db, "SELECT size_bytes FROM pending_import WHERE id = ?", [pending_id])
    return Row().take("size_bytes", natural, row[0], 0) or None if row else None


def images(db: Database, pending_id: int) -> tuple[PendingImage, ...]:
    """Return a pending import's images in order, each with the verdict cached for its digest. Raises RowDamaged."""
    row = Row()
    found = _images(db, pending_id, row)
    if row.damage:
        raise RowDamaged("pending_import", pending_id, row.damage)
    return found


def _images(db: Database, pending_id: int, row: Row) -> tuple[PendingImage, ...]:
    """Return the images that can be read; ``row`` records the damage of the others."""
    found = all_rows(
        db,
        "SELECT n, file, i.sha256, v.refused FROM pending_images i LEFT JOIN image_verdicts v ON v.sha256 = i.sha256 "
        "WHERE pending_id = ? ORDER BY n",
        [pending_id],
    )
    return tuple(image for values in found if (image := row.take("an image", _image, values, None)) is not None)


def _image(values: tuple[object, ...]) -> PendingImage | None:
    n, file, digest, refused = values
    verdict = Row().take("refused", optional(reason), refused, None)  # a cache: ignore damage
    return PendingImage(seq(n), file_name(file), sha256(digest), verdict)


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
            record.decision and record.decision.strategy,
            record.decision and picks_to_db(record.decision.resolution),
        ],
    )
    db.conn.executemany("INSERT OR IGNORE INTO pending_import_tags VALUES (?, ?)", [(record.id, t) for t in tag_ids])
    for image in record.images:
        add_image(db, record.id, image)


def update(db: Database, record: PendingImport, tag_ids: Iterable[int]) -> None:
    """Replace a pending import's values and tags; its images and its decision stay."""
    db.execute(
        "UPDATE pending_import SET path = ?, name = ?, type = ?, size_bytes = ?, created_at = ?, meta_json = ?, "
        "claimed_sha256 = ? WHERE id = ?",
        [
            path_to_db(record.path),
            record.name,
            record.type,
            record.size_bytes,
            record.created_at,
            json_to_db(record.meta_json),
            record.claimed_sha256,
            record.id,
        ],
    )
    db.execute("DELETE FROM pending_import_tags WHERE pending_id = ?", [record.id])
    db.conn.executemany("INSERT OR IGNORE INTO pending_import_tags VALUES (?, ?)", [(record.id, t) for t in tag_ids])


def set_path(db: Database, pending_id: int, path: str) -> None:
    """Let a pending import follow its file to another path."""
    db.execute("UPDATE pending_import SET path = ? WHERE id = ?", [path_to_db(path), pending_id])


def follow_file(db: Database, pending_id: int, old: str, new: str, type_: str | None) -> None:
    """Let a pending import follow its renamed file: path, name if it is the file's, type if the folder has one."""
    set_path(db, pending_id, new)
    names = [os.fsencode(os.path.basename(path)).decode(errors="replace") for path in (new, old)]
    db.execute("UPDATE pending_import SET name = ? WHERE id = ? AND name = ?", [names[0], pending_id, names[1]])
    if type_ is not None:
        db.execute("UPDATE pending_import SET type = ? WHERE id = ?", [type_, pending_id])


def add_image(db: Database, pending_id: int, image: PendingImage) -> None:
    """Append an image to a pending import."""
    db.execute("INSERT INTO pending_images VALUES (?, ?, ?, ?)", [pending_id, image.n, image.file, image.sha256])


def remove_image(db: Database, pending_id: int, image: PendingImage) -> None:
    """Remove an image from a pending import; its file is left where it is."""
    db.execute("DELETE FROM pending_images WHERE pending_id = ? AND n = ?", [pending_id, image.n])


def delete(db: Database, pending_id: int) -> None:
    """Remove a pending import from the queue, with its tags and its list of images."""
    db.execute("DELETE FROM pending_import WHERE id = ?", [pending_id])


def next_id(db: Database) -> int:
    """Return an id above every id ever assigned. Raises RowDamaged if none is left or the counter is damaged."""
    found = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'pending_import'").fetchone()
    if found is None:
        return 1
    try:
        return integer(found[0], 0, HIGHEST - 1) + 1
    except ValueError as error:
        raise RowDamaged("sqlite_sequence", "pending_import", f"seq: {error}") from None


def decide(db: Database, ids: Sequence[int], choice: Choice) -> None:
    """Store a decision for each of the pending imports, or clear it with None.

    A strategy alone keeps the stored manual choices if the strategy is unchanged, and drops them otherwise.
    """
    if isinstance(choice, Decision):
        update = "UPDATE pending_import SET decision = ?, picks = ? WHERE id = ?"
        picks = picks_to_db(choice.resolution)
        db.conn.executemany(update, [(choice.strategy, picks, i) for i in ids])
    else:
        update = (
            "UPDATE pending_import SET decision = :strategy, picks = CASE WHEN decision = :strategy THEN picks END "
            "WHERE id = :id"
        )
        db.conn.executemany(update, [{"strategy": choice, "id": i} for i in ids])


def decisions(db: Database) -> list[tuple[int, Strategy]]:
    """Return all stored decisions by id; invalid strategies are skipped."""
    select = f"SELECT id, decision FROM pending_import WHERE decision IN ({STRATEGIES}) ORDER BY id"
    return [(i, Strategy(decision)) for i, decision in db.execute(select)]


def full_decisions(db: Database) -> dict[int, Decision]:
    """Return all stored decisions by id, each with its manual choices; unreadable choices are ignored."""
    rows = all_rows(db, "SELECT id, picks FROM pending_import WHERE picks IS NOT NULL")
    picked = {i: Row().take("picks", picks_from_db, picks, NO_OVERRIDES) for i, picks in rows}
    return {i: Decision(chosen, picked.get(i, NO_OVERRIDES)) for i, chosen in decisions(db)}
