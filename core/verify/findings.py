"""Checks, findings and the report of ``--verify``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """The severity of a finding: an error is damage or loss, a warning is worth knowing."""

    ERROR = "error"
    WARNING = "warning"


class FindingCode(StrEnum):
    """The kinds of finding."""

    DATABASE_DAMAGED = "database-damaged"
    LOG_FOREIGN = "log-foreign"
    REFERENCE_BROKEN = "reference-broken"
    BAD_SHA256 = "bad-sha256"
    BAD_JSON = "bad-json"
    ROW_UNSAFE = "row-unsafe"
    SCHEMA_FOREIGN = "schema-foreign"
    IMAGE_KEYS = "image-keys-in-meta"
    IMAGE_MISSING = "image-missing"
    TIERS_INCOMPLETE = "tiers-incomplete"
    IMAGE_DIGEST = "image-digest"
    IMAGE_UNDECODABLE = "image-undecodable"
    IMAGE_METADATA = "image-metadata"
    NO_REGULAR_FILE = "no-regular-file"
    SEQUENCE_GAP = "sequence-gap"
    ORPHAN_IMAGE = "orphan-image"
    PENDING_IMAGE_MISSING = "pending-image-missing"
    PENDING_IMAGE_CHANGED = "pending-image-changed"
    UNKNOWN_FILE = "unknown-file"
    MODEL_FILE_MISSING = "model-file-missing"
    MODEL_FILE_CHANGED = "model-file-changed"
    MODEL_FILE_VERDICT = "model-file-verdict"
    JOURNAL_UNSAFE = "journal-unsafe"
    OPEN_ENTRY = "open-entry"
    FILES_LOST = "files-lost"
    STAGING_LEFT = "staging-left"
    TRASH_WITHOUT_ENTRY = "trash-without-entry"


WARNINGS = frozenset(
    {
        FindingCode.SEQUENCE_GAP,
        FindingCode.ORPHAN_IMAGE,
        FindingCode.UNKNOWN_FILE,
        FindingCode.MODEL_FILE_MISSING,
        FindingCode.MODEL_FILE_CHANGED,
        FindingCode.MODEL_FILE_VERDICT,
        FindingCode.OPEN_ENTRY,
        FindingCode.STAGING_LEFT,
        FindingCode.TRASH_WITHOUT_ENTRY,
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A problem in a library: a stable code, the record or file concerned, and a description."""

    code: FindingCode
    key: str
    path: str
    detail: str

    @property
    def severity(self) -> Severity:
        return Severity.WARNING if self.code in WARNINGS else Severity.ERROR


@dataclass(frozen=True, slots=True)
class Check:
    """One line of ``--verify``."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """All checks and findings of one verification; ``ok`` means that no check failed and no finding is an error."""

    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks) and not any(
            finding.severity is Severity.ERROR for finding in self.findings
        )
