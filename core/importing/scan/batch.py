"""One batch of a scan: some model files that were read, written to the queue as one operation."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlite_utils import Database

from core.domain.enums import Action
from core.domain.layout import pending_path
from core.domain.records import PendingImage, PendingImport
from core.domain.scans import MovedFile, ScanProblem
from core.importing.scan.pictures import StagedPictures
from core.importing.scan.reading import ReadModel
from core.importing.scan.standing import Case, Fate, Standing, decide, standing
from core.operations.journal import Change, StaleSnapshot
from core.storage import (
    generations,
    import_batches,
    models,
    pending,
    record_rows,
    scan_problems,
    scanned_pictures,
    scans,
    tags,
)
from core.storage.import_batches import Added
from core.storage.scans import FileRow

_Rows = dict[str, list[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that was read, its hash if the library may have it, what was known of it, and its staged pictures."""

    read: ReadModel
    proven: str | None
    standing: Standing
    pictures: StagedPictures
    moved: bool = False  # it was followed to its path in this scan, and is counted already
    left: frozenset[str] = frozenset()  # digests of pictures of its pending import that are no longer its own

    @property
    def problems(self) -> tuple[ScanProblem, ...]:
        """What could not be read about it."""
        return self.read.problems + self.pictures.problems

    @property
    def images_change(self) -> bool:
        """Whether it has pictures that were not taken before, or its pending import has some that are not its own."""
        return bool(self.pictures.images or self.left)


def left_pictures(
    db: Database, read: ReadModel, where: Standing, pictures: StagedPictures, *, replaced: bool
) -> frozenset[str]:
    """Return the digests of pictures that were taken for another file, or left behind when this one moved.

    ``replaced`` says that the file has another hash now; if both are not known, the size decides. A picture that is
    only gone from beside its file is kept; so are all if anything could not be read.
    """
    if where.row is None or where.pending_id is None or read.problems or pictures.problems:
        return frozenset()
    if replaced or pending.size(db, where.pending_id) not in (None, read.file.stamp.size):
        taken = scanned_pictures.digests(db, where.row.id)
    else:
        taken = scanned_pictures.beside_other_paths(db, where.row.id, read.file.path)
    return frozenset(taken - pictures.found.keys())


@dataclass(slots=True)
class BatchCounts:
    """What one batch came to."""

    new: int = 0
    updated: int = 0
    known: int = 0
    images: int = 0
    moved: list[MovedFile] = field(default_factory=list)

    def add(self, item: Prepared, fate: Fate) -> None:
        """Count one file; one that has moved counts as nothing else, unless it brings a conflict too."""
        where = item.standing
        moved = item.moved or bool(where.moved_from)
        if where.moved_from:
            self.moved.append(MovedFile(where.sha256, where.moved_from, item.read.file.path))
        self.new += fate is Fate.NEW
        self.updated += fate is Fate.CONFLICT or (fate is Fate.UPDATED and not moved)
        self.known += fate in (Fate.KNOWN, Fate.OTHER_PATH) and not moved
        if fate in (Fate.NEW, Fate.CONFLICT, Fate.UPDATED):
            self.images += len(item.pictures.images)


def write(db: Database, items: Sequence[Prepared], run: str, source: str, staging: str) -> tuple[Change, BatchCounts]:
    """Write a batch inside the deciding transaction. Raises StaleSnapshot if what was known has changed."""
    writer = _Writer(db, staging)
    for item in items:
        if standing(db, item.read, item.proven) != item.standing:
            raise StaleSnapshot
        writer.take(item)
    before, after = import_batches.to_entry(db, run, source, writer.added, writer.before)
    return Change(writer.moves, Action.IMPORTED, before=before, after=after), writer.counts


def is_quiet(db: Database, item: Prepared) -> bool:
    """Return whether a file changes nothing but what is known about it, so that its batch needs no operation."""
    where = item.standing
    fate = decide(db, item.read, where, images_change=item.images_change).fate
    return fate in (Fate.KNOWN, Fate.OTHER_PATH) and not where.moved_from


def write_quietly(db: Database, items: Sequence[Prepared]) -> BatchCounts:
    """Write a batch that changes only what is known about files. Raises StaleSnapshot as ``write`` does."""
    writer = _Writer(db, "")
    for item in items:
        if standing(db, item.read, item.proven) != item.standing or not is_quiet(db, item):
            raise StaleSnapshot
        writer.take(item)
    return writer.counts


def foresee(db: Database, items: Sequence[Prepared]) -> BatchCounts:
    """Return what writing a batch would come to."""
    counts = BatchCounts()
    for item in items:
        counts.add(item, decide(db, item.read, item.standing, images_change=item.images_change).fate)
    return counts


class _Writer:
    """Collects what a batch adds and changes while it is written."""

    def __init__(self, db: Database, staging: str) -> None:
        self.added, self.counts = Added(), BatchCounts()
        self.before: _Rows = {}
        self.moves: list[tuple[str, str | None]] = []
        self._db = db
        self._staging = staging

    def take(self, item: Prepared) -> None:
        case = decide(self._db, item.read, item.standing, images_change=item.images_change)
        self.counts.add(item, case.fate)
        file, where = item.read.file, item.standing
        if case.fate is Fate.OTHER_PATH:
            scans.add_other_path(self._db, file.path, where.other_of)
            return
        if where.row is not None:
            self._keep(scans.snapshot(self._db, where.row.id))
        if where.moved_from:
            self._move(item, case)
        self._write_record(item, case)
        file_id = scans.put_file(self._db, _facts(item.read), where.row.id if where.row else None)
        scans.put_said(self._db, file_id, item.read.statements, item.read.claims)
        beside = [digest for digest, is_beside in item.pictures.found.items() if is_beside]
        scanned_pictures.add(self._db, file_id, (image.sha256 for image in item.pictures.images))
        scanned_pictures.set_beside(self._db, file_id, file.path, beside)
        scan_problems.put_problems(self._db, file.path, file.folder, item.problems)
        self.added.scanned.append(file.path)

    def _keep(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        for table, found in rows.items():
            self.before.setdefault(table, []).extend(found)

    def _move(self, item: Prepared, case: Case) -> None:
        """Let records follow a file to its new path; its pending import is written with everything else."""
        old, new = item.standing.moved_from, item.read.file.path
        sha256 = item.standing.sha256
        ids, _ = scans.records_at(self._db, old)
        for other in ids:
            if other != (case.record and case.record.id):
                self._keep(record_rows.snapshot(self._db, other, None))
                self.added.changed_imports.append(other)
                pending.set_path(self._db, other, new)
        if sha256 is not None:
            self._keep(record_rows.snapshot(self._db, None, sha256))
            self.added.changed_models.append(sha256)
            models.move(self._db, sha256, old, new)

    def _write_record(self, item: Prepared, case: Case) -> None:
        record = case.record
        match case.fate:
            case Fate.NEW | Fate.CONFLICT:
                assert record is not None
                record = replace(record, id=pending.next_id(self._db))
                pending.insert(self._db, record, self._tag_ids(record))
                self.added.imports[record.id] = record.id
            case Fate.UPDATED:
                assert record is not None
                self._keep(record_rows.snapshot(self._db, record.id, None))
                self.added.changed_imports.append(record.id)
                pending.update(self._db, record, self._tag_ids(record))
                if record.decision is None:
                    pending.decide(self._db, [record.id], None)
            case _:
                return
        self._change_images(record, item)

    def _change_images(self, record: PendingImport, item: Prepared) -> None:
        there = pending.images(self._db, record.id)
        for old in there:
            if old.sha256 in item.left:
                pending.remove_image(self._db, record.id, old)
                self.moves.append((pending_path(old.file), None))
        if item.standing.row is not None:
            scanned_pictures.forget(self._db, item.standing.row.id, item.left)
        first = there[-1].n + 1 if there else 0  # no name that one of these had
        for n, image in enumerate(item.pictures.images, first):
            file = f"{record.id}_{n}{image.suffix}"
            pending.add_image(self._db, record.id, PendingImage(n, file, image.sha256))
            generations.put(self._db, image.sha256, image.generation)
            self.added.pending_images.append((record.id, n, image.sha256))
            self.added.names.append((record.id, os.path.basename(image.name)))
            self.moves.append((f"{self._staging}/{image.position}", pending_path(file)))

    def _tag_ids(self, record: PendingImport) -> list[int]:
        return [tags.get_or_create(self._db, 0, name, None, None)[0] for name in record.tags]


def _facts(read: ReadModel) -> FileRow:
    file = read.file
    stamps = file.stamp.whole, file.stamp.content, read.beside
    own = read.own
    return FileRow(file.path, file.folder, *stamps, own.structure, own.metadata, own.whole, own.unreadable, own.tensors)
