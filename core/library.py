"""The public entry point: opens a library folder and wires its parts together."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Self

from core.backup.backup import BackupReport, back_up_images, refuse_inside
from core.backup.restore_steps import is_library, settle
from core.domain.history import UndoReport
from core.domain.imports import ImportReport
from core.domain.layout import DATABASE, STAGING
from core.domain.operations import Move
from core.domain.records import RecordWithImages
from core.errors import Cancelled, LibraryError, NoLibrary
from core.hashing.background import BackgroundHasher
from core.hashing.hasher import Hasher
from core.images.processor import ImageProcessor
from core.images.scanner import ImageScanner
from core.images.thumbnails import Thumbnailer
from core.importing.images import ImportImageStager
from core.importing.importer import Importer, Progress
from core.importing.legacy.database import LegacyDatabase
from core.locks.library_lock import LibraryLock
from core.locks.waiting import OnWait
from core.operations.add_image import AddImage
from core.operations.add_words import AddWords
from core.operations.history import History
from core.operations.journal import Journal
from core.operations.linked_folders import acquire, lost_folders
from core.operations.trash import Trash, TrashLimits
from core.pools import Pool, lower_thread_priority
from core.promotion.lookup import RecordReader
from core.promotion.pending_images import PendingImageStager
from core.promotion.planner import PromotionPlanner
from core.promotion.processor import PromotionProcessor
from core.queue.queue import Queue
from core.storage import LibraryDatabase, journal_rows
from core.storage.caches import HashCache
from core.storage.upgrading import check_ours, migrate

if TYPE_CHECKING:
    from core.importing.scan.model_folders import ModelFolders

_log = logging.getLogger("model_curator.library")
_THREADS = 2  # images or files at the same time; more gains nothing on the target hardware

PathLike = str | os.PathLike[str]


class Library:
    """An open library.

    ``recovered`` is whether opening it finished an interrupted operation. ``warning`` says in one sentence what could
    not be cleaned up then; the library works nevertheless.
    """

    def __init__(self, root: Path, *, readonly: bool, lock: LibraryLock | None, hash_threads: int = _THREADS) -> None:
        """Wire the parts; use ``Library.open`` instead."""
        self.root = root
        self.readonly = readonly
        self._lock = lock
        self._pid = os.getpid()
        self._judging = Pool(_THREADS, "judging")  # checks of one import's images, which a preview waits for
        self._imaging = Pool(_THREADS, "imaging", lower_thread_priority)
        self._hashing = Pool(hash_threads, "hashing", lower_thread_priority)
        self.store = LibraryDatabase(root / DATABASE, readonly=readonly)
        self._journal = Journal(self.store, root)
        self.image_scanner = ImageScanner(root, self._open_moves)
        self.image_processor = ImageProcessor(self.image_scanner, AddImage(self._journal, self.image_scanner))
        self.pictures = Thumbnailer(root, self.image_scanner)
        hasher = Hasher(HashCache(self.store))
        incoming = PendingImageStager(self.store, root, self.image_processor, self._judging, self._imaging)
        self._lookup = RecordReader(self.store, self.image_scanner)
        cases = PromotionPlanner(self.store, self.image_scanner, incoming, self._lookup)
        ahead = BackgroundHasher(self.store, hasher, self._hashing, hash_threads)
        self.queue = Queue(self.store, cases, self._lookup, ahead, AddWords(self._journal))
        self.processor = PromotionProcessor(self.store, self._journal, cases, incoming, hasher)
        self.history = History(self.store, self._journal, root)
        self._hasher = hasher
        self.recovered = False
        self.warning = ""

    @classmethod
    def open(
        cls,
        folder: PathLike,
        *,
        readonly: bool = False,
        trash: TrashLimits | None = None,
        on_wait: OnWait = lambda _: None,
        hash_threads: int = _THREADS,
    ) -> Self:
        """Open the library in ``folder``: create or migrate it, finish interrupted work, remove old trash.

        ``on_wait`` is called in the waiting thread when another process has kept it waiting for over a second, with the
        process that holds the lock, or None if that is unknown. After a minute LibraryLocked is raised. At most
        ``hash_threads`` files are hashed ahead at the same time.

        With ``readonly`` none of this is done and nothing is written. Raises LibraryError, NoLibrary.
        """
        root = Path(os.path.abspath(folder))
        if readonly:
            if not is_library(root):
                raise NoLibrary(f"there is no library in {root}; importing into it creates one")
            library = cls(root, readonly=True, lock=None)
        else:
            check_ours(root / DATABASE)
            lost = lost_folders(root) if is_library(root) else ""
            library = cls(root, readonly=False, lock=acquire(root, on_wait), hash_threads=hash_threads)
            library.warning = lost
        try:
            library.on_wait(on_wait)
            settle(root, library._lock)
            left = library._left_behind()
            migrate(library.store)
            if not readonly:
                library._recover(left)
                library._expire(trash or TrashLimits())
        except BaseException:
            library.close()
            raise
        _log.info("opened %s%s", root, " for reading" if readonly else "")
        return library

    def _open_moves(self) -> tuple[int, tuple[Move, ...]]:
        with self.store.read() as db:
            return journal_rows.open_moves(db)

    def on_wait(self, tell: OnWait) -> None:
        """Set the callback for threads that wait for another process: see ``open``."""
        self.store.on_wait = tell

    def _left_behind(self) -> Sequence[str]:
        """Return what dead processes left in ``staging/``, and let other processes open the library.

        Other processes need not wait for the rest of the opening: what they stage from now on is not in this list.
        """
        if self._lock is None or not self._lock.alone:
            return ()
        try:
            return self._journal.left_behind()
        except OSError as error:
            self._warn_of_staging(error)
            return ()
        finally:
            self._lock.share()

    def _recover(self, left: Sequence[str]) -> None:
        self.recovered = self._journal.recover()
        if self.recovered:
            _log.warning("finished an interrupted operation")
        try:
            self._journal.clean_staging(left)
        except (OSError, LibraryError) as error:
            self._warn_of_staging(error)

    def _warn(self, sentence: str) -> None:
        self.warning = "; ".join(filter(None, (self.warning, sentence)))

    def _warn_of_staging(self, error: Exception) -> None:
        _log.warning("staging/ could not be cleaned up", exc_info=error)
        self._warn(f"files that ended processes left in staging/ could not be removed ({error})")

    def _expire(self, limits: TrashLimits) -> None:
        try:
            Trash(self.store, self._journal, self.root).purge(limits)
        except (OSError, LibraryError) as error:
            _log.warning("old trash could not be removed", exc_info=error)
            self._warn(f"old trash could not be removed ({error})")

    def undo(
        self, count: int = 1, *, cancel: threading.Event | None = None, progress: Callable[[int], None] | None = None
    ) -> UndoReport:
        """Undo the last ``count`` promotions and imports not yet undone, newest first: see ``History.undo``."""
        return self.history.undo(count, cancel=cancel, progress=progress)

    def backup(self, target: PathLike) -> None:
        """Write a complete copy of the database to a new file. Raises LibraryError."""
        refuse_inside(self.root, Path(target))
        self.store.backup(Path(target))

    def backup_with_images(
        self,
        target: PathLike,
        *,
        cancel: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> BackupReport:
        """Write the database, and the images its rows name, to a new folder. Raises LibraryError, Cancelled."""
        if self.readonly:
            raise LibraryError(
                "open the library for writing to copy it with its images, so that no file moves meanwhile"
            )
        refuse_inside(self.root, Path(target))
        return back_up_images(self.store, self._journal, self.root, Path(target), cancel=cancel, progress=progress)

    def import_legacy(
        self,
        database: PathLike,
        *,
        images_dir: PathLike | None = None,
        path_map: Mapping[str, str] | None = None,
        cancel: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Run Stage 1 on an old manager's database; ``path_map`` maps roots of its machine to roots of this one.

        Without ``images_dir`` only metadata is imported. ``progress`` gets rows done and rows in total. Raises
        SourceError if the database cannot be read at all, and LibraryError if the library cannot be written; rows
        imported before the error stay, and importing again continues from there.
        """
        folder = None if images_dir is None else _images_folder(images_dir)
        try:
            self.store.await_turn(cancel)
        except Cancelled:
            return ImportReport(0, 0, 0, 0, 0, (), cancelled=True)
        images = ImportImageStager(folder, self.image_processor, self._imaging, cancel)
        importer = Importer(self.store, self._journal, self.image_scanner)
        try:
            with LegacyDatabase.open(database, self.root / STAGING, folder) as source:
                report = importer.run(source, images, path_map or {}, cancel=cancel, progress=progress)
        except OSError as error:
            _log.error("the import of %s stopped", database, exc_info=error)
            raise LibraryError(
                f"the import stopped: {error.filename or self.root} ({error.strerror or error}); "
                "fix that and import again; the import continues where it stopped"
            ) from error
        came = (report.models, report.pending, report.skipped, " (cancelled)" if report.cancelled else "")
        _log.info("imported %s: %d models, %d pending, %d known before%s", database, *came)
        for problem in report.problems:
            _log.warning("row %s, %s: %s", problem.row, problem.field, problem.reason)
        return report

    @cached_property
    def model_folders(self) -> ModelFolders:
        """The folders that hold the user's models: scan, remember, forget."""
        # Start-up: what reads sidecars takes as long to import as everything else here.
        from core.importing.scan.model_folders import ModelFolders  # noqa: PLC0415
        from core.importing.scan.relink import Relinker  # noqa: PLC0415
        from core.importing.scan.scanner import FolderScanner  # noqa: PLC0415

        scanner = FolderScanner(self.store, self._journal, self._hasher, self._imaging)
        return ModelFolders(self.store, scanner, Relinker(self.store, self._journal, self._hasher))

    def show(self, key: str) -> RecordWithImages | None:
        """Return the model with the sha256 ``key``, or the pending import with the id ``key``, or None."""
        return self._lookup.show(key)

    def close(self) -> None:
        """Wait for transactions, decoding and encoding to finish, abandon hashing, and close everything.

        Closing twice has no effect. Raises LibraryError when called from a callback in one of the library's own
        threads, or in a thread that waits for a lock. In the child of a fork the parent's library stays open.
        """
        pools = (self._judging, self._imaging, self._hashing)
        if any(pool.is_own_thread for pool in pools):
            raise LibraryError("the library cannot be closed from inside its own callback; close it afterwards")
        self.store.close()
        if os.getpid() == self._pid:  # threads do not survive a fork, and their locks may be held forever
            for pool in pools:
                pool.close()
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_import(database: PathLike, images_dir: PathLike | None) -> None:
    """Raise the SourceError or LibraryError that importing would raise immediately; needs no library."""
    if images_dir is not None:
        _images_folder(images_dir)
    with TemporaryDirectory(prefix="model-curator-") as scratch, LegacyDatabase.open(database, Path(scratch)):
        pass


def _images_folder(folder: PathLike) -> Path:
    path = Path(folder)
    if not path.is_dir():
        raise LibraryError(f"the image folder {path} does not exist; give the folder that holds the old images")
    return path
