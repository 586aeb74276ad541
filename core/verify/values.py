"""Checks of untrusted database content: the schema, each value, and cached hashes that are wrong."""

from __future__ import annotations

from collections.abc import Iterator

from core.domain.layout import DATABASE
from core.errors import ModelFileError
from core.files.safe_open import fingerprint
from core.hashing.hasher import hash_file
from core.library import Library
from core.storage import integrity, schema_check
from core.storage.schema import SCHEMAS
from core.storage.unsafe_rows import unsafe_values
from core.verify.findings import Finding, FindingCode


def check_schema(library: Library) -> Iterator[Finding]:
    """Compare tables, indexes, triggers and views with those that the migrations create."""
    with library.store.read() as db:
        for difference in schema_check.differences(db, schema_check.applied(db) & SCHEMAS.keys()):
            yield schema_finding(difference.what)


def schema_finding(difference: str) -> Finding:
    """Return the finding for one difference in the schema."""
    return Finding(FindingCode.SCHEMA_FOREIGN, "", DATABASE, difference)


def check_values(library: Library) -> Iterator[Finding]:
    """Check the type, bounds and format of every value of every row."""
    with library.store.read() as db:
        for unsafe in unsafe_values(db):
            detail = f"{unsafe.table}: {unsafe.column}: {unsafe.reason}"
            yield Finding(FindingCode.ROW_UNSAFE, unsafe.key, DATABASE, detail)


def check_cached_hashes(library: Library) -> Iterator[Finding]:
    """Hash every file with a cached hash again, except those of the library's own models."""
    with library.store.read() as db:
        models = set(integrity.model_paths(db))
        cached = [entry for entry in integrity.cached_hashes(db) if (entry[2], entry[0]) not in models]
    for path, stamp, sha256 in cached:
        if fingerprint(path) != stamp:
            continue
        try:
            found, read = hash_file(path)
        except ModelFileError:  # it is gone by now, or its disk fails: nothing uses the hash
            continue
        if read == stamp and found != sha256:
            detail = f"file_hashes: sha256: {sha256}, but the file has {found}"
            yield Finding(FindingCode.ROW_UNSAFE, path, DATABASE, detail)
