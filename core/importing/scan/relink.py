"""Find the files of records whose path leads nowhere: by a map of folders, by stamp, or by size and hash.

Names and sizes only tell where to look. A file is known by its hash, or by its stamp if it was only moved.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlite_utils import Database

from core.domain.enums import Action, OperationKind
from core.domain.history import RELINK
from core.domain.relinks import Relinked, RelinkReport, StillMissing
from core.errors import Cancelled, ModelFileError
from core.files.paths import map_path
from core.hashing.hasher import Hasher
from core.importing.scan.listing import Lister, ModelFile
from core.importing.scan.walk import Folder, Walk
from core.operations.journal import Change, Journal
from core.storage import LibraryDatabase, import_batches, models, pending, record_rows, relinks, scans
from core.storage.import_batches import Added
from core.storage.relinks import Record

Progress = Callable[[int, int], None]  # records looked for, in total


@dataclass(slots=True)
class _Candidates:
    """Model files below some folders, by their size, of those sizes that are looked for."""

    by_size: dict[int, list[ModelFile]] = field(default_factory=dict)

    def of(self, record: Record) -> list[ModelFile]:
        """Return the files that may be a record's, those with its name first."""
        name = os.path.basename(record.path)
        return sorted(self.by_size.get(record.size, ()), key=lambda file: (file.name != name, file.path))


class Relinker:
    """Relinks the missing files of one library."""

    def __init__(self, store: LibraryDatabase, journal: Journal, hasher: Hasher) -> None:
        self._store = store
        self._journal = journal
        self._hasher = hasher

    def run(
        self,
        folders: Sequence[str],
        path_map: Mapping[str, str],
        *,
        cancel: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> RelinkReport:
        """Look for missing files, and give their records the paths where they are. Raises LibraryError, Cancelled."""
        with self._store.read() as db:
            missing = [one for one in relinks.records(db) if not os.path.isfile(one.path)]
        found: dict[Record, str] = {}
        candidates = _candidates(folders, {record.size for record in missing}, cancel)
        for number, record in enumerate(missing):
            if cancel is not None and cancel.is_set():
                raise Cancelled("relinking was cancelled")
            if progress is not None:
                progress(number, len(missing))
            new = _mapped(record, path_map) or self._found(record, candidates, cancel)
            if new is not None:
                found[record] = new
        if found:
            with self._journal.staging() as staging:
                self._journal.execute(
                    staging, OperationKind.IMPORT, lambda db: (_relink(db, found, staging.op), None), cancel
                )
        return RelinkReport(
            tuple(Relinked(one.pending_id, one.sha256, one.path, new) for one, new in found.items()),
            tuple(StillMissing(one.pending_id, one.sha256, one.path) for one in missing if one not in found),
        )

    def _found(self, record: Record, candidates: _Candidates, cancel: threading.Event | None) -> str | None:
        files = candidates.of(record)
        moved = [file for file in files if file.stamp.content == record.content]
        if moved:
            return moved[0].path
        for file in files if record.hashes else ():
            try:
                if self._hasher.sha256(file.path, cancel=cancel) in record.hashes:
                    return file.path
            except ModelFileError:
                continue
        return None


def _mapped(record: Record, path_map: Mapping[str, str]) -> str | None:
    """Return the path that the map gives, if a file is there; as in an import, it is taken at its word."""
    new = map_path(record.path, path_map)
    return os.path.abspath(new) if new != record.path and os.path.isfile(new) else None


def _candidates(folders: Sequence[str], sizes: Collection[int], cancel: threading.Event | None) -> _Candidates:
    found = _Candidates()
    walk = Walk(cancel=cancel)
    walked = [one for folder in folders for one in _folders(walk, folder)]
    lister = Lister(walk.folders)
    for folder in walked:
        try:
            listing = lister.list(folder)
        except OSError:
            continue
        for file in listing.models:
            if file.stamp.size in sizes:
                found.by_size.setdefault(file.stamp.size, []).append(file)
    return found


def _folders(walk: Walk, folder: str) -> Iterator[Folder]:
    try:
        yield from (one for one in walk.root(folder) if isinstance(one, Folder))
    except OSError:  # a disk that is not mounted
        return


def _relink(db: Database, found: Mapping[Record, str], op: str) -> Change:
    """Give records their new paths inside the deciding transaction; one that has changed meanwhile is left alone."""
    added = Added()
    before: dict[str, list[Mapping[str, object]]] = {}
    for record, new in found.items():
        if not relinks.is_unchanged(db, record) or (record.pending_id is not None and scans.records_at(db, new)[0]):
            continue  # it has changed meanwhile, or another import has that file
        rows = record_rows.snapshot(db, record.pending_id, record.sha256)
        row = scans.file_at(db, record.path)
        if row is not None and scans.file_at(db, new) is None:
            rows = {**rows, **scans.snapshot(db, row.id)}
            scans.move_files(db, {row.id: new})
            added.scanned.append(new)
        for table, kept in rows.items():
            before.setdefault(table, []).extend(kept)
        if record.pending_id is not None:
            pending.set_path(db, record.pending_id, new)
            added.changed_imports.append(record.pending_id)
        elif record.sha256 is not None:
            models.move(db, record.sha256, record.path, new)
            added.changed_models.append(record.sha256)
    entry = import_batches.to_entry(db, op, RELINK, added, before)
    return Change([], Action.IMPORTED, before=entry[0], after=entry[1])
