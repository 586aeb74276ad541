"""Rows of ``journal``, and the affected rows that ``before`` and ``after`` store."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from sqlite_utils import Database

from core.domain.enums import Action, OperationKind
from core.domain.operations import Move, Operation
from core.storage.codecs import is_storable
from core.storage.fetch import all_rows, batches, one_row
from core.storage.journal_paths import check_entry, is_operation, owner_of
from core.storage.record_rows import MODEL_TABLES, PENDING_TABLES, Rows

_MOVE = {"src": "source", "dst": "target", "keep": "backup", "had": "replaces"}  # stored name to field of ``Move``
_COLUMNS = "n, op, kind, action, pending_id, sha256, moves, open, at, undone_by, lost"


def add(
    db: Database,
    op: str,
    kind: OperationKind,
    moves: Sequence[Move],
    *,
    action: Action | None = None,
    pending_id: int | None = None,
    sha256: str | None = None,
    before: Rows | None = None,
    after: Rows | None = None,
) -> int:
    """Write an entry, open if it has moves, and return its number."""
    cursor = db.execute(
        "INSERT INTO journal (op, kind, action, pending_id, sha256, moves, before, after, open, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            op,
            kind,
            action,
            pending_id,
            sha256,
            json.dumps([{stored: getattr(move, name) for stored, name in _MOVE.items()} for move in moves]),
            None if before is None else json.dumps(before, default=os.fsdecode),
            None if after is None else json.dumps(after, default=os.fsdecode),
            bool(moves),
            time.time_ns() // 1_000_000,
        ],
    )
    return int(cursor.lastrowid or 0)


def open_entry(db: Database) -> Operation | None:
    """Return the entry whose files have yet to be moved, or None."""
    row = one_row(db, f"SELECT {_COLUMNS} FROM journal WHERE open = 1")
    return None if row is None else _operation(row)


def open_moves(db: Database) -> tuple[int, tuple[Move, ...]]:
    """Return the journal's highest number and the outstanding moves, in one snapshot."""
    columns = ", ".join(f"j.{name}" for name in _COLUMNS.split(", "))
    select = f"SELECT m.n, {columns} FROM (SELECT max(n) AS n FROM journal) m LEFT JOIN journal j ON j.open = 1 LIMIT 1"
    [(highest, *row)] = all_rows(db, select)
    return highest or 0, () if row[0] is None else _operation(row).moves


def highest_number(db: Database) -> int:
    """Return the journal's highest number, or 0 if it is empty."""
    return int(db.execute("SELECT coalesce(max(n), 0) FROM journal").fetchone()[0])


def moved_since(db: Database, n: int) -> set[str]:
    """Return the source and target paths of all files that operations after ``n`` move."""
    operations = map(_operation, all_rows(db, f"SELECT {_COLUMNS} FROM journal WHERE n > ?", [n]))
    return {path for operation in operations for move in operation.moves for path in (move.source, move.target)}


def close(db: Database, n: int, lost: Sequence[str]) -> None:
    """Close an entry; ``lost`` names the files found neither at their source nor at their target."""
    db.execute("UPDATE journal SET open = 0, lost = ? WHERE n = ?", [json.dumps(lost) if lost else None, n])


def newest_to_undo(db: Database, run: str | None = None) -> tuple[Operation, Rows, Rows] | None:
    """Return the newest promotion or import batch that is not undone, with the rows before and after it, or None.

    With ``run``, only batches of that import count. Batches of an earlier version stored no rows and are skipped.
    """
    return next(to_undo(db, run), None)


def to_undo(db: Database, run: str | None = None) -> Iterator[tuple[Operation, Rows, Rows]]:
    """Iterate over the operations that can be undone, newest first, as ``newest_to_undo`` returns them."""
    of_run = "json_valid(before) AND json_extract(before, '$.import[0].run') = ?"
    rows = chain.from_iterable(
        batches(
            db,
            f"SELECT {_COLUMNS}, before, after FROM journal WHERE kind IN (?, ?) AND undone_by IS NULL "
            f"AND after IS NOT NULL {f'AND {of_run}' if run else ''} ORDER BY n DESC",
            [OperationKind.PROMOTE, OperationKind.IMPORT, *([run] if run else [])],
        )
    )
    columns = _columns_of_tables(db)
    return (_with_rows(row, columns) for row in rows)


def standing_in_the_way(db: Database, n: int, ids: Collection[int], hashes: Collection[str]) -> Operation | None:
    """Return the newest operation after ``n`` on one of these imports or models that is not undone, or None."""
    row = one_row(
        db,
        f"SELECT {_COLUMNS} FROM journal WHERE n > ? AND kind <> ? AND undone_by IS NULL AND (pending_id IN "
        "(SELECT value FROM json_each(?)) OR sha256 IN (SELECT value FROM json_each(?))) ORDER BY n DESC LIMIT 1",
        [n, OperationKind.UNDO, json.dumps(list(ids)), json.dumps(list(hashes))],
    )
    return None if row is None else _operation(row)


def all_checked(db: Database) -> Iterator[Operation]:
    """Yield all entries, oldest first, also checking the rows before and after each."""
    columns = _columns_of_tables(db)
    for row in chain.from_iterable(batches(db, f"SELECT {_COLUMNS}, before, after FROM journal ORDER BY n")):
        yield _with_rows(row, columns)[0]


def set_undone(db: Database, n: int, by: int) -> None:
    """Record that entry ``n`` was undone by entry ``by``."""
    db.execute("UPDATE journal SET undone_by = ? WHERE n = ?", [by, n])


def list_operations(db: Database, limit: int, below: int | None = None) -> list[tuple[Operation, Rows]]:
    """Return the newest operations (those numbered below ``below``), newest first, with the rows before each.

    An undo comes with the rows before the operation it undid, which are the rows it restored.
    """
    taken_back = (
        "SELECT before FROM journal AS t WHERE t.undone_by = journal.n AND t.n < journal.n ORDER BY n DESC LIMIT 1"
    )
    rows = all_rows(
        db,
        f"SELECT {_COLUMNS}, CASE kind WHEN ? THEN ({taken_back}) ELSE before END FROM journal "
        "WHERE n < coalesce(?, n + 1) ORDER BY n DESC LIMIT ?",
        [OperationKind.UNDO, below, limit],
    )
    columns = _columns_of_tables(db)
    return [_with_rows((*row, None), columns)[:2] for row in rows]


def undone_since(db: Database, n: int) -> list[tuple[Operation, Rows]]:
    """Return the operations undone after entry ``n``, newest first, with the rows before each."""
    rows = all_rows(db, f"SELECT {_COLUMNS}, before FROM journal WHERE undone_by > ? ORDER BY n DESC", [n])
    columns = _columns_of_tables(db)
    return [_with_rows((*row, None), columns)[:2] for row in rows]


def closed_operations(db: Database) -> list[tuple[str, int]]:
    """Return name and time (ms) of every operation whose files are in place, oldest first."""
    found = all_rows(db, "SELECT op, at FROM journal WHERE open = 0 ORDER BY n")
    return [(op, at) for op, at in found if is_operation(op) and isinstance(at, int)]


def normalize(rows: Rows) -> Rows:
    """Return rows as they would be read back from an entry, so that the two can be compared."""
    stored: Rows = json.loads(json.dumps(rows, default=os.fsdecode))
    return stored


def _operation(row: Sequence[Any]) -> Operation:
    """Return an entry; one that this program cannot have written has no moves and a reason in ``unsafe``."""
    n, op, kind, action, pending_id, sha256, moves, is_open, at, undone_by, lost = row
    bare = Operation(
        n,
        op if isinstance(op, str) else "",
        OperationKind(kind) if kind in list(OperationKind) else OperationKind.IMPORT,
        Action(action) if action in list(Action) else None,
        pending_id if isinstance(pending_id, int) else None,
        sha256 if isinstance(sha256, str) else None,
        (),
        bool(is_open),
        at if isinstance(at, int) else 0,
        undone_by,
    )
    stored = (bare.uid, bare.kind, bare.action, bare.pending_id, bare.sha256, bare.timestamp_ms)
    try:
        if stored != (op, kind, action, pending_id, sha256, at):
            raise ValueError("a column holds a value of the wrong type, or an unknown word")
        whole = replace(bare, moves=_moves(moves), lost=_lost(lost))
        check_entry(whole.kind, whole.uid, whole.pending_id, whole.sha256, whole.moves)
    except (ValueError, RecursionError) as error:
        return replace(bare, unsafe=str(error))
    return whole


def _moves(text: Any) -> tuple[Move, ...]:
    moves = _json(text, "moves")
    if not isinstance(moves, list) or not all(_is_move(move) for move in moves):
        raise ValueError("moves is not a list of moves")
    return tuple(Move(**{name: move[stored] for stored, name in _MOVE.items()}) for move in moves)


def _is_move(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != _MOVE.keys():
        return False
    return isinstance(value["had"], bool) and all(isinstance(value[name], str) for name in ("src", "dst", "keep"))


def _lost(text: Any) -> tuple[str, ...]:
    lost = [] if text is None else _json(text, "lost")
    if not isinstance(lost, list) or not all(isinstance(path, str) for path in lost):
        raise ValueError("lost is not a list of paths")
    return tuple(lost)


def _json(text: Any, column: str) -> Any:
    if not isinstance(text, str):
        raise ValueError(f"{column} is not JSON")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{column} cannot be read ({error})") from None


def _columns_of_tables(db: Database) -> Mapping[str, set[str]]:
    return {table: {column.name for column in db[table].columns} for table in (*PENDING_TABLES, *MODEL_TABLES)}


def _with_rows(row: Sequence[Any], known: Mapping[str, set[str]]) -> tuple[Operation, Rows, Rows]:
    """Return an entry with the rows before and after it; no rows if this program cannot have written it."""
    *columns, before, after = row
    operation = _operation(columns)
    if operation.unsafe:
        return operation, {}, {}
    try:
        return operation, _rows(operation, before, "before", known), _rows(operation, after, "after", known)
    except ValueError as error:
        return replace(operation, moves=(), unsafe=str(error)), {}, {}


def _rows(operation: Operation, text: Any, column: str, known: Mapping[str, set[str]]) -> Rows:
    """Return stored rows. Raises ValueError if one of them could not be restored.

    ``known`` has the columns of each table. Rows stored before a migration have fewer columns.
    """
    rows = {} if text is None else _json(text, column)
    if not isinstance(rows, dict):
        raise ValueError(f"{column} does not hold rows")
    for tables, key in ((PENDING_TABLES, operation.pending_id), (MODEL_TABLES, operation.sha256)):
        for table, key_column in tables.items():
            of_table = rows.get(table, [])
            if not isinstance(of_table, list) or not all(
                _is_row(row, known[table]) and (key is None or row.get(key_column) == key) for row in of_table
            ):
                raise ValueError(f"{column} holds something that is not a row of {table} of this operation")
    for image in rows.get("pending_images", ()):
        if owner_of(image.get("file")) is None or owner_of(image["file"]) != image.get("pending_id"):
            raise ValueError(f"{column} names a pending image {image.get('file')!r}")
    if "models" in rows:
        rows.setdefault("aliases", [])  # an entry of a version that knew none
    return rows


def _is_row(row: Any, names: set[str]) -> bool:
    if not isinstance(row, dict) or not row or not row.keys() <= names:
        return False
    return all(map(is_storable, row.values()))
