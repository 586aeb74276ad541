"""Checks of the database: its pages, its references, its values, its journal."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from core.errors import ModelFileError
from core.findings import Code, Finding
from core.hasher import hash_file
from core.library import Library
from core.sources.legacy_row import IMAGE_KEYS
from core.store import check, entries
from core.store.values import json_from_db

_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_database(library: Library) -> Iterator[Finding]:
    """Have SQLite check its pages and indexes, and look at every hash."""
    with library.store.reading() as db:
        for problem in check.integrity(db):
            yield Finding(Code.DATABASE_DAMAGED, "", "library.db", problem)
        for table, sha256 in check.hashes(db):
            if not _SHA256.fullmatch(sha256):
                yield Finding(Code.BAD_SHA256, sha256, "library.db", f"{table} holds what is no SHA-256")


def check_references(library: Library) -> Iterator[Finding]:
    """Look for rows that refer to rows that are not there."""
    with library.store.reading() as db:
        for table, rowid, parent in check.broken_references(db):
            yield Finding(Code.REFERENCE_BROKEN, str(rowid), "library.db", f"{table} refers to no row of {parent}")


def check_json(library: Library) -> Iterator[Finding]:
    """Look at every meta_json, a JSON object without image paths at its top level, and at what was picked by hand."""
    with library.store.reading() as db:
        for key, text in check.all_meta_json(db):
            try:
                meta = json_from_db(text)
            except (ValueError, RecursionError) as error:
                yield Finding(Code.BAD_JSON, key, "library.db", f"meta_json cannot be read: {error}")
                continue
            for name in sorted(IMAGE_KEYS & meta.keys()):
                yield Finding(Code.IMAGE_KEYS, key, "library.db", f"meta_json holds image paths under {name}")
        for key, reason in check.broken_picks(db):
            yield Finding(Code.BAD_JSON, key, "library.db", f"what was picked by hand cannot be read: {reason}")


def check_journal(library: Library) -> Iterator[Finding]:
    """Look for entries that this program did not write, an operation still open, and files that one could not find."""
    with library.store.reading() as db:
        for entry in entries.all_checked(db):
            if entry.unsafe:
                yield Finding(Code.JOURNAL_UNSAFE, str(entry.n), "library.db", entry.unsafe)
            elif entry.open:
                detail = "an operation is still open; opening the library finishes it"
                yield Finding(Code.OPEN_ENTRY, str(entry.n), "library.db", detail)
            for path in entry.lost:
                detail = "the file was in neither place when its operation ended"
                yield Finding(Code.FILES_LOST, str(entry.n), path, detail)


def check_model_files(library: Library) -> Iterator[Finding]:
    """Look for library models whose file is not at its path."""
    with library.store.reading() as db:
        for sha256, path in check.model_paths(db):
            if not path or not os.path.isfile(path):
                yield Finding(Code.MODEL_FILE_MISSING, sha256, path, "the model file is missing")


def check_model_hashes(library: Library) -> Iterator[Finding]:
    """Read every library model's file again: it is there, and it is still the model."""
    with library.store.reading() as db:
        known = list(check.model_paths(db))
    for sha256, path in known:
        try:
            found, _ = hash_file(path)
        except ModelFileError as reason:
            yield Finding(Code.MODEL_FILE_MISSING, sha256, path, str(reason))
            continue
        if found != sha256:
            yield Finding(Code.MODEL_FILE_CHANGED, sha256, path, f"the file is another model by now: {found}")
