"""What one promotion meets: the pending import, the model that has its hash, and the plan that comes of them."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace

from sqlite_utils import Database

from core.image_scanner import ImageScanner
from core.incoming import Incoming
from core.lookup import Lookup
from core.plan import action_for, make_plan, place_images
from core.records import Model, Outcome, PendingImport, Plan, Status, Strategy
from core.store import Store, models


class Answer(Exception):
    """Ends a promotion before anything is changed, with what is to be told."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.status)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Case:
    """Both records, the plan, and the number in the sequence that each accepted file of ``pending/`` would get.

    ``sequence`` holds the model's numbers as they would be afterwards: once it has happened nothing need be read.
    """

    record: PendingImport
    sha256: str
    existing: Model | None
    plan: Plan
    targets: dict[str, int]
    sequence: tuple[int, ...]
    old_path_exists: bool


class Cases:
    """Looks at cases in one library."""

    def __init__(self, store: Store, scanner: ImageScanner, incoming: Incoming, lookup: Lookup) -> None:
        self._store = store
        self._scanner = scanner
        self._incoming = incoming
        self._lookup = lookup

    def meet(
        self, record: PendingImport, sha256: str, strategy: Strategy | None, cancel: threading.Event | None = None
    ) -> Case:
        """Judge the pending images, then look at everything in one snapshot; raises Answer as ``look`` does."""
        record = replace(record, images=self._incoming.judge(record.images, cancel))
        with self._store.reading() as db:
            return self.look(db, record, sha256, strategy)

    def look(self, db: Database, record: PendingImport, sha256: str, strategy: Strategy | None) -> Case:
        """Look at everything as it is now; ``record`` carries the verdicts on its images.

        Raises Answer, *conflict* with both records, where the library has the model and there is no strategy.
        """
        existing = models.get(db, sha256)
        if existing is not None and strategy is None:
            raise Answer(self._conflict(db, record.id, sha256))
        images = models.images(db, sha256)
        on_disk = self._scanner.sequence(sha256)
        first = self._scanner.get_next_sequence_index(sha256)
        there = existing is not None and os.path.exists(existing.path)
        plan = make_plan(record, existing, strategy, images, first, on_disk=on_disk, old_path_exists=there)
        action, left_out = action_for(existing, strategy), record.picks.images
        _, targets = place_images(record.images, action, images, on_disk, first, left_out=left_out)
        sequence = tuple(sorted({*on_disk, *targets.values()}))
        return Case(record, sha256, existing, plan, targets, sequence, there)

    def _conflict(self, db: Database, pending_id: int, sha256: str) -> Outcome:
        pending = self._lookup.pending(db, pending_id)
        if pending is None:  # another process promoted it meanwhile: the model it would meet is itself
            return Outcome(Status.NOT_FOUND, pending_id)
        existing = self._lookup.model(db, sha256)
        return Outcome(Status.CONFLICT, pending_id, sha256, existing=existing, pending=pending)
