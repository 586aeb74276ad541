"""``--verify``: checks a library without changing it, then runs the whole flow on a scratch library."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator

from core.domain.layout import DATABASE
from core.errors import ForeignLog, LibraryError, SchemaForeign
from core.library import Library
from core.text import count_of
from core.verify.files import check_pending_images, check_strays
from core.verify.findings import Check, Finding, FindingCode, Severity, VerifyReport
from core.verify.flow import check_flow
from core.verify.images import check_images
from core.verify.rows import (
    check_database,
    check_journal,
    check_json,
    check_model_files,
    check_model_hashes,
    check_references,
)
from core.verify.values import check_cached_hashes, check_schema, check_values, schema_finding
from core.verify.verdicts import check_verdicts

__all__ = ["check_library", "verify_folder", "verify_library"]

_CHECKS: tuple[tuple[str, Callable[[Library], Iterator[Finding]]], ...] = (
    ("schema", check_schema),
    ("database", check_database),
    ("values", check_values),
    ("references", check_references),
    ("metadata", check_json),
    ("images", check_images),
    ("pending images", check_pending_images),
    ("journal", check_journal),
    ("stray files", check_strays),
)
_QUICK = (("model files", check_model_files),)
_FULL = (
    ("model files, read again", check_model_hashes),
    ("known hashes, read again", check_cached_hashes),
    ("verdicts on scanned files", check_verdicts),
)
# SQLite's errors for a file that is not a database, or one with damaged pages.
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def check_library(library: Library, *, full: bool = False) -> VerifyReport:
    """Check rows, references, JSON, images and journal of a library without changing it.

    With ``full`` every model file is read again, which takes as long as hashing all of them.
    """
    checks: list[Check] = []
    findings: list[Finding] = []
    for name, check in (*_CHECKS, *(_FULL if full else _QUICK)):
        found = _found(library, check)
        errors = sum(finding.severity is Severity.ERROR for finding in found)
        warnings = len(found) - errors
        detail = "in order" if not found else f"{count_of(errors, 'error')}, {count_of(warnings, 'warning')}"
        checks.append(Check(name, not errors, detail))
        findings += found
    return VerifyReport(tuple(checks), tuple(sorted(findings)))


def _found(library: Library, check: Callable[[Library], Iterator[Finding]]) -> list[Finding]:
    """Return the findings of a check, sorted; a database that becomes unreadable is one more finding."""
    found: list[Finding] = []
    try:
        for finding in check(library):
            found.append(finding)
    except LibraryError as error:
        found.append(Finding(FindingCode.DATABASE_DAMAGED, "", DATABASE, str(error)))
    return sorted(found)


def verify_library(library: Library, *, full: bool = False) -> VerifyReport:
    """Check a library, then test on a scratch library that the whole flow works on this machine."""
    report = check_library(library, full=full)
    return VerifyReport(report.checks + check_flow(), report.findings)


def verify_folder(folder: str | os.PathLike[str], *, full: bool = False) -> VerifyReport:
    """Verify the library in a folder; a database too damaged to be opened is a finding.

    Raises LibraryError if there is no library, or it cannot be read.
    """
    try:
        library = Library.open(folder, readonly=True)
    except ForeignLog as error:
        return _unopened(Finding(FindingCode.LOG_FOREIGN, "", f"{DATABASE}-wal", str(error)))
    except SchemaForeign as error:
        findings = tuple(sorted(map(schema_finding, error.differences)))
        return VerifyReport((Check("schema", False, "it cannot be read"), *check_flow()), findings)
    except LibraryError as error:
        cause = error.__cause__
        if not isinstance(cause, sqlite3.DatabaseError) or cause.sqlite_errorcode & 0xFF not in _DAMAGE:
            raise
        return _unopened(Finding(FindingCode.DATABASE_DAMAGED, "", DATABASE, str(error)))
    with library:
        return verify_library(library, full=full)


def _unopened(finding: Finding) -> VerifyReport:
    return VerifyReport((Check("database", False, "it cannot be opened"), *check_flow()), (finding,))
