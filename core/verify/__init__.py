"""``--verify``: checks a library without changing it, then runs the whole flow on a scratch library."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.errors import LibraryError
from core.findings import Check, Code, Finding, Severity, VerifyReport
from core.library import Library
from core.verify.files import check_pending_images, check_strays
from core.verify.flow import check_flow
from core.verify.images import check_images
from core.verify.rows import check_database, check_journal, check_json, check_model_files, check_references

__all__ = ["check_library", "verify_library"]

_CHECKS: tuple[tuple[str, Callable[[Library], Iterator[Finding]]], ...] = (
    ("database", check_database),
    ("references", check_references),
    ("metadata", check_json),
    ("images", check_images),
    ("pending images", check_pending_images),
    ("journal", check_journal),
    ("stray files", check_strays),
    ("model files", check_model_files),
)


def check_library(library: Library) -> VerifyReport:
    """Check rows, references, JSON, images and journal of a library; nothing in it is changed."""
    checks: list[Check] = []
    findings: list[Finding] = []
    for name, check in _CHECKS:
        found = _found(library, check)
        errors = sum(finding.severity is Severity.ERROR for finding in found)
        warnings = len(found) - errors
        detail = "in order" if not found else f"{errors} errors, {warnings} warnings"
        checks.append(Check(name, not errors, detail))
        findings += found
    return VerifyReport(tuple(checks), tuple(sorted(findings)))


def _found(library: Library, check: Callable[[Library], Iterator[Finding]]) -> list[Finding]:
    """Return what a check finds, sorted; a database that cannot be read on is one more finding."""
    found: list[Finding] = []
    try:
        for finding in check(library):
            found.append(finding)
    except LibraryError as error:
        found.append(Finding(Code.DATABASE_DAMAGED, "", "library.db", str(error)))
    return sorted(found)


def verify_library(library: Library) -> VerifyReport:
    """Check a library, then prove on a scratch library of its own that the whole flow works on this machine."""
    report = check_library(library)
    return VerifyReport(report.checks + check_flow(), report.findings)
