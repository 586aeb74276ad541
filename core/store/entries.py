"""Rows of ``journal``, and the rows an operation touched as ``before`` and ``after`` keep them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

from core.records import Action, Kind, Move, Operation
from core.store.values import path_to_db

_COLUMNS = "n, op, kind, action, pending_id, sha256, moves, open, at, undone_by, lost"
# The tables that hold one pending import or one model, and the column that says which.
_PENDING_TABLES = {"pending_import": "id", "pending_import_tags": "pending_id", "pending_images": "pending_id"}
_MODEL_TABLES = {"models": "sha256", "locations": "sha256", "model_tags": "sha256", "model_images": "sha256"}

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def add(
    db: Database,
    op: str,
    kind: Kind,
    moves: Sequence[Move],
    *,
    action: Action | None = None,
    pending_id: int | None = None,
    sha256: str | None = None,
    before: Rows | None = None,
    after: Rows | None = None,
) -> int:
    """Write an entry, open where it has moves, and return its number."""
    cursor = db.execute(
        "INSERT INTO journal (op, kind, action, pending_id, sha256, moves, before, after, open, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            op,
            kind,
            action,
            pending_id,
            sha256,
            json.dumps([asdict(move) for move in moves]),
            None if before is None else json.dumps(before, default=os.fsdecode),
            None if after is None else json.dumps(after, default=os.fsdecode),
            bool(moves),
            time.time_ns() // 1_000_000,
        ],
    )
    return int(cursor.lastrowid or 0)


def open_entry(db: Database) -> Operation | None:
    """Return the entry whose files are still to be moved, None where there is none."""
    row = db.execute(f"SELECT {_COLUMNS} FROM journal WHERE open = 1").fetchone()
    return None if row is None else _operation(row)


def open_moves(db: Database) -> tuple[int, tuple[Move, ...]]:
    """Return the journal's highest number and the moves still to be made, as one snapshot."""
    highest, moves = db.execute(
        "SELECT (SELECT max(n) FROM journal), (SELECT moves FROM journal WHERE open = 1)"
    ).fetchone()
    return highest or 0, () if moves is None else tuple(Move(**move) for move in json.loads(moves))


def close(db: Database, n: int, lost: Sequence[str]) -> None:
    """Close an entry; ``lost`` names the files that were found in neither place."""
    db.execute("UPDATE journal SET open = 0, lost = ? WHERE n = ?", [json.dumps(lost) if lost else None, n])


def newest_to_undo(db: Database) -> tuple[Operation, Rows, Rows] | None:
    """Return the newest promotion that is not undone, with the rows before and after it; None where there is none."""
    row = db.execute(
        f"SELECT {_COLUMNS}, before, after FROM journal WHERE kind = ? AND undone_by IS NULL ORDER BY n DESC LIMIT 1",
        [Kind.PROMOTE],
    ).fetchone()
    return None if row is None else (_operation(row[:-2]), json.loads(row[-2]), json.loads(row[-1]))


def set_undone(db: Database, n: int, by: int) -> None:
    """Note that entry ``n`` was undone by entry ``by``."""
    db.execute("UPDATE journal SET undone_by = ? WHERE n = ?", [by, n])


def past(db: Database, limit: int, below: int | None = None) -> list[tuple[Operation, Rows]]:
    """Return the newest operations (those numbered below ``below``), newest first, with the rows before each.

    With an undoing come the rows of what it took back: those that it made.
    """
    taken_back = (
        "SELECT before FROM journal AS t WHERE t.undone_by = journal.n AND t.n < journal.n ORDER BY n DESC LIMIT 1"
    )
    rows = db.execute(
        f"SELECT {_COLUMNS}, CASE kind WHEN ? THEN ({taken_back}) ELSE before END FROM journal "
        "WHERE n < coalesce(?, n + 1) ORDER BY n DESC LIMIT ?",
        [Kind.UNDO, below, limit],
    ).fetchall()
    return [(_operation(row[:-1]), json.loads(row[-1]) if row[-1] else {}) for row in rows]


def closed_operations(db: Database) -> list[tuple[str, int]]:
    """Return name and time (ms) of every operation whose files are in place, oldest first."""
    return list(db.execute("SELECT op, at FROM journal WHERE open = 0 ORDER BY n"))


def as_stored(rows: Rows) -> Rows:
    """Return rows as reading them back from an entry gives them, so that the two can be compared."""
    stored: Rows = json.loads(json.dumps(rows, default=os.fsdecode))
    return stored


def _operation(row: Sequence[Any]) -> Operation:
    n, op, kind, action, pending_id, sha256, moves, is_open, at, undone_by, lost = row
    return Operation(
        n,
        op,
        Kind(kind),
        Action(action) if action else None,
        pending_id,
        sha256,
        tuple(Move(**move) for move in json.loads(moves)),
        bool(is_open),
        at,
        undone_by,
        tuple(json.loads(lost)) if lost else (),
    )


def rows_of(db: Database, pending_id: int | None, sha256: str | None) -> Rows:
    """Return all rows that hold a pending import and a model, as mappings by table."""
    found: dict[str, list[dict[str, Any]]] = {}
    for tables, key in ((_PENDING_TABLES, pending_id), (_MODEL_TABLES, sha256)):
        for table, column in tables.items() if key is not None else ():
            cursor = db.execute(f"SELECT * FROM {table} WHERE {column} = ?", [key])
            names = [description[0] for description in cursor.description]
            found[table] = [dict(zip(names, row, strict=True)) for row in cursor]
    return found


def put_rows_back(db: Database, pending_id: int | None, sha256: str | None, rows: Rows) -> None:
    """Make a pending import and a model hold exactly ``rows``, as ``rows_of`` gave them."""
    for tables, key in ((_PENDING_TABLES, pending_id), (_MODEL_TABLES, sha256)):
        if key is None:
            continue
        (parent, column), *_ = tables.items()
        db.execute(f"DELETE FROM {parent} WHERE {column} = ?", [key])
        for table in tables:
            for row in rows.get(table, ()):
                marks = ", ".join("?" * len(row))
                values = [path_to_db(v) if isinstance(v, str) else v for v in row.values()]
                db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", values)
