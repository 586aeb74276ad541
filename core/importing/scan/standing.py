"""What the library already has of a model file that a scan has read, and what becomes of it.

A pending import of the file is brought up to date. For a model that the library has, what its sources now say otherwise
becomes a pending import with just that change: a conflict for the curator. What was deleted does not come back unless
the model file is another one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from enum import Enum, auto

from sqlite_utils import Database

from core.domain.records import Model, PendingImport
from core.domain.statements import ClaimKind
from core.errors import RowDamaged
from core.files.library_files import ABSENT
from core.importing.scan.listing import Stamp
from core.importing.scan.reading import ReadModel
from core.planning.source_changes import SourceChange, changes_between, with_changes
from core.planning.sources import combine
from core.storage import aliases, models, pending, scans
from core.storage.scans import StoredFile


class Fate(Enum):
    """What becomes of a model file in a batch."""

    NEW = auto()  # a pending import
    UPDATED = auto()  # its pending import is brought up to date
    CONFLICT = auto()  # the library has it: a pending import with what has changed
    OTHER_PATH = auto()  # another path to a file that is known
    KNOWN = auto()  # nothing changes but what is known about the file


@dataclass(frozen=True, slots=True)
class Standing:
    """What was known of a file before: its row, where it lay then, its pending import, the library's model."""

    row: StoredFile | None = None
    moved_from: str = ""
    other_of: str = ""
    pending_id: int | None = None
    sha256: str | None = None

    @property
    def place(self) -> str:
        """The path at which it is known, '' if it is not."""
        return self.row.path if self.row else ""


def standing(db: Database, read: ReadModel, proven: str | None) -> Standing:
    """Return what is known of a file; ``proven`` is its hash if the library may have a model of it."""
    file = read.file
    row, moved_from = scans.file_at(db, file.path), ""
    if row is None:
        for one in scans.files_with_content(db, file.stamp.content):
            if is_there(one, file.stamp):
                return Standing(other_of=one.path)
            row, moved_from = one, one.path
    if row is None:
        return Standing()
    ids, _ = scans.records_at(db, row.path)
    sha256 = aliases.model_of(db, proven) if proven is not None else None
    return Standing(row, moved_from, "", ids[0] if ids else None, sha256)


def is_there(row: StoredFile, stamp: Stamp) -> bool:
    """Return whether a file is still where it was found, and is the one with this stamp, or may be."""
    try:
        found = os.stat(row.path)
    except OSError as error:
        return error.errno not in ABSENT  # what cannot be looked at is not known to have moved
    return (found.st_ino, found.st_dev) == (stamp.inode, stamp.device)


@dataclass(frozen=True, slots=True)
class Case:
    """A file with what becomes of it; ``record`` is the pending import that is written, id 0 if it is a new one."""

    read: ReadModel
    standing: Standing
    fate: Fate
    record: PendingImport | None = None


def decide(db: Database, read: ReadModel, where: Standing, *, images_change: bool) -> Case:
    """Return what becomes of a file.

    ``images_change`` says whether it has pictures that were not taken before, or its pending import has some that are
    no longer its own.
    """
    if where.other_of:
        return Case(read, where, Fate.OTHER_PATH)
    if where.row is None:
        return Case(read, where, Fate.NEW, _new(read))
    said = combine(scans.statements(db, where.row.id)), combine(read.statements)
    if where.pending_id is not None:
        return _for_pending(db, read, where, changes_between(*said), images_change=images_change)
    changes = changes_between(*said, names_count=False)
    same = where.row.content == read.file.stamp.content
    if where.sha256 is not None:
        if not changes and not images_change:
            return Case(read, where, Fate.KNOWN)
        model = _model(db, where.sha256)
        return Case(read, where, Fate.CONFLICT, _new(read) if model is None else _changed(read, model, changes))
    return Case(read, where, Fate.KNOWN) if same else Case(read, where, Fate.NEW, _new(read))


def _for_pending(
    db: Database, read: ReadModel, where: Standing, changes: tuple[SourceChange, ...], *, images_change: bool
) -> Case:
    try:
        record = None if where.pending_id is None else pending.get(db, where.pending_id)
    except RowDamaged:
        record = None
    if record is None:
        return Case(read, where, Fate.KNOWN)
    meta, tags = with_changes(record.meta_json, record.tags, changes)
    facts = _new(read)
    moved = bool(where.moved_from)
    after = replace(
        record,
        path=facts.path if moved else record.path,
        name=facts.name if moved and record.name == os.path.basename(where.moved_from) else record.name,
        type=facts.type if moved else record.type,
        size_bytes=facts.size_bytes,
        # Of another size it is another file: what was decided was about the old one.
        decision=record.decision if facts.size_bytes == record.size_bytes else None,
        claimed_sha256=facts.claimed_sha256 or record.claimed_sha256,
        meta_json=meta,
        tags=tuple(sorted(tags)),
    )
    fate = Fate.UPDATED if images_change or moved or after != record else Fate.KNOWN
    return Case(read, where, fate, after)


def _model(db: Database, sha256: str) -> Model | None:
    try:
        return models.get(db, sha256)
    except RowDamaged:
        return None


def _new(read: ReadModel) -> PendingImport:
    said = combine(read.statements)
    file = read.file
    claims = (one.claim for one in read.claims)
    claimed = next((claim.value for claim in claims if claim.kind is ClaimKind.SHA256), None)
    name, size, created = _text(file.name), file.stamp.size, file.stamp.mtime_ns // 1_000_000
    return PendingImport(
        0, file.path, name, read.type, size, created, said.meta_json, said.tags, claimed_sha256=claimed
    )


def _changed(read: ReadModel, model: Model, changes: tuple[SourceChange, ...]) -> PendingImport:
    """Return the library's model with what has changed, so that any strategy does just that."""
    meta, tags = with_changes(model.meta_json, model.tags, changes)
    path = read.file.path
    return PendingImport(0, path, model.name, model.type, model.size_bytes, model.created_at, meta, tags)


def _text(name: str) -> str:
    """Return a file's name as text; bytes that are not UTF-8 are replaced."""
    return os.fsencode(name).decode(errors="replace")
