"""What happened to the library, and taking it back: the newest promotion first, each whole or not at all."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from core.errors import CuratorError
from core.journal import Change, Journal
from core.library_files import LibraryFiles
from core.records import Kind, Operation
from core.store import Store, entries
from core.store.entries import Rows

_log = logging.getLogger("model_curator.history")


@dataclass(frozen=True, slots=True)
class PastOperation:
    """One line of the history: an operation, the name it was about, and why undo could not take it back, if so."""

    operation: Operation
    name: str
    kept: str = ""


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What one call of undo took back, newest first; ``refused`` says why it went no further."""

    undone: tuple[Operation, ...] = ()
    refused: str = ""


class UndoRefused(CuratorError):
    """An operation cannot be taken back any more, or there is none."""


class History:
    """The operations of one library, and undo."""

    def __init__(self, store: Store, journal: Journal, root: Path) -> None:
        self._store = store
        self._journal = journal
        self._files = LibraryFiles(root)

    def operations(self, limit: int = 100, below: int | None = None) -> list[PastOperation]:
        """Return the newest operations (those numbered below ``below``), newest first."""
        with self._store.reading() as db:
            return [
                PastOperation(operation, _name(before), self._why_kept(operation))
                for operation, before in entries.past(db, limit, below)
            ]

    def newest(self) -> PastOperation | None:
        """Return the operation that undo would take back, None where there is none."""
        with self._store.reading() as db:
            found = entries.newest_to_undo(db)
            return None if found is None else PastOperation(found[0], _name(found[1]), self._why_kept(found[0]))

    def undo(self, count: int = 1) -> UndoReport:
        """Take back the last ``count`` promotions not yet undone, newest first; one that is refused stops the older.

        Rows, tags, metadata, decisions and images are as they were before. There is no redo.
        """
        undone: list[Operation] = []
        for _ in range(count):
            try:
                undone.append(self._undo_newest())
                _log.info("undone: operation %d (%s %s)", undone[-1].n, undone[-1].action, undone[-1].pending_id)
            except CuratorError as refusal:
                _log.warning("not undone: %s", refusal)
                return UndoReport(tuple(undone), str(refusal))
        return UndoReport(tuple(undone))

    def _undo_newest(self) -> Operation:
        done: list[Operation] = []

        def change(db: Database) -> Change:
            found = entries.newest_to_undo(db)
            if found is None:
                raise UndoRefused("there is nothing to undo")
            operation, before, after = found
            self._check(db, operation, after)
            key = operation.sha256 if "models" in after else None
            entries.put_rows_back(db, operation.pending_id, key, before)
            done[:] = [operation]
            return Change(
                _moves_back(operation),
                operation.action,
                operation.pending_id,
                operation.sha256,
                undoes=operation.n,
            )

        with self._journal.staging() as staging:
            self._journal.run(staging, Kind.UNDO, change)
        return done[0]

    def _check(self, db: Database, operation: Operation, after: Rows) -> None:
        """Raise UndoRefused where the rows are not those the operation left, or a file it needs is gone."""
        what = f"operation {operation.n} ({operation.action} {operation.pending_id}) cannot be undone"
        if operation.unsafe:
            raise UndoRefused(f"{what}: {_unsafe(operation)}")
        key = operation.sha256 if "models" in after else None
        if entries.as_stored(entries.rows_of(db, operation.pending_id, key)) != after:
            raise UndoRefused(f"{what}: its model was changed since")
        if reason := self._gone(operation):
            raise UndoRefused(f"{what}: {reason}")

    def _why_kept(self, operation: Operation) -> str:
        if operation.unsafe:
            return _unsafe(operation)
        if operation.kind is not Kind.PROMOTE or operation.undone_by is not None:
            return ""
        # An open entry's files are still on their way.
        return "" if operation.open else self._gone(operation)

    def _gone(self, operation: Operation) -> str:
        gone = [src for src, _ in _moves_back(operation) if not self._is_there(src)]
        if not gone:
            return ""
        return "its files have left the trash" if gone[0].startswith("trash/") else f"{gone[0]} is gone"

    def _is_there(self, path: str) -> bool:
        try:
            return self._files.exists(path)
        except OSError:  # behind a link, or where no folder is any more
            return False


def _unsafe(operation: Operation) -> str:
    return f"its entry in the journal was not written by this program ({operation.unsafe})"


def _moves_back(operation: Operation) -> list[tuple[str, str | None]]:
    """Return the moves that put an operation's files back: what it displaced returns, what it added goes."""
    moves: list[tuple[str, str | None]] = []
    for move in operation.moves:
        if move.src.startswith("pending/"):
            moves.append((move.dst, move.src))
        else:
            moves.append((move.keep, move.dst) if move.had else (move.dst, None))
    return moves


def _name(before: Rows) -> str:
    rows = before.get("pending_import") or before.get("models") or [{}]
    row: Mapping[str, object] = rows[0]
    return str(row.get("name") or "")
