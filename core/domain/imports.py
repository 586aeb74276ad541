"""The report of an import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that Stage 1 could not import: the old row's id, the field, the reason."""

    row: int | None
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """How many model files of new rows are not there, of those whose paths begin with ``beginning``."""

    beginning: str
    files: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What one run of Stage 1 added, skipped (rows known from an earlier run), could not import, and did not find."""

    models: int = 0
    pending: int = 0
    tags: int = 0
    images: int = 0
    skipped: int = 0
    problems: tuple[Problem, ...] = ()
    cancelled: bool = False
    not_found: tuple[NotFound, ...] = ()
