"""Stage 2: one pending import at a time, by its id, into the library."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import asdict, replace

from sqlite_utils import Database

from core.cases import Answer, Case, Cases
from core.errors import Cancelled, CuratorError, PromotionRefused
from core.hasher import Hasher, Progress
from core.image_scanner import relative_path
from core.incoming import Digests, Incoming, must_own
from core.journal import Change, Journal, StartOver
from core.library_paths import owner_of
from core.locks import KeyedLocks
from core.picks import NO_PICKS, Picks
from core.plan import make_plan, merged_row
from core.records import (
    Action,
    Kind,
    ModelImage,
    Outcome,
    PendingImport,
    Plan,
    RefusedImage,
    Status,
    Strategy,
    Tier,
)
from core.store import Store, entries, models, pending

_log = logging.getLogger("model_curator.processor")


class PromotionProcessor:
    """Plans and applies strategies; safe to call from several threads at once."""

    def __init__(self, store: Store, journal: Journal, cases: Cases, incoming: Incoming, hasher: Hasher) -> None:
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
        picks: Picks = NO_PICKS,
        cancel: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Apply a strategy to one pending import, with what was picked by hand; no stored decision plays a part.

        ``confirmed`` is the plan a curator saw: where the plan is another by now, the answer is *changed*, with the
        new plan, and nothing happens. ``progress`` gets bytes hashed and bytes in all. Raises ValueError for an
        unknown strategy and Cancelled; every other end is in the outcome.
        """
        wanted = None if strategy is None else Strategy(strategy)
        try:
            self._store.check_open()  # before any lock: in the child of a fork one may be held for ever
        except CuratorError as error:
            return Outcome(Status.ERROR, pending_id, error=_sentence(error))
        lock = self._ids.of(pending_id)
        if not lock.acquire(blocking=False):
            return Outcome(Status.LOCKED, pending_id)
        try:
            record = replace(self._record(pending_id, wanted), picks=picks)
            outcome = self._process(record, wanted, confirmed, cancel, progress)
        except Answer as answer:
            outcome = answer.outcome
        except Cancelled:
            raise
        except (CuratorError, OSError) as error:
            _log.warning("import %d could not be promoted", pending_id, exc_info=error)
            return Outcome(Status.ERROR, pending_id, error=_sentence(error))
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
        picks: Picks = NO_PICKS,
        cancel: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Return what ``process_single_import`` would answer, with the plan where one can be made; changes nothing."""
        wanted = None if strategy is None else Strategy(strategy)
        try:
            record = replace(self._record(pending_id, wanted), picks=picks)
            if wanted in (Strategy.SKIP, Strategy.DELETE):
                plan = make_plan(record, None, wanted, (), 0)
                known = self._hasher.known(record.path)
                return Outcome(Status.SUCCESS, pending_id, known, plan.action_taken, plan=plan)
            sha256 = self._hasher.sha256(record.path, cancel=cancel, progress=progress)
            case = self._cases.meet(record, sha256, wanted, cancel)
        except Answer as answer:
            return answer.outcome
        except Cancelled:
            raise
        except (CuratorError, OSError) as error:
            return Outcome(Status.ERROR, pending_id, error=_sentence(error))
        return self._outcome(case, Status.SUCCESS, plan=case.plan)

    def plan(self, pending_id: int, strategy: Strategy | str | None = None) -> Plan:
        """Return the plan of a promotion, hashing the file if need be.

        Raises PromotionRefused, carrying the outcome, where none can be made.
        """
        outcome = self.dry_run(pending_id, strategy)
        if outcome.plan is None:
            raise PromotionRefused(outcome)
        return outcome.plan

    def _record(self, pending_id: int, strategy: Strategy | None) -> PendingImport:
        """Return the pending import; one that is damaged can be skipped and deleted all the same."""
        read = _read_damaged if strategy in (Strategy.SKIP, Strategy.DELETE) else pending.get
        with self._store.reading() as db:
            record = read(db, pending_id)
        if record is None:
            raise Answer(Outcome(Status.NOT_FOUND, pending_id))
        must_own(record)
        return record

    def _process(
        self,
        record: PendingImport,
        strategy: Strategy | None,
        confirmed: Plan | None,
        cancel: threading.Event | None,
        progress: Progress | None,
    ) -> Outcome:
        if strategy is Strategy.SKIP:
            return Outcome(Status.SUCCESS, record.id, self._hasher.known(record.path), Action.IGNORED)
        self._store.await_turn(cancel)
        if strategy is Strategy.DELETE:
            return self._delete(record)
        sha256 = self._hasher.sha256(record.path, cancel=cancel, progress=progress)
        refused: dict[str, str] = {}
        with self._sha256s.of(sha256):
            while True:
                try:
                    now = replace(self._record(record.id, strategy), picks=record.picks)
                    return self._promote(now, sha256, strategy, confirmed, cancel, refused)
                except StartOver:
                    continue

    def _delete(self, record: PendingImport) -> Outcome:
        known = self._hasher.known(record.path)

        def change(db: Database) -> Change:
            now = _read_damaged(db, record.id)
            if now is None:
                raise Answer(Outcome(Status.NOT_FOUND, record.id))
            before = _readable_images(entries.rows_of(db, record.id, None), now)
            pending.delete(db, record.id)
            moves = [(f"pending/{file}", None) for file in self._incoming.present(now)]
            return Change(moves, Action.DELETED, record.id, known, before, entries.rows_of(db, record.id, None))

        with self._journal.staging() as staging:
            in_place = self._journal.run(staging, Kind.PROMOTE, change)
        return Outcome(Status.SUCCESS, record.id, known, Action.DELETED, in_place=in_place)

    def _promote(
        self,
        record: PendingImport,
        sha256: str,
        strategy: Strategy | None,
        confirmed: Plan | None,
        cancel: threading.Event | None,
        refused: dict[str, str],
    ) -> Outcome:
        """Try once; ``refused`` gathers what staging refused, so that starting over does not meet it again."""
        self._store.await_turn(cancel)  # hashing may have taken minutes; what follows encodes images
        first = self._cases.meet(_refusing(record, refused), sha256, strategy, cancel)
        images = [image for image in first.record.images if image.file in first.targets]
        with self._journal.staging() as staging:
            made, not_had = self._incoming.stage(images, staging, cancel)
            refused.update(not_had)
            positions = {image.file: position for position, image in enumerate(images)}
            judged = _refusing(first.record, refused)
            met: list[Case] = []

            def change(db: Database) -> Change:
                self._check_unchanged(db, record)
                case = self._cases.look(db, judged, sha256, strategy)
                if confirmed is not None and _as_json(case.plan) != _as_json(confirmed):
                    raise Answer(self._outcome(case, Status.CHANGED, plan=case.plan))
                if not case.targets.keys() <= made.keys():
                    raise StartOver
                met[:] = [case]
                staged = [(f"{staging.relative}/{positions[f]}", f, seq) for f, seq in case.targets.items()]
                return self._change(db, case, strategy, made, staged)

            in_place = self._journal.run(staging, Kind.PROMOTE, change, cancel)
        return self._outcome(met[0], Status.SUCCESS, in_place=in_place)

    @staticmethod
    def _check_unchanged(db: Database, record: PendingImport) -> None:
        now = pending.get(db, record.id)
        if now is None:
            raise Answer(Outcome(Status.NOT_FOUND, record.id))
        if _essence(now) != _essence(record):
            raise StartOver

    def _change(
        self,
        db: Database,
        case: Case,
        strategy: Strategy | None,
        made: dict[str, Digests],
        staged: list[tuple[str, str, int]],
    ) -> Change:
        record, sha256 = case.record, case.sha256
        before = entries.rows_of(db, record.id, sha256)
        models.put(db, sha256, merged_row(record, case.existing, strategy, case.old_path_exists))
        models.add_location(db, sha256, record.path)
        models.add_tags(db, sha256, pending.tag_ids(db, record.id, case.plan.tags.left_out))
        sources = {image.file: image.sha256 for image in record.images}
        moves: list[tuple[str, str | None]] = []
        for stem, file, seq in staged:
            models.put_image(db, sha256, ModelImage(seq, sources[file], made[file]))
            moves += [(f"{stem}_{tier}", relative_path(sha256, seq, tier)) for tier in Tier]
        moves += [(f"pending/{file}", None) for file in self._incoming.present(record)]
        pending.delete(db, record.id)
        after = entries.rows_of(db, record.id, sha256)
        return Change(moves, case.plan.action_taken, record.id, sha256, before, after)

    def _outcome(self, case: Case, status: Status, *, plan: Plan | None = None, in_place: bool = True) -> Outcome:
        claimed = case.record.claimed_sha256
        done = status is Status.SUCCESS and plan is None
        return Outcome(
            status,
            case.record.id,
            case.sha256,
            case.plan.action_taken if status is Status.SUCCESS else None,
            tuple(f"{case.sha256}_{seq}.webp" for seq in case.sequence) if done else (),
            tuple(RefusedImage(i.file, i.refused) for i in case.record.images if i.refused is not None),
            in_place,
            claimed if claimed != case.sha256 else None,
            plan=plan,
        )


def _read_damaged(db: Database, pending_id: int) -> PendingImport | None:
    """Return a pending import, as much of it as can be read; images that are not its own are left alone."""
    found = pending.read(db, pending_id)
    if found is None:
        return None
    record = found[0]
    return replace(record, images=tuple(image for image in record.images if owner_of(image.file) == record.id))


def _readable_images(rows: entries.Rows, record: PendingImport) -> entries.Rows:
    """Return the rows of a pending import without those of images that are none: undo must not bring such back."""
    files = {image.file for image in record.images}
    return {**rows, "pending_images": [row for row in rows["pending_images"] if row["file"] in files]}


def _as_json(plan: Plan) -> str:
    """Return a plan as text: to Python ``True`` equals 1, to a curator it is another value."""
    return json.dumps(asdict(plan))


def _essence(record: PendingImport) -> PendingImport:
    """Return what a promotion was prepared from: stored decisions and the verdicts play no part in it."""
    images = tuple(replace(image, refused=None) for image in record.images)
    return replace(record, decision=None, picks=NO_PICKS, images=images)


def _refusing(record: PendingImport, refused: Mapping[str, str]) -> PendingImport:
    """Return the record with the given reasons, by file name, on its images."""
    return replace(record, images=tuple(replace(i, refused=refused.get(i.file, i.refused)) for i in record.images))


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}; nothing was changed" if error.filename else str(error)
    return str(error)
