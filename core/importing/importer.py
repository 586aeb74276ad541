"""Stage 1: import an old database into the queue and the library, in batches that are all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlite_utils import Database

from core.domain.enums import Action, OperationKind, Tier
from core.domain.imports import ImportReport, Problem
from core.domain.layout import pending_path
from core.domain.records import ModelImage, PendingImage, PendingImport
from core.errors import Cancelled, RowDamaged
from core.files.paths import map_path
from core.images.scanner import ImageScanner, relative_path
from core.importing.errors import ImportInterrupted
from core.importing.images import ImportImageStager, StagedImage
from core.importing.legacy.database import HIGHEST_KEPT_ID, LegacyDatabase, LegacyImage, LegacyRow
from core.importing.run import Counts, Prepared, Run
from core.operations.journal import Change, Journal, Staging, StaleSnapshot
from core.storage import LibraryDatabase, aliases, generations, import_batches, import_log, models, pending, tags
from core.storage.import_batches import Added

_BATCH_ROWS = 200
_BATCH_IMAGES = 64
_ANOTHER = (
    "another record was imported from this path under this id before; nothing was added; copy the database to another "
    "path and import it from there"
)

Progress = Callable[[int, int], None]  # rows done, total rows


class Importer:
    """Runs Stage 1 on one library."""

    def __init__(self, store: LibraryDatabase, journal: Journal, scanner: ImageScanner) -> None:
        self._store = store
        self._journal = journal
        self._scanner = scanner

    def run(
        self,
        source: LegacyDatabase,
        images: ImportImageStager,
        path_map: Mapping[str, str],
        *,
        cancel: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import all rows of ``source`` and return what was added, skipped, and could not be imported.

        Setting ``cancel`` ends the import after the last committed batch, and the report says so. Raises LibraryError,
        and ImportInterrupted for a KeyboardInterrupt.
        """
        with self._store.read() as db:
            run = Run(source, path_map, images, cancel, import_batches.ids_of_others(db, source.source))
        try:
            self._take_tags(run)
            count, done = source.count(), 0
            for batch in _batches(source.rows()):
                self._take(run, batch)
                done += len(batch)
                if progress is not None:
                    progress(done, count)
        except Cancelled:
            return run.report(cancelled=True)
        except KeyboardInterrupt as interrupt:
            raise ImportInterrupted(run.report(cancelled=True)) from interrupt
        return run.report()

    def _take_tags(self, run: Run) -> None:
        added = 0
        found = run.source.tags()
        run.problems += run.source.problems
        with self._store.write(cancel=run.cancel) as db:
            for tag in found:
                run.tag_ids[tag.id], new = tags.get_or_create(db, tag.id, tag.name, tag.color, tag.created_at)
                added += new
        run.new_tags = added

    def _take(self, run: Run, batch: Sequence[LegacyRow]) -> None:
        counts = None
        while counts is None:
            if run.cancel is not None and run.cancel.is_set():
                raise Cancelled("the import was cancelled")
            counts = self._attempt(run, batch)
        run.problems += [problem for row in batch for problem in row.problems] + run.images.problems
        run.total.add(counts)
        for row in batch if counts.models or counts.pending else ():
            run.not_found.look(map_path(row.path, run.path_map))

    def _attempt(self, run: Run, batch: Sequence[LegacyRow]) -> Counts | None:
        """Import a batch as one operation; return None if the state it was prepared from has changed."""
        self._store.await_turn(run.cancel)
        with self._journal.staging() as staging:
            run.images.begin(staging)
            prepared = self._prepare(run, batch)
            if all(item.known and not item.images for item in prepared):  # nothing new: no journal entry
                return Counts(skipped=len(prepared))
            staging.sync()
            try:
                executed = self._journal.execute(
                    staging, OperationKind.IMPORT, lambda db: self._write(db, run, prepared, staging), run.cancel
                )
            except StaleSnapshot:
                return None
            run.name = run.name or staging.op
        return executed.value

    def _prepare(self, run: Run, batch: Sequence[LegacyRow]) -> list[Prepared]:
        """Stage the images of a batch, predicting what each row will become."""
        prepared, first_of = [], set[str]()
        for row in batch:
            with self._store.read() as db:
                earlier = import_log.find(db, run.source.source, row.row)
                as_model = self._destination(db, row, earlier, first_of)
                other = earlier is not None and _is_another(db, row, earlier, map_path(row.path, run.path_map))
                wanted = _wanted(row, earlier) if self._lives(db, earlier) and not other else ()
            if earlier is None and as_model:
                first_of.add(as_model)
            images = run.images.stage(row.row, wanted, as_tiers=as_model is not None)
            if other:
                run.images.problems.append(Problem(row.row, "id", _ANOTHER))
            prepared.append(Prepared(row, earlier is not None, as_model, images))
        return prepared

    @staticmethod
    def _destination(
        db: Database, row: LegacyRow, earlier: import_log.ImportedRow | None, first_of: set[str]
    ) -> str | None:
        """Return the sha256 of the model that gets the row's images, or None for a pending import."""
        if earlier is not None:
            return earlier.sha256
        if row.sha256 is None or row.stays_pending or row.sha256 in first_of:
            return None
        return None if aliases.model_of(db, row.sha256) else row.sha256

    @staticmethod
    def _lives(db: Database, earlier: import_log.ImportedRow | None) -> bool:
        """Return whether the record can take more images: an earlier one must still exist and be undamaged."""
        if earlier is None:
            return True
        try:
            if earlier.sha256 is not None:
                models.images(db, earlier.sha256)
                return models.exists(db, earlier.sha256)
            return earlier.pending_id is not None and pending.get(db, earlier.pending_id) is not None
        except RowDamaged:
            return False

    def _write(self, db: Database, run: Run, batch: Sequence[Prepared], staging: Staging) -> tuple[Change, Counts]:
        """Write a batch's rows inside the deciding transaction. Raises StaleSnapshot if a prediction was wrong."""
        moves: list[tuple[str, str | None]] = []
        added, counts = Added(), Counts()
        for item in batch:
            earlier = import_log.find(db, run.source.source, item.row.row)
            if (earlier is not None) != item.known or (not self._lives(db, earlier) and item.images):
                raise StaleSnapshot
            if earlier is None:
                if self._destination(db, item.row, None, set()) != item.as_model:
                    raise StaleSnapshot
                pending_id = self._add(db, run, item, added)
                import_log.mark_imported(
                    db, run.source.source, item.row.row, sha256=item.as_model, pending_id=pending_id
                )
            else:
                counts.skipped += 1
                pending_id = earlier.pending_id
            if item.as_model is not None:
                moves += self._add_to_sequence(db, item.as_model, item.images, staging.relative, added)
            elif pending_id is not None:
                moves += self._add_to_pending(db, pending_id, item.images, staging.relative, added)
            for image in item.images:
                import_log.mark_image_imported(db, run.source.source, item.row.row, image.name)
                generations.put(db, image.sha256, image.generation)
                added.names.append((item.row.row, image.name))
        counts.models, counts.pending, counts.images = len(added.models), len(added.imports), len(added.names)
        before, after = import_batches.to_entry(db, run.name or staging.op, run.source.source, added)
        return Change(moves, Action.IMPORTED, before=before, after=after), counts

    def _add(self, db: Database, run: Run, item: Prepared, added: Added) -> int | None:
        """Add the record that a row becomes, without its images; return its id if it is a pending import."""
        row, sha256 = item.row, item.as_model
        path = map_path(row.path, run.path_map)
        tag_ids = [run.tag_ids[i] for i in row.tags if i in run.tag_ids]
        if sha256 is not None:
            columns = {
                "path": path,
                "name": row.name,
                "type": row.type,
                "size_bytes": row.size_bytes,
                "created_at": row.created_at,
                "meta_json": row.meta_json,
            }
            models.put(db, sha256, columns)
            models.add_location(db, sha256, path)
            models.add_tags(db, sha256, tag_ids)
            added.models[row.row] = sha256
            return None
        pending_id = self._new_id(db, run, row.row)
        record = PendingImport(
            pending_id,
            path,
            row.name,
            row.type,
            row.size_bytes,
            row.created_at,
            row.meta_json,
            claimed_sha256=row.sha256,
        )
        pending.insert(db, record, tag_ids)
        added.imports[row.row] = pending_id
        return pending_id

    @staticmethod
    def _new_id(db: Database, run: Run, row: int) -> int:
        if 1 <= row <= HIGHEST_KEPT_ID and row not in run.taken_ids and not import_log.was_id_used(db, row):
            return row
        return max(pending.next_id(db), run.source.highest_id() + 1)

    def _add_to_sequence(
        self, db: Database, sha256: str, images: Sequence[StagedImage], staging: str, added: Added
    ) -> list[tuple[str, str | None]]:
        known = models.images(db, sha256)
        first = max(self._scanner.get_next_sequence_index(sha256), known[-1].seq + 1 if known else 0) if images else 0
        moves: list[tuple[str, str | None]] = []
        for seq, image in enumerate(images, first):
            models.put_image(db, sha256, ModelImage(seq, image.sha256, image.digests))
            added.model_images.append((sha256, seq, image.sha256))
            for tier in Tier:
                moves.append((f"{staging}/{image.position}_{tier}", relative_path(sha256, seq, tier)))
        return moves

    @staticmethod
    def _add_to_pending(
        db: Database, pending_id: int, images: Sequence[StagedImage], staging: str, added: Added
    ) -> list[tuple[str, str | None]]:
        there = pending.images(db, pending_id)
        first = there[-1].n + 1 if there else 0
        moves: list[tuple[str, str | None]] = []
        for n, image in enumerate(images, first):
            file = f"{pending_id}_{n}{image.suffix}"
            pending.add_image(db, pending_id, PendingImage(n, file, image.sha256))
            added.pending_images.append((pending_id, n, image.sha256))
            moves.append((f"{staging}/{image.position}", pending_path(file)))
        return moves


def _is_another(db: Database, row: LegacyRow, earlier: import_log.ImportedRow, path: str) -> bool:
    """Return whether a row is another record than the one that was imported under its id before.

    That happens when another database is put in the place of one, or an id is reused. A record that was promoted or
    deleted since cannot be compared.
    """
    if earlier.sha256 is not None:
        return row.sha256 not in (None, earlier.sha256)
    try:
        record = None if earlier.pending_id is None else pending.get(db, earlier.pending_id)
    except RowDamaged:
        return False
    if record is None or record.path == path:
        return False
    same_hash = row.sha256 is not None and row.sha256 == record.claimed_sha256
    return not same_hash and (row.name != record.name or not row.name)


def _wanted(row: LegacyRow, earlier: import_log.ImportedRow | None) -> tuple[LegacyImage, ...]:
    there = earlier.image_names if earlier else frozenset()
    return tuple(image for image in row.images if image.name not in there)


def _batches(rows: Iterator[LegacyRow]) -> Iterator[list[LegacyRow]]:
    """Split the rows into batches with a limited number of rows and images."""
    batch: list[LegacyRow] = []
    images = 0
    for row in rows:
        if batch and (len(batch) >= _BATCH_ROWS or images + len(row.images) > _BATCH_IMAGES):
            yield batch
            batch, images = [], 0
        batch.append(row)
        images += len(row.images)
    if batch:
        yield batch
