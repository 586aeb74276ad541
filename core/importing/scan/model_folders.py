"""The model folders of one library: remembered, scanned, forgotten."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, Sequence

from core.domain.relinks import RelinkReport
from core.domain.scans import ScanReport
from core.errors import LibraryError
from core.importing.scan.relink import Progress as RelinkProgress
from core.importing.scan.relink import Relinker
from core.importing.scan.run import Progress
from core.importing.scan.scanner import FolderScanner
from core.importing.scan.survey import check_examples, check_root, is_database, needs_folders, root_of
from core.storage import LibraryDatabase, scan_folders

_log = logging.getLogger("model_curator.scan")

PathLike = str | os.PathLike[str]


class ModelFolders:
    """The folders that hold a user's models, and the lists of such folders that ComfyUI reads."""

    def __init__(self, store: LibraryDatabase, scanner: FolderScanner, relinker: Relinker) -> None:
        self._store = store
        self._scanner = scanner
        self._relinker = relinker

    def remembered(self) -> list[str]:
        """Return the folders and lists that a scan without arguments walks, sorted."""
        with self._store.read() as db:
            return scan_folders.roots(db)

    def forget(self, folder: PathLike) -> bool:
        """Walk a folder no more; what was imported from it stays. Return whether it was known."""
        with self._store.write() as db:
            return scan_folders.forget_root(db, root_of(folder))

    def scan(
        self,
        folders: Sequence[PathLike] = (),
        *,
        examples: PathLike | None = None,
        dry_run: bool = False,
        cancel: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> ScanReport:
        """Read model folders into the queue, and remember them; without any, those that are remembered.

        A database of ComfyUI's among them is read for what it says of the models, in this scan and in later ones.

        ``examples`` is Lora-Manager's folder of example images. With ``dry_run`` nothing is written. ``progress`` is
        called often. Raises SourceError if a folder cannot be scanned at all, and LibraryError if the library cannot be
        written; what was read before stays, and the next scan goes on from there.
        """
        given = [root_of(folder) for folder in folders]
        if examples is not None:
            check_examples(examples)
        roots, databases = self._walked(given)
        if given and not dry_run:
            with self._store.write(cancel=cancel) as db:
                scan_folders.remember_roots(db, given)
        try:
            report = self._scanner.run(
                roots,
                databases=databases,
                examples=None if examples is None else os.fspath(examples),
                dry_run=dry_run,
                cancel=cancel,
                progress=progress,
            )
        except OSError as error:
            _log.error("the scan stopped", exc_info=error)
            raise _stopped(error) from error
        _log_report(report)
        return report

    def _walked(self, given: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the folders and the databases that a scan reads, given some or none. Raises SourceError."""
        for root in given:
            check_root(root)
        remembered = self.remembered()
        roots = [root for root in given if not is_database(root)] or [one for one in remembered if not is_database(one)]
        if given and not roots:
            raise needs_folders(given[0])
        # Databases that are remembered count in every scan: what they said would be taken back otherwise.
        return roots, list(dict.fromkeys(root for root in (*given, *remembered) if is_database(root)))

    def relink(
        self,
        folders: Sequence[PathLike] = (),
        *,
        path_map: Mapping[str, str] | None = None,
        cancel: threading.Event | None = None,
        progress: RelinkProgress | None = None,
    ) -> RelinkReport:
        """Find the files of records whose path leads nowhere; look in ``folders``, or in those that are remembered.

        ``path_map`` maps old folders to new ones. ``progress`` gets records looked for and in total. Raises
        LibraryError, Cancelled.
        """
        roots = [root_of(folder) for folder in folders] or self.remembered()
        roots = [root for root in roots if not is_database(root)]
        report = self._relinker.run(roots, path_map or {}, cancel=cancel, progress=progress)
        _log.info("relinked %d files, %d still missing", len(report.relinked), len(report.still_missing))
        return report


def _stopped(error: OSError) -> LibraryError:
    return LibraryError(
        f"the scan stopped: {error.filename or 'a file'} ({error.strerror or error}); fix that and scan again; "
        "the scan continues where it stopped"
    )


def _log_report(report: ScanReport) -> None:
    counts = report.new, report.updated, report.known, len(report.moved), " (cancelled)" if report.cancelled else ""
    _log.info("scanned: %d new, %d updated, %d known, %d moved%s", *counts)
    for problem in report.problems:
        _log.warning("%s: %s", problem.path, problem.reason)
