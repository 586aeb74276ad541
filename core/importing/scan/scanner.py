"""Scan model folders into the queue: walk, read what is new or has changed, write it in batches.

No lock is held while folders and files are read. Each batch is one operation of the journal; a folder counts as read
only when everything in it has been written, so that the next scan completes one that was interrupted.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from core.domain.enums import OperationKind
from core.domain.scans import MovedFile, ScanProblem, ScanProgress, ScanReport
from core.errors import Cancelled, ModelFileError
from core.hashing.hasher import Hasher
from core.importing.scan import batch
from core.importing.scan.batch import BatchCounts, Prepared
from core.importing.scan.beside import Neighbours
from core.importing.scan.examples import Examples
from core.importing.scan.listing import Lister, Listing, ModelFile
from core.importing.scan.pictures import PictureStager
from core.importing.scan.reading import ReadModel, beside_stamp, read_model
from core.importing.scan.standing import Fate, decide, standing
from core.importing.scan.survey import Survey, survey
from core.importing.scan.walk import SUFFIXES, Folder, Walk
from core.importing.sidecars.builder import About
from core.operations.journal import Journal, Staging, StaleSnapshot
from core.pools import Pool
from core.storage import LibraryDatabase, scan_folders, scans
from core.storage.scan_folders import StoredFolder

_BATCH_FILES = 200
_BATCH_PICTURES = 64

Progress = Callable[[ScanProgress], None]
_Done = tuple[Folder, int]  # a folder that was read, and how many model files are in it


@dataclass(slots=True)
class _Run:
    """One scan: what it was told, and what it has found so far."""

    source: str
    examples: Examples
    cancel: threading.Event | None
    tell: Progress
    dry: bool  # look only
    again: set[str] = field(default_factory=set)  # paths of files that are read though they have not changed
    name: str = ""  # of its first operation, once there is one
    files: int = 0
    total: int = 0
    read: int = 0
    new: int = 0
    updated: int = 0
    known: int = 0
    images: int = 0
    missing: int = 0
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
        dry_run: bool = False,
        suffixes: frozenset[str] = SUFFIXES,
        cancel: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> ScanReport:
        """Scan folders and lists of folders (``extra_model_paths.yaml``), and return what was found.

        ``examples`` is Lora-Manager's folder of example images. With ``dry_run`` everything is read and nothing
        written. Setting ``cancel`` ends the scan after the last committed batch, and the report says so. Raises
        LibraryError.
        """
        run = _Run(roots[0] if roots else "", Examples(examples), cancel, progress or (lambda _: None), dry_run)
        try:
            self._run(run, roots, suffixes)
        except Cancelled:
            return run.report(cancelled=True)
        return run.report()

    def _run(self, run: _Run, roots: Sequence[str], suffixes: frozenset[str]) -> None:
        with self._store.read() as db:
            stored, run.again = scan_folders.folders(db), scans.paths_with_hashes(db, run.examples.hashes)
        walk = Walk(suffixes, run.cancel)
        found = survey(walk, roots, stored, {os.path.dirname(path) for path in run.again})
        run.total, run.offline = found.files, found.offline
        run.problems += found.problems
        self._count_unchanged(run, found, stored)
        lister = Lister(walk.folders, suffixes)
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

    def _count_unchanged(self, run: _Run, found: Survey, stored: dict[str, StoredFolder]) -> None:
        with self._store.read() as db:
            told = scans.folders_with_problems(db)
            for folder in found.unchanged:
                files = stored[folder.path].files
                run.known += files
                run.files += files
                if folder.path in told:
                    run.problems += [one for about in scans.problems_in(db, folder.path).values() for one in about]
        run.saw(0)

    def _list(self, run: _Run, folder: Folder, lister: Lister) -> Listing | None:
        """Return what a folder holds, and remember what is passed over in it; None if it cannot be read now."""
        try:
            listing = lister.list(folder)
        except OSError as error:
            run.problems.append(ScanProblem(folder.path, f"it cannot be read ({error.strerror})"))
            return None
        problems = [ScanProblem(one.path, one.reason) for one in listing.passed_over]
        run.problems += problems
        with self._store.read() as db:
            known = scans.problems_in(db, folder.path).get(folder.path, [])
        if (problems != known or listing.others) and not run.dry:
            with self._store.write(full=False, cancel=run.cancel) as db:
                scans.put_problems(db, folder.path, folder.path, problems)
                for other in listing.others:
                    scans.add_other_path(db, other.path, other.of)
        return listing

    def _read_folder(self, run: _Run, folder: Folder, listing: Listing) -> Iterator[ReadModel]:
        """Yield the models of a folder that are new or have changed, with everything that is said about them."""
        with self._store.read() as db:
            stored, told = scans.files_in(db, folder.path), scans.problems_in(db, folder.path)
        neighbours = Neighbours(listing.names)
        for model in listing.models:
            run.check()
            beside = neighbours.of(model.name)
            prompts = _prompts_of(model, listing.names)
            stamp = beside_stamp(folder.path, beside, prompts)
            row = stored.get(model.path)
            same = row is not None and (row.stamp, row.beside) == (model.stamp.whole, stamp)
            if same and model.path not in run.again:
                run.known += 1
                run.problems += told.get(model.path, [])
                run.saw(1)
                continue
            known = self._hasher.cached_hash(model.path)
            about = About(model.name, known, functools.partial(self._prove, run, model))
            yield read_model(model, about, beside, stamp, prompts)

    def _flush(self, run: _Run, pending: list[ReadModel], done: list[_Done]) -> None:
        """Write the models that were read, and mark the folders that are complete with them."""
        if pending:
            counts = None
            while counts is None:
                run.check()
                counts = self._attempt(run, pending)
            run.count(counts)
            run.read += sum(one.read for one in pending)
            run.saw(len(pending))
            pending.clear()
        if done and not run.dry:
            with self._store.write(full=False, cancel=run.cancel) as db:
                for folder, files in done:
                    scan_folders.put_folder(db, folder.path, StoredFolder(folder.root, folder.stamp, files))
        done.clear()

    def _attempt(self, run: _Run, pending: Sequence[ReadModel]) -> BatchCounts | None:
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

    def _write(self, run: _Run, items: Sequence[Prepared], staging: Staging) -> BatchCounts:
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

    def _prepare(self, run: _Run, read: ReadModel, stager: PictureStager) -> Prepared:
        with self._store.read() as db:
            where = standing(db, read, None)
            places = {read.file.path, where.place} - {""}
            candidates = {sha256 for place in places for sha256 in scans.records_at(db, place)[1]}
            taken = scans.pictures(db, where.row.id) if where.row is not None else set()
        wanted = where.row is not None and bool(candidates)
        wanted = wanted or run.examples.may_have(read.claims)
        proven = self._prove(run, read.file) if wanted else None
        with self._store.read() as db:
            where = standing(db, read, proven)
            if where.sha256 is not None:
                taken |= scans.model_pictures(db, where.sha256)
            if decide(db, read, where, brings_images=False).fate is Fate.NEW:
                taken = set()  # another file took the place of one whose pictures were taken
        embedded = [one for one in read.pictures if one.data is not None]
        pictures = [*(one for one in read.pictures if one.data is None), *run.examples.of(proven), *embedded]
        return Prepared(read, proven, where, stager.stage(() if where.other_of else pictures, taken))

    def _prove(self, run: _Run, file: ModelFile) -> str | None:
        """Return a file's hash, None if it cannot be read now."""
        try:
            return self._hasher.sha256(file.path, cancel=run.cancel)
        except ModelFileError:
            return None

    def _finish(self, run: _Run, found: Survey, stored: dict[str, StoredFolder]) -> None:
        """Remember links, and count the files that are gone."""
        there = {folder.path: stored[folder.path].files for folder in found.unchanged}
        there |= {folder.path: -1 for folder in found.changed}
        there |= {path: -1 for path, one in stored.items() if one.root in found.walked and path not in there}
        with self._store.read() as db:
            for folder, count in scans.counts_by_folder(db).items():
                run.check()
                if folder in there and count != there[folder]:
                    run.missing += scans.missing_in(db, folder)
        if found.others and not run.dry:
            with self._store.write(full=False, cancel=run.cancel) as db:
                for other in found.others:
                    scans.add_other_path(db, other.path, other.of)


def _prompts_of(model: ModelFile, names: frozenset[str]) -> str | None:
    """Return the name of the folder with a model's example prompts, if there is one."""
    stem = os.path.splitext(model.name)[0]
    return stem if stem in names and os.path.isdir(os.path.join(model.folder, stem)) else None
