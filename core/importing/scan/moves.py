"""Files that were moved or renamed since the last scan: what is known about them, and their records, follow them.

This is done before anything is read, for all files at once, because files may take each other's old places: one that is
replaced under its name, two that exchange names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from core.domain.enums import Action
from core.domain.scans import MovedFile
from core.importing.scan.listing import ModelFile
from core.importing.scan.standing import is_there
from core.operations.journal import Change
from core.storage import aliases, import_batches, models, pending, record_rows, scans
from core.storage.import_batches import Added
from core.storage.scans import StoredFile

_Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class FileMove:
    """A file that an earlier scan found elsewhere: what was known, and where it is now."""

    row: StoredFile
    file: ModelFile


def find_moves(db: Database, files: Iterable[ModelFile], check: Callable[[], None]) -> list[FileMove]:
    """Return the files that lie elsewhere than an earlier scan found them; ``check`` is called for each."""
    found: dict[int, FileMove] = {}
    for file in files:
        check()
        here = scans.file_at(db, file.path)
        if here is not None and here.content == file.stamp.content:
            continue
        for row in scans.files_with_content(db, file.stamp.content):
            if row.path != file.path and row.id not in found and not is_there(row, file.stamp):
                found[row.id] = FileMove(row, file)
                break
    return list(found.values())


def follow(db: Database, moves: Sequence[FileMove], run: str, source: str) -> tuple[Change, list[MovedFile]]:
    """Let rows and records follow their files inside the deciding transaction; return what has moved."""
    follower = _Follower(db, [move for move in moves if scans.file_at(db, move.row.path) == move.row])
    moved = follower.follow()
    before, after = import_batches.to_entry(db, run, source, follower.added, follower.before)
    return Change([], Action.IMPORTED, before=before, after=after), moved


class _Follower:
    def __init__(self, db: Database, moves: Sequence[FileMove]) -> None:
        self.added = Added()
        self.before: dict[str, list[Mapping[str, Any]]] = {}
        self._db = db
        self._moves = moves

    def follow(self) -> list[MovedFile]:
        """Note all records first: after the first step, paths no longer tell whose they are."""
        records = [(move, *self._records(move.row)) for move in self._moves]
        moving = {move.row.id for move in self._moves}
        for move in self._moves:
            self._keep(scans.snapshot(self._db, move.row.id))
            there = scans.file_at(self._db, move.file.path)
            if there is not None and there.id not in moving:  # its file is gone, or was written over
                self._keep(scans.snapshot(self._db, there.id))
                scans.remove_file(self._db, there.id)
        scans.move_files(self._db, {move.row.id: move.file.path for move in self._moves})
        return [self._move_records(*record) for record in records]

    def _records(self, row: StoredFile) -> tuple[list[int], str | None]:
        """Return the pending imports and the library's model whose file a row is."""
        ids, hashes = scans.records_at(self._db, row.path)
        known = scans.hash_of(self._db, row)
        if known is not None and (model := aliases.model_of(self._db, known)) in hashes:
            return ids, model
        return ids, hashes[0] if len(hashes) == 1 and known is None else None

    def _move_records(self, move: FileMove, ids: Sequence[int], sha256: str | None) -> MovedFile:
        old, new = move.row.path, move.file.path
        for pending_id in ids:
            self._keep(record_rows.snapshot(self._db, pending_id, None))
            self.added.changed_imports.append(pending_id)
            pending.follow_file(self._db, pending_id, old, new, move.file.type)
        if sha256 is not None:
            self._keep(record_rows.snapshot(self._db, None, sha256))
            self.added.changed_models.append(sha256)
            models.move(self._db, sha256, old, new)
        self.added.scanned.append(new)
        return MovedFile(sha256 or scans.hash_of(self._db, move.row), old, new)

    def _keep(self, rows: _Rows) -> None:
        for table, found in rows.items():
            self.before.setdefault(table, []).extend(found)
