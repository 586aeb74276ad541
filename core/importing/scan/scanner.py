"""Scan model folders into the queue: walk, read what is new or has changed, write it in batches.

No lock is held while folders and files are read. Each batch is one operation of the journal; a folder counts as read
only when everything in it has been written, so that the next scan completes one that was interrupted.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator, Sequence

from core.domain.enums import OperationKind
from core.domain.scans import ScanProblem, ScanReport
from core.domain.statements import Source
from core.errors import Cancelled, LibraryError, ModelFileError
from core.hashing.hasher import Hasher
from core.importing.scan import assets, batch
from core.importing.scan.batch import BatchCounts, Prepared
from core.importing.scan.beside import Neighbours
from core.importing.scan.examples import Examples
from core.importing.scan.listing import Lister, Listing, ModelFile
from core.importing.scan.moves import find_moves, follow
from core.importing.scan.pictures import PictureStager
from core.importing.scan.reading import Picture, ReadModel, beside_stamp, prompts_of, read_model
from core.importing.scan.run import Progress, ScanRun
from core.importing.scan.standing import Fate, decide, standing
from core.importing.scan.survey import Survey, survey
from core.importing.scan.walk import SUFFIXES, Folder, Walk
from core.importing.sidecars.builder import About
from core.importing.sidecars.hugging_face import notes_in
from core.operations.journal import Journal, Staging, StaleSnapshot
from core.pools import Pool
from core.storage import LibraryDatabase, scan_folders, scan_problems, scanned_pictures, scans
from core.storage.scan_folders import StoredFolder

_BATCH_FILES = 200
_BATCH_PICTURES = 64
_ATTEMPTS = 5  # to write a batch, while other processes change what it was prepared from

_Done = tuple[Folder, int]  # a folder that was read, and how many model files are in it


class FolderScanner:
    """Scans model folders into one library."""

    def __init__(self, store: LibraryDatabase, journal: Journal, hasher: Hasher, pool: Pool) -> None:
        """``pool`` reads and checks pictures."""
        self._store = store
        self._journal = journal
        self._hasher = hasher
        self._pool = pool

    def run(
        self,
        roots: Sequence[str],
        *,
        examples: str | None = None,
        databases: Sequence[str] = (),
        dry_run: bool = False,
        suffixes: frozenset[str] = SUFFIXES,
        cancel: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> ScanReport:
        """Scan folders and lists of folders (``extra_model_paths.yaml``), and return what was found.

        ``examples`` is Lora-Manager's folder of example images, ``databases`` are ComfyUI's. With ``dry_run``
        everything is read and nothing written. Setting ``cancel`` ends the scan after the last committed batch, and
        the report says so. Raises LibraryError.
        """
        source, tell = roots[0] if roots else "", progress or (lambda _: None)
        with assets.opened(databases, roots) as told:
            run = ScanRun(source, Examples(examples), told, cancel, tell, dry_run)
            try:
                self._run(run, roots, suffixes)
            except Cancelled:
                return run.report(cancelled=True)
            return run.report()

    def _run(self, run: ScanRun, roots: Sequence[str], suffixes: frozenset[str]) -> None:
        with self._store.read() as db:
            stored, run.again = scan_folders.folders(db), scans.paths_with_hashes(db, run.examples.hashes)
            told = scans.folders_told_by(db, Source.COMFYUI) if run.assets.databases else set()
        walk = Walk(suffixes, run.cancel)
        found = survey(walk, roots, stored, {*map(os.path.dirname, run.again), *run.assets.folders, *told})
        run.total, run.offline = found.files, found.offline
        run.problems += [*run.assets.problems, *found.problems]
        self._count_unchanged(run, found, stored)
        lister = Lister(walk.folders, suffixes)
        if stored and not run.dry:
            self._follow(run, found, Lister(walk.folders, suffixes))
        pending: list[ReadModel] = []
        done: list[_Done] = []
        for folder in found.changed:
            listing = self._list(run, folder, lister)
            if listing is None:
                continue
            for read in self._read_folder(run, folder, listing):
                pending.append(read)
                if len(pending) >= _BATCH_FILES or sum(len(one.pictures) for one in pending) >= _BATCH_PICTURES:
                    self._flush(run, pending, done)
            done.append((folder, len(listing.models)))
            if not pending and len(done) >= _BATCH_FILES:
                self._flush(run, pending, done)
        self._flush(run, pending, done)
        self._finish(run, found, stored)

    def _count_unchanged(self, run: ScanRun, found: Survey, stored: dict[str, StoredFolder]) -> None:
        with self._store.read() as db:
            told = scan_problems.folders_with_problems(db)
            for folder in found.unchanged:
                files = stored[folder.path].files
                run.known += files
                run.files += files
                if folder.path in told:
                    run.problems += [
                        one for about in scan_problems.problems_in(db, folder.path).values() for one in about
                    ]
        run.saw(0)

    def _follow(self, run: ScanRun, found: Survey, lister: Lister) -> None:
        """Let records follow files that were moved, before anything is read, in one operation."""
        with self._store.read() as db:
            moves = find_moves(db, lister.models_in(found.changed), run.check)
        if not moves:
            return
        with self._journal.staging() as staging:
            run.name = run.name or staging.op
            executed = self._journal.execute(
                staging, OperationKind.IMPORT, lambda db: follow(db, moves, run.name, run.source), run.cancel
            )
        run.moved += executed.value
        run.moved_to = {one.new for one in executed.value}

    def _list(self, run: ScanRun, folder: Folder, lister: Lister) -> Listing | None:
        """Return what a folder holds, and remember what is passed over in it; None if it cannot be read now."""
        try:
            listing = lister.list(folder)
        except OSError as error:
            run.problems.append(ScanProblem(folder.path, f"it cannot be read ({error.strerror})"))
            return None
        problems = [ScanProblem(one.path, one.reason) for one in listing.passed_over]
        run.problems += problems
        with self._store.read() as db:
            known = scan_problems.problems_in(db, folder.path).get(folder.path, [])
        if (problems != known or listing.others) and not run.dry:
            with self._store.write(full=False, cancel=run.cancel) as db:
                scan_problems.put_problems(db, folder.path, folder.path, problems)
                for other in listing.others:
                    scans.add_other_path(db, other.path, other.of)
        return listing

    def _read_folder(self, run: ScanRun, folder: Folder, listing: Listing) -> Iterator[ReadModel]:
        """Yield the models of a folder that are new or have changed, with everything that is said about them."""
        with self._store.read() as db:
            stored, known_problems = scans.files_in(db, folder.path), scan_problems.problems_in(db, folder.path)
            kept = run.assets.kept(db, stored)
        neighbours = Neighbours(listing.names, downloads=_notes(run, folder.path, listing.names))
        for model in listing.models:
            run.check()
            beside = neighbours.of(model.name)
            prompts = prompts_of(model, listing.names)
            told = run.assets.of(model, folder.reached, kept.get(model.path, ()))
            stamp = beside_stamp(folder.path, beside, prompts, told.stamp)
            row = stored.get(model.path)
            same = row is not None and (row.stamp, row.beside) == (model.stamp.whole, stamp)
            if same and model.path not in run.again:
                run.known += 1
                run.problems += known_problems.get(model.path, [])
                run.saw(1)
                continue
            if row is not None and row.content != model.stamp.content:
                with self._store.read() as db:  # before anything hashes the file anew
                    run.hashes[model.path] = scans.hash_of(db, row)
            known = self._hasher.cached_hash(model.path)
            about = About(model.name, known, functools.partial(self._prove, run, model))
            yield read_model(model, about, beside, stamp, prompts, told)

    def _flush(self, run: ScanRun, pending: list[ReadModel], done: list[_Done]) -> None:
        """Write the models that were read, and mark the folders that are complete with them."""
        if pending:
            self._take(run, pending)
            run.read += sum(one.read for one in pending)
            run.saw(len(pending))
            pending.clear()
        if done and not run.dry:
            with self._store.write(full=False, cancel=run.cancel) as db:
                for folder, files in done:
                    scan_folders.put_folder(db, folder.path, StoredFolder(folder.root, folder.stamp, files))
        done.clear()

    def _take(self, run: ScanRun, pending: Sequence[ReadModel]) -> None:
        """Write models as one batch; if what they were prepared from changes again and again, each as its own."""
        for _ in range(_ATTEMPTS):
            run.check()
            counts = self._attempt(run, pending)
            if counts is not None:
                run.count(counts)
                return
        if len(pending) == 1:
            raise LibraryError("another process changes the library all the time; scan again when it is done")
        for read in pending:
            self._take(run, [read])

    def _attempt(self, run: ScanRun, pending: Sequence[ReadModel]) -> BatchCounts | None:
        """Write a batch; return None if what it was prepared from has changed."""
        if not run.dry:
            self._store.await_turn(run.cancel)
        with self._journal.staging() as staging:
            stager = PictureStager(None if run.dry else staging, self._pool, run.cancel)
            items = [self._prepare(run, read, stager) for read in pending]
            staging.sync()
            try:
                counts = self._write(run, items, staging)
            except StaleSnapshot:
                return None
        run.problems += [problem for item in items for problem in item.problems]
        return counts

    def _write(self, run: ScanRun, items: Sequence[Prepared], staging: Staging) -> BatchCounts:
        with self._store.read() as db:
            if run.dry:
                return batch.foresee(db, items)
            quiet = all(batch.is_quiet(db, item) for item in items)
        if quiet:
            with self._store.write(cancel=run.cancel) as db:
                return batch.write_quietly(db, items)
        run.name = run.name or staging.op
        executed = self._journal.execute(
            staging,
            OperationKind.IMPORT,
            lambda db: batch.write(db, items, run.name, run.source, staging.relative),
            run.cancel,
        )
        return executed.value

    def _prepare(self, run: ScanRun, read: ReadModel, stager: PictureStager) -> Prepared:
        with self._store.read() as db:
            where = standing(db, read, None)
            places = {read.file.path, where.place} - {""}
            candidates = {sha256 for place in places for sha256 in scans.records_at(db, place)[1]}
            taken = scanned_pictures.digests(db, where.row.id) if where.row is not None else set()
        wanted = where.row is not None and bool(candidates)
        before = run.hashes.get(read.file.path) if taken else None
        wanted = wanted or before is not None or run.examples.may_have(read.claims)
        proven = self._prove(run, read.file) if wanted else None
        with self._store.read() as db:
            where = standing(db, read, proven)
            if where.sha256 is not None:
                taken |= scanned_pictures.of_model(db, where.sha256)
            if decide(db, read, where, images_change=False).fate is Fate.NEW:
                taken = set()  # another file took the place of one whose pictures were taken
        embedded = [one for one in read.pictures if one.data is not None]
        pictures = [*(one for one in read.pictures if one.data is None), *self._examples(run, proven), *embedded]
        staged = stager.stage(() if where.other_of else pictures, taken)
        with self._store.read() as db:
            replaced = None not in (before, proven) and before != proven
            left = batch.left_pictures(db, read, where, staged, replaced=replaced)
        return Prepared(read, proven, where, staged, read.file.path in run.moved_to, left)

    def _examples(self, run: ScanRun, proven: str | None) -> list[Picture]:
        try:
            return run.examples.of(proven)
        except OSError as error:
            run.problems.append(ScanProblem(str(error.filename), f"it cannot be read ({error.strerror})"))
            return []

    def _prove(self, run: ScanRun, file: ModelFile) -> str | None:
        """Return a file's hash, None if it cannot be read now."""
        try:
            return self._hasher.sha256(file.path, cancel=run.cancel)
        except ModelFileError:
            return None

    def _finish(self, run: ScanRun, found: Survey, stored: dict[str, StoredFolder]) -> None:
        """Remember links, and count the files that are gone."""
        there = {folder.path: stored[folder.path].files for folder in found.unchanged}
        there |= {folder.path: -1 for folder in found.changed}
        there |= {path: -1 for path, one in stored.items() if one.root in found.walked and path not in there}
        moved_from = {one.old for one in run.moved}  # a dry run changes no record
        with self._store.read() as db:
            for folder, count in scans.counts_by_folder(db).items():
                run.check()
                if folder in there and count != there[folder]:
                    run.missing += len(set(scans.missing_in(db, folder)) - moved_from)
        if found.others and not run.dry:
            with self._store.write(full=False, cancel=run.cancel) as db:
                for other in found.others:
                    scans.add_other_path(db, other.path, other.of)


def _notes(run: ScanRun, folder: str, names: frozenset[str]) -> frozenset[str]:
    try:
        return notes_in(folder, names)
    except OSError as error:
        run.problems.append(ScanProblem(str(error.filename), f"it cannot be read ({error.strerror})"))
        return frozenset()
