"""Connections (one per thread) and transactions of a library's database."""

from __future__ import annotations

import ctypes
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from weakref import WeakSet

from sqlite_utils import Database

from core.errors import Cancelled, CommitUnclear, CuratorError, LibraryError
from core.files.copying import appearing
from core.files.database_files import check_files
from core.files.safe_open import guard
from core.locks import forks
from core.locks.waiting import OnWait, Wait, database_writer
from core.storage.readonly_copy import ReadOnlyCopy
from core.storage.thread_connection import ThreadConnection
from core.storage.wal import count_commit, write_copy

_ATTEMPT = 0.1  # seconds that SQLite itself waits for a lock; Wait decides how long to wait in total
_CACHE_KIB = 512  # per thread; the operating system caches the file as well
# SQLite's errors if it cannot keep its own files beside the database.
_NO_PLACE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)

CLOSED = "the library is closed"
COMMIT_UNKNOWN = "the commit state is unknown"
_inherited: set[Path] = set()  # databases that were open when this process was forked: see core.locks.forks


class LibraryDatabase:
    """The database of one library. Each thread that uses it gets its own connection, closed when the thread ends.

    ``on_wait`` is called, in the waiting thread, if another process holds a lock for over a second.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self.path = path
        self.readonly = readonly
        self._local = threading.local()
        self._opened: set[sqlite3.Connection] = set()
        self._lock = threading.Lock()
        self._in_use: WeakSet[threading.RLock] = WeakSet()  # one lock per thread, held while its connection is in use
        self._refusal = ""
        self._file: tuple[int, int] | None = None  # which file the first connection opened
        self._aside: ReadOnlyCopy | None = None
        self.on_wait: OnWait = lambda _: None
        guard(path)
        forks.watch(self)

    @property
    def db(self) -> Database:
        """This thread's connection, in autocommit mode. Raises LibraryError if the database cannot be opened."""
        held: ThreadConnection | None = getattr(self._local, "held", None)
        if held is None:
            self.check_open()
            with self._using_lock():  # so that close() waits for it
                self.check_open()
                held = self._local.held = ThreadConnection(self._connect(), self._opened)
        return held.db

    def _connect(self) -> Database:
        if self.path in _inherited:
            raise LibraryError(
                "this process was forked from one that had the library open; use a process that is spawned instead"
            )
        check_files(self.path, writing=not self.readonly)
        if self._file:
            self._check_place()
        try:
            if not self.readonly:
                # Never create a new file if the opened one has disappeared.
                return self._set_up(self._open(self.path, "rw" if self._file else "rwc"))
            path = self._readable()
            return self._set_up(self._open(path, "ro" if path == self.path else "rwc"))
        except sqlite3.Error as error:
            raise LibraryError(f"the library's database {self.path} cannot be opened ({error})") from error

    def _open(self, path: Path, mode: str) -> sqlite3.Connection:
        # Only one thread uses a connection, but the thread that closes the library closes all of them.
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_ATTEMPT,
            isolation_level=None,
            check_same_thread=False,
        )
        self._opened.add(connection)
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> Database:
        self._check_place()
        db = Database(connection, execute_plugins=False)
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("PRAGMA trusted_schema=OFF")
        db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        if not self.readonly:
            self._patiently(db, "PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
        return db

    def _check_place(self) -> None:
        """Raise LibraryError if the database was moved or replaced: files would go to the wrong place."""
        try:
            found = os.stat(self.path)
            here: tuple[int, int] | None = (found.st_dev, found.st_ino)
        except OSError:
            here = None
        self._file = self._file or here
        if self._file != here:
            raise LibraryError(
                f"the library's database {self.path} was moved or replaced while it was open; nothing was changed; "
                "quit and open the library where it is now"
            )

    def _patiently(self, db: Database, statement: str, cancel: threading.Event | None = None) -> None:
        """Execute a statement that needs a lock, waiting until no other process holds it.

        Raises LibraryLocked if one holds it for too long, Cancelled, and LibraryError if the library is closed.
        """
        wait = Wait(lambda: database_writer(self.path), self.on_wait)
        while True:
            try:
                db.conn.execute(statement).fetchone()
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
            if cancel is not None and cancel.is_set():
                raise Cancelled("waiting for the library was cancelled")
            self.check_open()
            wait.go_on()

    def _readable(self) -> Path:
        """Return the file for read-only connections: the database, or a copy if SQLite cannot read it in place."""
        with self._lock:
            if self._aside is None:
                try:
                    with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                        return self.path
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF not in _NO_PLACE:
                        raise
                    self._aside = ReadOnlyCopy(self.path)
            return self._aside.path

    def backup(self, target: Path) -> None:
        """Write a full copy of the database to a new file, and sync it. Raises LibraryError if that fails."""
        try:
            with appearing(target) as partial, self._using() as db:
                write_copy(db, partial)
        except (sqlite3.Error, OSError) as error:
            raise LibraryError(f"the library's database could not be copied to {target} ({error})") from error

    def copy_committed(self, target: Path) -> None:
        """Copy the committed state to a new file, even inside a write transaction. Raises sqlite3.Error, OSError."""
        with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            write_copy(Database(connection, execute_plugins=False), target)

    @contextmanager
    def _using(self) -> Iterator[Database]:
        """Yield this thread's connection, which no other thread closes during the block."""
        self.check_open()  # before any lock: in the child of a fork, a lock may never be released
        with self._using_lock():
            self.check_open()
            yield self.db

    def _using_lock(self) -> threading.RLock:
        lock: threading.RLock | None = getattr(self._local, "in_use", None)
        if lock is None:
            lock = threading.RLock()
            with self._lock:
                self._in_use.add(lock)
            self._local.in_use = lock
        return lock

    @contextmanager
    def read(self) -> Iterator[Database]:
        """Open one snapshot of the whole database. Raises LibraryError if it is closed or cannot be read."""
        with self._using() as db:
            if db.conn.in_transaction:
                yield db
                return
            try:
                with db.conn:  # rolls back if the block raises
                    db.execute("BEGIN")
                    self._patiently(db, "PRAGMA schema_version")  # the first read takes the snapshot
                    yield db
                    self._roll_back(db)
            except sqlite3.Error as error:
                raise LibraryError(f"the library's database could not be read ({error})") from error

    @contextmanager
    def write(self, *, full: bool = True, cancel: threading.Event | None = None) -> Iterator[Database]:
        """Run the block as one write transaction. ``full`` is false if losing it in a power cut is harmless.

        ``cancel`` ends waiting for the lock. Raises LibraryError if nothing was changed, Cancelled, and
        CommitUnclear if only the next opening will show whether it was committed.
        """
        with self._using() as db:
            try:
                with db.conn:  # rolls back if the block raises
                    db.execute("PRAGMA synchronous=FULL" if full else "PRAGMA synchronous=NORMAL")
                    self._patiently(db, "BEGIN IMMEDIATE", cancel)
                    self._check_place()
                    count_commit(db)
                    yield db
                    self._commit(db)
            except sqlite3.Error as error:
                raise _unchanged(error) from error

    def await_turn(self, cancel: threading.Event | None = None) -> None:
        """Wait until nobody is writing. Call this before long work that would be lost without the write lock.

        Raises LibraryLocked if a process holds the lock for too long, LibraryError if the database cannot be
        written, and Cancelled.
        """
        with self._using() as db:
            try:
                with db.conn:
                    self._patiently(db, "BEGIN IMMEDIATE", cancel)
                    self._check_place()
                    self._roll_back(db)
            except sqlite3.Error as error:
                raise _unchanged(error) from error

    def check_open(self) -> None:
        """Raise LibraryError if the library is closed, or this process is a fork of the one that opened it."""
        if self._refusal:
            raise LibraryError(self._refusal)

    def _commit(self, db: Database) -> None:
        try:
            db.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back(db)
            # The frames of the failed commit may be complete in the WAL, so that recovery after a crash would apply
            # them. Only a later commit that overwrites them proves that nothing has happened.
            try:
                self.write_barrier()
            except CuratorError:
                raise CommitUnclear(
                    f"the library's database could not be written ({error}); "
                    f"{COMMIT_UNKNOWN}: reopen the library to recover"
                ) from error
            raise _unchanged(error) from error

    def write_barrier(self) -> None:
        """Commit and sync a change of one row, so that all earlier commits are certainly on disk."""
        with self._using() as db:
            try:
                with db.conn:
                    db.execute("PRAGMA synchronous=FULL")
                    self._patiently(db, "BEGIN IMMEDIATE")
                    count_commit(db)
                    db.execute("UPDATE pulse SET beats = beats + 1")
                    db.execute("COMMIT")
            except sqlite3.Error as error:
                raise LibraryError(f"the library's database could not be written ({error})") from error

    @staticmethod
    def _roll_back(db: Database) -> None:
        if db.conn.in_transaction:
            with suppress(sqlite3.Error):  # the original error is the one to report
                db.execute("ROLLBACK")

    def close(self) -> None:
        """Close every thread's connection, waiting for those in use. The database cannot be used afterwards."""
        self._refusal = self._refusal or CLOSED
        with self._lock:
            in_use = list(self._in_use)
        for lock in in_use:  # a thread without a lock yet first checks whether the database is closed
            with lock:
                pass
        while self._opened:
            self._opened.pop().close()
        if self._aside is not None:
            self._aside.close()
            self._aside = None
        self._local = threading.local()

    def after_fork_in_child(self) -> None:
        """Drop the parent's connections without closing them: see core.locks.forks."""
        for connection in self._opened:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
            _inherited.add(self.path)
        self._opened.clear()
        self._refusal, self._lock, self._in_use, self._aside = forks.FORKED, threading.Lock(), WeakSet(), None
        self._local = threading.local()


def _unchanged(error: sqlite3.Error) -> LibraryError:
    return LibraryError(f"the library's database could not be written ({error}); nothing was changed")
