"""Replace a library's database with a backup; the old database is kept beside it.

Everything is prepared in a folder ``library.db.preparing-<when>``. Renaming it to ``library.db.restoring-<when>``
commits the restore: from then on the next process that has the library alone takes the steps in ``restore_steps``, and
no other process can open it. A kill therefore leaves the old state intact, or leads to the new one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from core.backup.restore_steps import KEPT, PREPARING, RESTORING, settle
from core.domain.layout import ALIVE, DATABASE
from core.errors import Cancelled, ImageRefused, LibraryError, SourceError
from core.files.copying import link_or_copy, sync_tree
from core.files.safe_open import read_image
from core.importing.legacy.private_copy import Wanted, connect, private_copy, wrap_sqlite_errors
from core.importing.legacy.tables import LIBRARY_TABLES, tables_of
from core.locks.library_lock import LibraryLock
from core.storage import journal_rows, schema_check
from core.storage.named_files import named_files, staged_files
from core.storage.schema import SCHEMAS, migrations
from core.storage.wal import check_log, give_identity

_WANTED = Wanted("a backup that model-curator made", "the program that writes to it")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """The result of a restore.

    ``kept`` is the folder in which the old database is kept, None if there was none. ``images`` is the number of images
    put back from the backup; ``missing`` lists those that its rows name but neither place has. ``open_operation`` is
    the number of an operation still open in the backup: opening the library finishes it as far as its files exist.
    """

    kept: Path | None
    images: int = 0
    missing: tuple[str, ...] = ()
    open_operation: int | None = None


def restore(
    folder: str | os.PathLike[str],
    source: str | os.PathLike[str],
    *,
    cancel: threading.Event | None = None,
    progress: Progress | None = None,
) -> RestoreReport:
    """Replace the database of a library with the backup ``source``, a database or a folder with images.

    ``progress`` gets files checked and files in total; ``cancel`` has an effect until anything is changed. Raises
    SourceError if ``source`` is not a backup of a library, LibraryError if the library is open elsewhere or cannot be
    written, and Cancelled. Nothing has been changed then, unless a LibraryError says that the restore is unfinished.
    """
    root = Path(os.path.abspath(folder))
    if (root / DATABASE).is_symlink():
        raise LibraryError(f"{root / DATABASE} is a link; put the file itself in its place, then restore again")
    database, images = _source(Path(source), root)
    try:
        made = _make(root)
        lock = LibraryLock(root)
        try:
            if not lock.alone:
                raise LibraryError(f"other processes have the library {root} open; close them, then restore again")
            settle(root, lock)
            try:
                report, when = _prepare(root, database, images, cancel, progress)
            except BaseException:
                if made:
                    _unmake(root)
                raise
            settle(root, lock)
        finally:
            lock.close()
    except OSError as error:
        raise LibraryError(f"{database} could not be restored ({error}); nothing was changed") from error
    kept = root / f"{KEPT}{when}"
    return replace(report, kept=kept if kept.exists() else None)


def _make(root: Path) -> bool:
    """Create the library's folder if it does not exist, and return whether it was created."""
    try:
        root.mkdir(parents=True)
    except FileExistsError:
        return False
    return True


def _unmake(root: Path) -> None:
    """Remove the newly created folder, unless it holds other files; no other process may have it open."""
    with suppress(OSError):
        os.unlink(root / ALIVE)
        os.rmdir(root)


def _source(source: Path, root: Path) -> tuple[Path, Path | None]:
    """Return the database of a backup, and the folder with its images, or None for a database alone."""
    images = source if source.is_dir() else None
    database = source / DATABASE if images else source
    with suppress(OSError):
        if os.path.samefile(database, root / DATABASE):
            raise SourceError(f"{source} is the library's own database; move it elsewhere to restore it")
    return database, images


def _prepare(
    root: Path, database: Path, images: Path | None, cancel: threading.Event | None, progress: Progress | None
) -> tuple[RestoreReport, str]:
    when = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    folder = root / f"{PREPARING}{when}"
    folder.mkdir()
    try:
        _copy_database(os.path.realpath(database), folder)
        report = _gather(root, folder, database, images, cancel, progress)
        sync_tree(folder)
        os.rename(folder, root / f"{RESTORING}{when}")  # from here on the restore is committed
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return report, when


def _copy_database(source: str, folder: Path) -> None:
    """Check a database and its log, and copy them into ``folder`` as a single synced file that matches no log."""
    check_log(Path(source))
    copy = private_copy(source, folder, _WANTED)
    connection = connect(copy, source)
    with closing(connection), wrap_sqlite_errors(source):
        connection.set_progress_handler(None, 0)
        _refuse_all_but_libraries(connection, source)
        connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        give_identity(Database(connection, execute_plugins=False))
    os.chmod(copy, stat.S_IMODE(os.stat(source).st_mode))
    os.rename(copy, folder / DATABASE)
    shutil.rmtree(copy.parent)
    with open(folder / DATABASE, "rb") as file:
        os.fsync(file.fileno())


def _refuse_all_but_libraries(connection: sqlite3.Connection, source: str) -> None:
    tables = tables_of(connection)
    if not tables >= LIBRARY_TABLES or migrations.migrations_table.encode() not in tables:
        raise SourceError(f"{source} is not a Model Curator database: give {_WANTED.file}.")
    sql = f"SELECT name FROM {migrations.migrations_table} WHERE migration_set = ?"  # noqa: S608
    applied = {name for (name,) in connection.execute(sql, [migrations.name])}
    with closing(Database(memory=True)) as empty:
        known = {step.name.encode() for step in migrations.pending(empty)}
    if applied - known:
        raise SourceError(f"{source} was made by a newer version of Model Curator: update the program to restore it.")


def _refuse_what_nobody_could_open(db: Database, source: Path) -> None:
    """Raise SourceError for a database that would be refused when the restored library is opened."""
    known = schema_check.applied(db) & SCHEMAS.keys()
    foreign = [one.what for one in schema_check.differences(db, known) if one.bars >= schema_check.Bars.WRITING]
    if foreign:
        raise SourceError(f"{source} was changed by another program ({foreign[0]}); nothing was changed: give another")
    entry = journal_rows.open_entry(db)
    if entry is not None and entry.unsafe:
        raise SourceError(
            f"the open entry {entry.number} in the journal of {source} was not written by this program "
            f"({entry.unsafe}); nothing was changed: give another backup"
        )


def _gather(
    root: Path,
    folder: Path,
    source: Path,
    images: Path | None,
    cancel: threading.Event | None,
    progress: Progress | None,
) -> RestoreReport:
    """Add to ``folder`` the files that the rows name, the library lacks and the backup has."""
    with (
        closing(sqlite3.connect(f"{(folder / DATABASE).as_uri()}?mode=ro", uri=True)) as connection,
        wrap_sqlite_errors(DATABASE),
    ):
        db = Database(connection, execute_plugins=False)
        _refuse_what_nobody_could_open(db, source)
        named, staged, entry = list(named_files(db)), staged_files(db), journal_rows.open_entry(db)
    on_the_way = {move.target for move in entry.moves} if entry else set()
    put, missing = 0, []
    for done, (path, digest) in enumerate(named, 1):
        if cancel is not None and cancel.is_set():
            raise Cancelled("the restore was stopped; nothing was changed")
        if images is not None and not _there(root / path, images / path, digest):
            put += _get(images / path, folder / path, digest)
        if not any(map(os.path.lexists, (root / path, folder / path))) and path not in on_the_way:
            missing.append(path)
        if progress is not None:
            progress(done, len(named))
    if images is not None:
        for path in staged:
            _get(images / path, folder / path, None)
    return RestoreReport(None, put, tuple(missing), entry.number if entry else None)


def _there(path: Path, copy: Path, digest: str) -> bool:
    """Return whether the library's file is the same file as the backup's, or has the digest in its row."""
    with suppress(OSError):
        if os.path.samestat(os.lstat(path), os.lstat(copy)):
            return True
    return _digest(path) == digest


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(read_image(path.parent, path.name)).hexdigest()
    except ImageRefused:
        return None


def _get(source: Path, target: Path, digest: str | None) -> bool:
    """Link or copy a file of the backup to ``target``; return whether it exists and has the digest in its row."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        link_or_copy(source, target)
    except OSError:
        return False
    if digest is None or _digest(target) == digest:
        return True
    target.unlink()
    return False
