"""The history of a library, and undo: newest operation first, each undone completely or not at all.

An import consists of many operations, one for each of its batches. They are undone together.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlite_utils import Database

from core.domain.enums import OperationKind
from core.domain.history import Imported, PastOperation, UndoReport
from core.domain.layout import PENDING, TRASH
from core.domain.operations import Operation
from core.errors import CuratorError, why_unchanged
from core.files.library_files import ABSENT, LibraryFiles
from core.operations.journal import Change, Journal
from core.storage import LibraryDatabase, import_batches, journal_rows, record_rows, scan_batches
from core.storage.import_batches import Batch
from core.storage.record_rows import Rows

_log = logging.getLogger("model_curator.history")


class UndoRefused(CuratorError):
    """An operation can no longer be undone."""


class NothingToUndo(UndoRefused):
    """There is no operation, or no further batch, to undo."""

    def __init__(self) -> None:
        super().__init__("there is nothing to undo")


Moves = Sequence[tuple[str, str | None]]  # source and target; without a target, to the trash
Progress = Callable[[int], None]


class History:
    """The operations of one library, and undo."""

    def __init__(self, store: LibraryDatabase, journal: Journal, root: Path) -> None:
        self._store = store
        self._journal = journal
        self._files = LibraryFiles(root)

    def operations(self, limit: int = 100, below: int | None = None) -> list[PastOperation]:
        """Return up to ``limit`` of the newest operations, numbered below ``below`` if given, newest first."""
        with self._store.read() as db:
            return [
                PastOperation(operation, _name(before), self._why_kept(operation, before))
                for operation, before in journal_rows.list_operations(db, limit, below)
            ]

    def highest(self) -> int:
        """Return the number of the newest operation, 0 if there is none."""
        with self._store.read() as db:
            return journal_rows.highest_number(db)

    def undone_since(self, number: int) -> list[PastOperation]:
        """Return the operations that were undone by operations after ``number``, newest first."""
        with self._store.read() as db:
            return [
                PastOperation(operation, _name(before)) for operation, before in journal_rows.undone_since(db, number)
            ]

    def newest(self) -> PastOperation | None:
        """Return what undo would revert, None if there is nothing; for an import, the total of all its batches."""
        with self._store.read() as db:
            found = journal_rows.newest_to_undo(db)
            if found is None:
                return None
            operation, before, _ = found
            if operation.kind is not OperationKind.IMPORT:
                return PastOperation(operation, _name(before), self._why_kept(operation, before))
            return self._whole_import(db, operation, before)

    def _whole_import(self, db: Database, newest: Operation, before: Rows) -> PastOperation:
        total, kept = None, ""
        for operation, *rows in journal_rows.to_undo(db, _run(before)):
            try:
                batch = _batch(operation, *rows)
                imported = _imported(db, batch)
                total = total + imported if total else imported
                _check_batch(db, operation, batch)
                kept = kept or ("" if operation.open else self._gone(operation))
            except UndoRefused as refusal:
                kept = kept or str(refusal)
        return PastOperation(newest, _name(before), kept, total)

    def undo(
        self, count: int = 1, *, cancel: threading.Event | None = None, progress: Progress | None = None
    ) -> UndoReport:
        """Undo the last ``count`` promotions and imports not yet undone, newest first.

        Stops at the first one that is refused. Rows, tags, metadata, decisions and images are restored to their old
        state. All batches of an import are undone, including decisions made since. There is no redo. Setting
        ``cancel`` stops between two operations; ``progress`` gets the number of operations undone.
        """
        undone: list[PastOperation] = []
        operations, run = 0, ""
        while run or len(undone) < count:
            if cancel is not None and cancel.is_set():
                return UndoReport(tuple(undone), cancelled=True)
            try:
                past, its_run = self._undo_newest(run)
            except (CuratorError, OSError) as error:
                if run and isinstance(error, NothingToUndo):  # that was its last batch
                    run = ""
                    continue
                refused = why_unchanged(error)
                _log.warning("not undone: %s", refused)
                return UndoReport(tuple(undone), refused)
            _log.info("undone: operation %d (%s)", past.operation.number, _words(past.operation, past.name))
            if run:
                undone[-1] = _with(undone[-1], past)
            else:
                undone.append(past)
            operations, run = operations + 1, its_run
            if progress is not None:
                progress(operations)
        return UndoReport(tuple(undone))

    def _undo_newest(self, run: str) -> tuple[PastOperation, str]:
        """Undo the newest operation, or the newest batch of the import ``run``; return it, and its import's run."""

        def change(db: Database) -> tuple[Change, tuple[PastOperation, str]]:
            found = journal_rows.newest_to_undo(db, run)
            if found is None:
                raise NothingToUndo
            operation, before, after = found
            if operation.unsafe:
                what = f"operation {operation.number} ({_words(operation)}) cannot be undone"
                raise UndoRefused(f"{what}: {_unsafe(operation)}")
            if operation.kind is OperationKind.IMPORT:
                moves, imported = self._undo_batch(db, operation, before, after)
            else:
                moves, imported = self._undo_promotion(db, operation, before, after), None
            past = PastOperation(operation, _name(before), imported=imported)
            done = Change(moves, operation.action, operation.pending_id, operation.sha256, undoes=operation.number)
            return done, (past, _run(before))

        with self._journal.staging() as staging:
            return self._journal.execute(staging, OperationKind.UNDO, change).value

    def _undo_promotion(self, db: Database, operation: Operation, before: Rows, after: Rows) -> Moves:
        key = operation.sha256 if "models" in after else None
        what = f"operation {operation.number} ({_words(operation)}) cannot be undone"
        if journal_rows.normalize(record_rows.snapshot(db, operation.pending_id, key)) != after:
            raise UndoRefused(f"{what}: its model was changed since")
        if reason := self._gone(operation):
            raise UndoRefused(f"{what}: {reason}")
        record_rows.restore(db, operation.pending_id, key, before)
        return _moves_back(operation)

    def _undo_batch(self, db: Database, operation: Operation, before: Rows, after: Rows) -> tuple[Moves, Imported]:
        batch = _batch(operation, before, after)
        _check_batch(db, operation, batch)
        imported = _imported(db, batch)
        if gone := self._gone(operation):
            what = _words(operation, os.path.basename(batch.source))
            raise UndoRefused(f"operation {operation.number} ({what}) cannot be undone: {gone}")
        import_batches.take_back(db, batch)
        try:
            scan_batches.take_back(db, batch, before)
        except ValueError as reason:
            raise _damaged(operation, reason) from None
        # The files that it added go to the trash: one that was removed meanwhile is not needed for that.
        return [(src, dst) for src, dst in _moves_back(operation) if self._is_there(src)], imported

    def _why_kept(self, operation: Operation, before: Rows) -> str:
        if operation.unsafe:
            return _unsafe(operation)
        if operation.undone_by is not None or operation.kind not in (OperationKind.PROMOTE, OperationKind.IMPORT):
            return ""
        if operation.kind is OperationKind.IMPORT and not before:
            return "made by an earlier version"
        # An open entry's files are still being moved.
        try:
            return "" if operation.open else self._gone(operation)
        except OSError as error:
            return f"{error.filename or self._files.root} cannot be read ({error.strerror})"

    def _gone(self, operation: Operation) -> str:
        """Return what undoing needs and is missing; the files that an import added are not needed."""
        needed = [src for src, _ in _moves_back(operation)]
        if operation.kind is OperationKind.IMPORT:
            needed = [src for src in needed if src.startswith(f"{TRASH}/")]
        gone = [src for src in needed if not self._is_there(src)]
        if not gone:
            return ""
        return "its files are no longer in the trash" if gone[0].startswith(f"{TRASH}/") else f"{gone[0]} is gone"

    def _is_there(self, path: str) -> bool:
        try:
            return self._files.exists(path)
        except OSError as error:  # a failing disk does not mean that the file is gone
            if error.errno in ABSENT:
                return False
            raise


def _unsafe(operation: Operation) -> str:
    return f"its entry in the journal was not written by this program ({operation.unsafe})"


def _batch(operation: Operation, before: Rows, after: Rows) -> Batch:
    try:
        return import_batches.from_entry(before, after)
    except ValueError as reason:
        raise _damaged(operation, reason) from None


def _damaged(operation: Operation, reason: ValueError) -> UndoRefused:
    what = f"operation {operation.number} (import) cannot be undone"
    return UndoRefused(f"{what}: its entry in the journal is damaged ({reason})")


def _check_batch(db: Database, operation: Operation, batch: Batch) -> None:
    """Raise UndoRefused if a record was changed since the batch."""
    ids, hashes = import_batches.changed(db, batch)
    if not ids and not hashes:
        return
    later = journal_rows.standing_in_the_way(db, operation.number, ids, hashes)
    reason = (
        f"operation {later.number} ({_words(later)}) must be undone first" if later else "its models were changed since"
    )
    what = _words(operation, os.path.basename(batch.source))
    raise UndoRefused(f"operation {operation.number} ({what}) cannot be undone: {reason}")


def _imported(db: Database, batch: Batch) -> Imported:
    brought = len(batch.models), len(batch.imports), len(batch.added.names)
    changed = len(batch.changed_imports) + len(batch.changed_models)
    return Imported(batch.source, *brought, import_batches.decisions(db, batch), changed, len(batch.added.scanned))


def _with(newer: PastOperation, batch: PastOperation) -> PastOperation:
    """Return the total of an import's undone batches, with one more batch added."""
    if newer.imported is None or batch.imported is None:
        return newer
    return replace(newer, imported=newer.imported + batch.imported)


def _words(operation: Operation, name: str = "") -> str:
    if operation.kind is OperationKind.IMPORT:
        return f"import of {name}" if name else "import"
    return "image added" if operation.kind is OperationKind.IMAGE else f"{operation.action} {operation.pending_id}"


def _run(before: Rows) -> str:
    return str(_import_of(before).get("run") or "")


def _import_of(before: Rows) -> Mapping[str, object]:
    """Return what a batch's entry records about its import; an empty mapping for any other entry."""
    rows = before.get("import")
    return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}


def _moves_back(operation: Operation) -> list[tuple[str, str | None]]:
    """Return the moves that revert an operation: displaced files return, added files go to the trash."""
    moves: list[tuple[str, str | None]] = []
    for move in operation.moves:
        if move.source.startswith(f"{PENDING}/"):
            moves.append((move.target, move.source))
        else:
            moves.append((move.backup, move.target) if move.replaces else (move.target, None))
    return moves


def _name(before: Rows) -> str:
    if source := _import_of(before).get("source"):
        return os.path.basename(str(source))
    rows = before.get("pending_import") or before.get("models") or [{}]
    row: Mapping[str, object] = rows[0]
    return str(row.get("name") or "")
