"""One run of Stage 1: its input, and what it has imported so far."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.imports import ImportReport, Problem
from core.importing.images import ImportImageStager, StagedImage
from core.importing.legacy.database import LegacyDatabase, LegacyRow
from core.importing.not_found import NotFoundCounter


@dataclass(slots=True)
class Counts:
    models: int = 0
    pending: int = 0
    images: int = 0
    skipped: int = 0

    def add(self, other: Counts) -> None:
        self.models += other.models
        self.pending += other.pending
        self.images += other.images
        self.skipped += other.skipped


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row with its staged images, prepared for what it will most likely become."""

    row: LegacyRow
    known: bool
    as_model: str | None
    images: tuple[StagedImage, ...]


@dataclass(slots=True)
class Run:
    """One run of Stage 1 over one source."""

    source: LegacyDatabase
    path_map: Mapping[str, str]
    images: ImportImageStager
    cancel: threading.Event | None
    taken_ids: set[int]
    name: str = ""  # the name of its first operation, once there is one
    tag_ids: dict[int, int] = field(default_factory=dict)
    new_tags: int = 0
    total: Counts = field(default_factory=Counts)
    problems: list[Problem] = field(default_factory=list)
    not_found: NotFoundCounter = field(default_factory=NotFoundCounter)

    def report(self, *, cancelled: bool = False) -> ImportReport:
        """Return what has been imported so far."""
        counts = self.total
        # sorted by row; problems of the whole database come first
        problems = tuple(sorted(self.problems, key=lambda problem: -1 if problem.row is None else problem.row))
        return ImportReport(
            counts.models,
            counts.pending,
            self.new_tags,
            counts.images,
            counts.skipped,
            problems,
            cancelled,
            self.not_found.found(),
        )
