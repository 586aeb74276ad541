"""Plan one promotion from the pending import and the model with its hash."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace

from sqlite_utils import Database

from core.domain.enums import Strategy
from core.domain.outcomes import Conflict, NotFound, Outcome
from core.domain.plans import PromotionPlan
from core.domain.records import PendingImport
from core.domain.resolution import Resolution
from core.images.scanner import ImageScanner
from core.planning.plan import plan_promotion
from core.promotion.lookup import RecordReader
from core.promotion.pending_images import PendingImageStager
from core.storage import LibraryDatabase, aliases, models


class EarlyOutcome(Exception):
    """Ends a promotion before anything is changed, with its outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.status)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class PromotionContext:
    """The pending import, the hash of the model that it becomes or that takes it, and the plan of its promotion.

    ``file`` is the hash of its file: another one where the library has the file, or its weights, under another header.
    ``sequence`` holds the model's image numbers after the promotion, so that they need not be read again.
    """

    record: PendingImport
    sha256: str
    file: str
    planned: PromotionPlan
    sequence: tuple[int, ...]


class PromotionPlanner:
    """Plans promotions in one library."""

    def __init__(
        self, store: LibraryDatabase, scanner: ImageScanner, incoming: PendingImageStager, lookup: RecordReader
    ) -> None:
        self._store = store
        self._scanner = scanner
        self._incoming = incoming
        self._lookup = lookup

    def prepare(
        self,
        record: PendingImport,
        sha256: str,
        strategy: Strategy | None,
        resolution: Resolution,
        cancel: threading.Event | None = None,
    ) -> PromotionContext:
        """Validate the pending images, then evaluate everything in one snapshot. Raises as ``evaluate`` does."""
        record = replace(record, images=self._incoming.validate(record.images, cancel))
        with self._store.read() as db:
            return self.evaluate(db, record, sha256, strategy, resolution)

    def evaluate(
        self, db: Database, record: PendingImport, sha256: str, strategy: Strategy | None, resolution: Resolution
    ) -> PromotionContext:
        """Plan the promotion from the current state; ``record`` carries the verdicts on its images.

        A merge goes to the model with the same weights where the library has none of the file itself.

        Raises EarlyOutcome if the library has the model and there is no strategy: *conflict* with both records, or
        *not found* if the import has left the queue.
        """
        file, known = sha256, aliases.model_of(db, sha256)
        alike = aliases.model_with_weights(db, file) if known is None and strategy is Strategy.MERGE else None
        sha256 = known or alike or file
        existing = models.get(db, sha256)
        if existing is not None and strategy is None:
            raise EarlyOutcome(self._conflict(db, record.id, sha256))
        images = models.images(db, sha256)
        on_disk = self._scanner.sequence(sha256)
        first = self._scanner.get_next_sequence_index(sha256)
        there = existing is not None and os.path.exists(existing.path)
        planned = plan_promotion(
            record,
            existing,
            strategy,
            images,
            first,
            resolution=resolution,
            on_disk=on_disk,
            old_path_exists=there,
            alias_of=alike,
        )
        sequence = tuple(sorted({*on_disk, *planned.targets.values()}))
        return PromotionContext(record, sha256, file, planned, sequence)

    def _conflict(self, db: Database, pending_id: int, sha256: str) -> Outcome:
        pending = self._lookup.pending(db, pending_id)
        if pending is None:  # another process has promoted it: the model is this import itself
            return NotFound(pending_id)
        return Conflict(pending_id, sha256, self._lookup.model(db, sha256), pending)
