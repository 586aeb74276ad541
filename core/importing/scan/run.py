"""One scan: what it was told, and what it has found so far."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from core.domain.scans import MovedFile, ScanProblem, ScanProgress, ScanReport
from core.errors import Cancelled
from core.importing.scan.assets import Assets
from core.importing.scan.batch import BatchCounts
from core.importing.scan.examples import Examples

Progress = Callable[[ScanProgress], None]


@dataclass(slots=True)
class ScanRun:
    """One scan: what it was told, and what it has found so far."""

    source: str
    examples: Examples
    assets: Assets
    cancel: threading.Event | None
    tell: Progress
    dry: bool  # look only
    again: set[str] = field(default_factory=set)  # paths of files that are read though they have not changed
    hashes: dict[str, str | None] = field(default_factory=dict)  # what files had, which have changed, by path
    name: str = ""  # of its first operation, once there is one
    files: int = 0
    total: int = 0
    read: int = 0
    new: int = 0
    updated: int = 0
    known: int = 0
    images: int = 0
    missing: int = 0
    moved_to: set[str] = field(default_factory=set)
    moved: list[MovedFile] = field(default_factory=list)
    offline: list[str] = field(default_factory=list)
    problems: list[ScanProblem] = field(default_factory=list)

    def check(self) -> None:
        """Raise Cancelled if the scan is to end."""
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled("the scan was cancelled")

    def count(self, counts: BatchCounts) -> None:
        """Add what a batch came to."""
        self.new += counts.new
        self.updated += counts.updated
        self.known += counts.known
        self.images += counts.images
        self.moved += counts.moved

    def saw(self, files: int) -> None:
        """Count model files that are done, and tell how far the scan is."""
        self.files += files
        self.tell(ScanProgress(self.files, max(self.total, self.files), self.read))

    def report(self, *, cancelled: bool = False) -> ScanReport:
        """Return what was found so far."""
        problems = tuple(sorted(dict.fromkeys(self.problems), key=lambda one: (one.path, one.reason)))
        counts = self.files, self.new, self.updated, self.known, tuple(self.moved), self.missing
        return ScanReport(*counts, tuple(self.offline), self.images, problems, cancelled)
