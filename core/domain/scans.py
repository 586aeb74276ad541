"""The progress and the report of a scan of model folders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScanProblem:
    """A file or folder that could not be read, or not as a whole, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class MovedFile:
    """A model file that is found at another path than before; ``sha256`` where its hash is known."""

    sha256: str | None
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """How far a scan is: model files done and in total, and bytes read beside and from them."""

    done: int
    total: int
    read: int


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What one scan found.

    ``files`` counts the model files seen; each is ``new``, ``updated`` (something about it has changed), ``moved`` or
    ``known`` (nothing has changed). ``missing`` counts files that earlier scans saw and that are gone; ``offline``
    lists the roots that cannot be read, or are empty and were not. Under those nothing counts as missing.
    """

    files: int = 0
    new: int = 0
    updated: int = 0
    known: int = 0
    moved: tuple[MovedFile, ...] = ()
    missing: int = 0
    offline: tuple[str, ...] = ()
    images: int = 0
    problems: tuple[ScanProblem, ...] = ()
    cancelled: bool = False
