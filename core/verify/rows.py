"""Checks of the database: pages, references, values, journal and model files."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterator
from functools import partial

from sqlite_utils import Database

from core.domain.layout import DATABASE
from core.errors import ModelFileError
from core.hashing.hasher import hash_file
from core.importing.legacy.rows import IMAGE_KEYS
from core.library import Library
from core.locks.library_lock import held
from core.storage import integrity, journal_rows
from core.storage.codecs import json_from_db
from core.verify.findings import Finding, FindingCode
from core.verify.looks import Look, settled

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PATIENCE = 5.0  # seconds for a running process to move an operation's files
_PAUSE = 0.02


def check_database(library: Library) -> Iterator[Finding]:
    """Let SQLite check its pages and indexes, and check the format of every hash."""
    with library.store.read() as db:
        for problem in integrity.integrity(db):
            yield Finding(FindingCode.DATABASE_DAMAGED, "", DATABASE, problem)
        for table, sha256 in integrity.hashes(db):
            if not _SHA256.fullmatch(sha256):
                yield Finding(FindingCode.BAD_SHA256, sha256, DATABASE, f"{table} holds what is not a SHA-256")


def check_references(library: Library) -> Iterator[Finding]:
    """Look for rows that refer to missing rows."""
    with library.store.read() as db:
        for table, rowid, parent in integrity.broken_references(db):
            yield Finding(FindingCode.REFERENCE_BROKEN, str(rowid), DATABASE, f"{table} refers to no row of {parent}")


def check_json(library: Library) -> Iterator[Finding]:
    """Check that every meta_json is a JSON object without image paths at its top level, and check manual choices."""
    with library.store.read() as db:
        for key, text in integrity.all_meta_json(db):
            try:
                meta = json_from_db(text)
            except (ValueError, RecursionError) as error:
                yield Finding(FindingCode.BAD_JSON, key, DATABASE, f"meta_json cannot be read: {error}")
                continue
            for name in sorted(IMAGE_KEYS & meta.keys()):
                yield Finding(FindingCode.IMAGE_KEYS, key, DATABASE, f"meta_json holds image paths under {name}")
        for key, reason in integrity.broken_picks(db):
            yield Finding(FindingCode.BAD_JSON, key, DATABASE, f"the manual choices cannot be read: {reason}")


def check_journal(library: Library) -> Iterator[Finding]:
    """Look for entries that this program did not write, an operation still open, and files that operations lost."""
    with library.store.read() as db:
        found = [entry for entry in journal_rows.all_checked(db) if entry.unsafe or entry.open or entry.lost]
    for entry in found:
        if entry.unsafe:
            yield Finding(FindingCode.JOURNAL_UNSAFE, str(entry.number), DATABASE, entry.unsafe)
        elif entry.open and _stays_open(library, entry.number):
            detail = "an operation is still open; opening the library finishes it"
            yield Finding(FindingCode.OPEN_ENTRY, str(entry.number), DATABASE, detail)
        for path in entry.lost:
            detail = "the file was in neither place when its operation ended"
            yield Finding(FindingCode.FILES_LOST, str(entry.number), path, detail)


def _stays_open(library: Library, n: int) -> bool:
    """Return whether an entry stays open, after giving any process with the library open time to move the files."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        at_work = held(library.root)
        with library.store.read() as db:
            entry = journal_rows.open_entry(db)
        if entry is None or entry.number != n:
            return False
        if not at_work or time.monotonic() > deadline:
            return True
        time.sleep(_PAUSE)


def check_model_files(library: Library) -> Iterator[Finding]:
    """Look for library models whose file is missing."""
    yield from settled(library.store, _model_files)


def _model_files(db: Database) -> Iterator[Look]:
    for sha256, path in integrity.model_paths(db):
        if not _is_there(path):
            yield partial(_model_file, sha256)


def _model_file(sha256: str, db: Database) -> Iterator[Finding]:
    path = integrity.model_path(db, sha256)
    if path is not None and not _is_there(path):
        yield Finding(FindingCode.MODEL_FILE_MISSING, sha256, path, "the model file is missing")


def _is_there(path: str) -> bool:
    return bool(path) and os.path.isfile(path)


def check_model_hashes(library: Library) -> Iterator[Finding]:
    """Hash every library model's file again, to check that it exists and is still the same model."""
    with library.store.read() as db:
        known, aliases = list(integrity.model_paths(db)), set(integrity.aliases(db))
    for sha256, path in known:
        finding = _hash_again(sha256, path, aliases)
        if finding is None:
            continue
        with library.store.read() as db:  # hashing is slow: the model may be gone or have another path by now
            if integrity.model_path(db, sha256) == path:
                yield finding


def _hash_again(sha256: str, path: str, aliases: Collection[tuple[str, str]]) -> Finding | None:
    try:
        found, _ = hash_file(path)
    except ModelFileError as reason:
        return Finding(FindingCode.MODEL_FILE_MISSING, sha256, path, str(reason))
    if found == sha256 or (found, sha256) in aliases:
        return None
    return Finding(FindingCode.MODEL_FILE_CHANGED, sha256, path, f"the file is another model now: {found}")
