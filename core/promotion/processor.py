"""Stage 2: promote one pending import at a time, by its id, into the library."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from sqlite_utils import Database

from core.domain.enums import Action, OperationKind, Strategy, Tier
from core.domain.layout import pending_path
from core.domain.outcomes import Changed, Failed, Locked, NotFound, Outcome, Planned, Promoted, RefusedImage
from core.domain.plans import Plan
from core.domain.records import ModelImage, PendingImport
from core.domain.resolution import NO_OVERRIDES, Resolution
from core.errors import Cancelled, CuratorError, why_unchanged
from core.hashing.hasher import Hasher, Progress
from core.images.scanner import relative_path
from core.locks.keyed import KeyedLocks
from core.operations.journal import Change, Journal, StaleSnapshot
from core.planning.plan import plan_promotion
from core.promotion.errors import PromotionRefused
from core.promotion.pending_images import Digests, PendingImageStager, must_own
from core.promotion.planner import EarlyOutcome, PromotionContext, PromotionPlanner
from core.storage import LibraryDatabase, aliases, models, pending, record_rows
from core.storage.journal_paths import owner_of
from core.storage.record_rows import Rows

_log = logging.getLogger("model_curator.processor")


@dataclass(frozen=True, slots=True)
class _Request:
    """The arguments of a call for a promotion."""

    strategy: Strategy | None
    resolution: Resolution
    confirmed: Plan | None
    cancel: threading.Event | None


class PromotionProcessor:
    """Plans and applies strategies. Thread-safe."""

    def __init__(
        self,
        store: LibraryDatabase,
        journal: Journal,
        cases: PromotionPlanner,
        incoming: PendingImageStager,
        hasher: Hasher,
    ) -> None:
        self._store = store
        self._journal = journal
        self._cases = cases
        self._incoming = incoming
        self._hasher = hasher
        self._ids = KeyedLocks[int]()
        self._sha256s = KeyedLocks[str]()

    def process_single_import(
        self,
        pending_id: int,
        strategy: Strategy | str | None = None,
        *,
        confirmed: Plan | None = None,
        resolution: Resolution = NO_OVERRIDES,
        cancel: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Apply a strategy, with manual choices, to one pending import; stored decisions are ignored.

        ``confirmed`` is the plan that the user confirmed: if the plan has changed since, the outcome is *changed*, with
        the new plan, and nothing happens. ``progress`` receives bytes hashed and total bytes. Raises ValueError for an
        unknown strategy, and Cancelled; every other result is an outcome.
        """
        wanted = None if strategy is None else Strategy(strategy)
        try:
            self._store.check_open()  # before any lock: in the child of a fork, a lock may never be released
        except CuratorError as error:
            return Failed(pending_id, why_unchanged(error))
        lock = self._ids.of(pending_id)
        if not lock.acquire(blocking=False):
            return Locked(pending_id)
        try:
            request = _Request(wanted, resolution, confirmed, cancel)
            outcome = self._process(self._record(pending_id, wanted), request, progress)
        except EarlyOutcome as answer:
            outcome = answer.outcome
        except Cancelled:
            raise
        except (CuratorError, OSError) as error:
            _log.warning("import %d could not be promoted", pending_id, exc_info=error)
            return Failed(pending_id, why_unchanged(error))
        finally:
            lock.release()
        came = outcome.action_taken or outcome.status
        _log.info("import %d, strategy %s: %s, sha256 %s", pending_id, wanted or "none", came, outcome.sha256)
        return outcome

    def dry_run(
        self,
        pending_id: int,
        strategy: Strategy | str | None = None,
        *,
        resolution: Resolution = NO_OVERRIDES,
        cancel: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Return the outcome that ``process_single_import`` would have, with a plan if possible; change nothing."""
        wanted = None if strategy is None else Strategy(strategy)
        try:
            record = self._record(pending_id, wanted)
            if wanted in (Strategy.SKIP, Strategy.DELETE):
                plan = plan_promotion(record, None, wanted, (), 0).plan
                return Planned(pending_id, self._hasher.cached_hash(record.path), plan)
            sha256 = self._hasher.sha256(record.path, cancel=cancel, progress=progress)
            case = self._cases.prepare(record, sha256, wanted, resolution, cancel)
        except EarlyOutcome as answer:
            return answer.outcome
        except Cancelled:
            raise
        except (CuratorError, OSError) as error:
            return Failed(pending_id, why_unchanged(error))
        return Planned(pending_id, case.sha256, case.planned.plan, _refused(case), _false_claim(case))

    def plan(self, pending_id: int, strategy: Strategy | str | None = None) -> Plan:
        """Return the plan of a promotion, hashing the file if necessary.

        Raises PromotionRefused, carrying the outcome, if no plan can be made.
        """
        outcome = self.dry_run(pending_id, strategy)
        if isinstance(outcome, Planned):
            return outcome.plan
        raise PromotionRefused(outcome)

    def _record(self, pending_id: int, strategy: Strategy | None) -> PendingImport:
        """Return the pending import, which may be damaged if it is to be skipped or deleted."""
        read = _read_damaged if strategy in (Strategy.SKIP, Strategy.DELETE) else pending.get
        with self._store.read() as db:
            record = read(db, pending_id)
        if record is None:
            raise EarlyOutcome(NotFound(pending_id))
        must_own(record)
        return record

    def _process(self, record: PendingImport, request: _Request, progress: Progress | None) -> Outcome:
        if request.strategy is Strategy.SKIP:
            return Promoted(record.id, self._hasher.cached_hash(record.path), Action.IGNORED)
        self._store.await_turn(request.cancel)
        if request.strategy is Strategy.DELETE:
            return self._delete(record)
        sha256 = self._hasher.sha256(record.path, cancel=request.cancel, progress=progress)
        refused: dict[str, str] = {}
        with self._sha256s.of(sha256):
            while True:
                try:
                    return self._promote(self._record(record.id, request.strategy), sha256, request, refused)
                except StaleSnapshot:
                    continue

    def _delete(self, record: PendingImport) -> Outcome:
        known = self._hasher.cached_hash(record.path)

        def change(db: Database) -> tuple[Change, None]:
            now = _read_damaged(db, record.id)
            if now is None:
                raise EarlyOutcome(NotFound(record.id))
            before = _readable_images(record_rows.snapshot(db, record.id, None), now)
            pending.delete(db, record.id)
            moves = [(pending_path(file), None) for file in self._incoming.existing_files(now)]
            after = record_rows.snapshot(db, record.id, None)
            return Change(moves, Action.DELETED, record.id, known, before, after), None

        with self._journal.staging() as staging:
            executed = self._journal.execute(staging, OperationKind.PROMOTE, change)
        return Promoted(record.id, known, Action.DELETED, in_place=executed.in_place)

    def _promote(self, record: PendingImport, sha256: str, request: _Request, refused: dict[str, str]) -> Outcome:
        """Try once; ``refused`` collects the images that staging refused, so that a retry does not stage them again."""
        self._store.await_turn(request.cancel)  # hashing may have taken minutes, and encoding comes next
        judged = _with_refusals(record, refused)
        first = self._cases.prepare(judged, sha256, request.strategy, request.resolution, request.cancel)
        images = [image for image in first.record.images if image.file in first.planned.targets]
        with self._journal.staging() as staging:
            made, not_had = self._incoming.stage(images, staging, request.cancel)
            refused.update(not_had)
            positions = {image.file: position for position, image in enumerate(images)}
            judged = _with_refusals(first.record, refused)

            def change(db: Database) -> tuple[Change, PromotionContext]:
                self._check_unchanged(db, record)
                case = self._cases.evaluate(db, judged, sha256, request.strategy, request.resolution)
                if request.confirmed is not None and _as_json(case.planned.plan) != _as_json(request.confirmed):
                    changed = Changed(record.id, case.sha256, case.planned.plan, _refused(case), _false_claim(case))
                    raise EarlyOutcome(changed)
                if not case.planned.targets.keys() <= made.keys():
                    raise StaleSnapshot
                staged = [(f"{staging.relative}/{positions[f]}", f, seq) for f, seq in case.planned.targets.items()]
                return self._change(db, case, made, staged), case

            executed = self._journal.execute(staging, OperationKind.PROMOTE, change, request.cancel)
        return _promoted(executed.value, executed.in_place)

    @staticmethod
    def _check_unchanged(db: Database, record: PendingImport) -> None:
        now = pending.get(db, record.id)
        if now is None:
            raise EarlyOutcome(NotFound(record.id))
        if _without_decision(now) != _without_decision(record):
            raise StaleSnapshot

    def _change(
        self,
        db: Database,
        case: PromotionContext,
        made: dict[str, Digests],
        staged: list[tuple[str, str, int]],
    ) -> Change:
        record, sha256, planned = case.record, case.sha256, case.planned
        before = record_rows.snapshot(db, record.id, sha256)
        models.put(db, sha256, planned.row)
        models.add_location(db, sha256, record.path)
        if planned.plan.alias_of is not None:
            aliases.add(db, case.file, sha256)
        models.add_tags(db, sha256, pending.tag_ids(db, record.id, planned.plan.tags.left_out))
        sources = {image.file: image.sha256 for image in record.images}
        moves: list[tuple[str, str | None]] = []
        for stem, file, seq in staged:
            models.put_image(db, sha256, ModelImage(seq, sources[file], made[file]))
            moves += [(f"{stem}_{tier}", relative_path(sha256, seq, tier)) for tier in Tier]
        moves += [(pending_path(file), None) for file in self._incoming.existing_files(record)]
        pending.delete(db, record.id)
        after = record_rows.snapshot(db, record.id, sha256)
        return Change(moves, planned.plan.action_taken, record.id, sha256, before, after)


def _promoted(case: PromotionContext, in_place: bool) -> Promoted:
    images = tuple(f"{case.sha256}_{seq}.webp" for seq in case.sequence)
    action = case.planned.plan.action_taken
    return Promoted(case.record.id, case.sha256, action, images, _refused(case), in_place, _false_claim(case))


def _refused(case: PromotionContext) -> tuple[RefusedImage, ...]:
    return tuple(RefusedImage(i.file, i.refused) for i in case.record.images if i.refused is not None)


def _false_claim(case: PromotionContext) -> str | None:
    claimed = case.record.claimed_sha256
    return claimed if claimed != case.file else None


def _read_damaged(db: Database, pending_id: int) -> PendingImport | None:
    """Return a pending import as far as it can be read, without images that are not its own."""
    found = pending.read(db, pending_id)
    if found is None:
        return None
    record = found[0]
    return replace(record, images=tuple(image for image in record.images if owner_of(image.file) == record.id))


def _readable_images(rows: Rows, record: PendingImport) -> Rows:
    """Return the rows of a pending import without invalid images, which undo must not restore."""
    files = {image.file for image in record.images}
    return {**rows, "pending_images": [row for row in rows["pending_images"] if row["file"] in files]}


def _as_json(plan: Plan) -> str:
    """Return a plan as text, for comparison: in Python ``True`` equals 1, but to a user the values differ."""
    return json.dumps(asdict(plan))


def _without_decision(record: PendingImport) -> PendingImport:
    """Return the record without its decision and image verdicts, to compare the state a promotion started from."""
    images = tuple(replace(image, refused=None) for image in record.images)
    return replace(record, decision=None, images=images)


def _with_refusals(record: PendingImport, refused: Mapping[str, str]) -> PendingImport:
    """Return the record with the given reasons, by file name, set on its images."""
    return replace(record, images=tuple(replace(i, refused=refused.get(i.file, i.refused)) for i in record.images))
