"""How a call for a promotion ended."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.enums import Action, Status
from core.domain.plans import Plan
from core.domain.records import RecordWithImages


@dataclass(frozen=True, slots=True)
class RefusedImage:
    """A pending image that could not be taken, and why."""

    image: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call for a promotion (or for its plan) ended.

    ``in_place`` is false where it has happened but the files follow at the next opening. ``existing`` and ``pending``
    come with a conflict, ``plan`` with a dry run and with *changed*, ``error`` with an error.
    """

    status: Status
    id: int
    sha256: str | None = None
    action_taken: Action | None = None
    images: tuple[str, ...] = ()
    refused: tuple[RefusedImage, ...] = ()
    in_place: bool = True
    claimed_sha256: str | None = None
    error: str | None = None
    existing: RecordWithImages | None = None
    pending: RecordWithImages | None = None
    plan: Plan | None = None
