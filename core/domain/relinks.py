"""The report of looking for missing model files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Relinked:
    """A record, a pending import or a model, whose file was found at another path."""

    pending_id: int | None
    sha256: str | None
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class StillMissing:
    """A record whose file was not found."""

    pending_id: int | None
    sha256: str | None
    path: str


@dataclass(frozen=True, slots=True)
class RelinkReport:
    """What was found, and what was not."""

    relinked: tuple[Relinked, ...] = ()
    still_missing: tuple[StillMissing, ...] = ()
