"""Connections (one a thread) and transactions of a library's database."""

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

_ATTEMPT = 0.1  # seconds that SQLite itself waits for a lock; how long we wait in all is up to Wait
_CACHE_KIB = 512  # for each thread: what it reads again lies in the system's cache as well
# What SQLite says where it cannot keep its own files beside the database.
_NO_PLACE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)

CLOSED = "the library is closed"
COMMIT_UNKNOWN = "the commit state is unknown"
# Databases that this process had open when it was forked: see core.locks.forks.
_inherited: set[Path] = set()


class LibraryDatabase:
    """The database of one library. Every thread that uses it gets a connection of its own, closed with the thread.

    ``on_wait`` is called, in the thread that waits, where another process keeps a lock for over a second.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self.path = path
        self.readonly = readonly
        self._local = threading.local()
        self._opened: set[sqlite3.Connection] = set()
        self._lock = threading.Lock()
        self._in_use: WeakSet[threading.RLock] = WeakSet()  # a lock for each thread, held while its connection is used
        self._refusal = ""
        self._file: tuple[int, int] | None = None  # which file the first connection opened
        self._aside: ReadOnlyCopy | None = None
        self.on_wait: OnWait = lambda _: None
        guard(path)
        forks.watch(self)

    @property
    def db(self) -> Database:
        """This thread's connection, in autocommit mode. Raises LibraryError where the database cannot be opened."""
        held: ThreadConnection | None = getattr(self._local, "held", None)
        if held is None:
            self.check_open()
            with self._using_lock():  # so that closing waits for it
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
                # Where the file has gone since, none is made in its place.
                return self._set_up(self._open(self.path, "rw" if self._file else "rwc"))
            path = self._readable()
            return self._set_up(self._open(path, "ro" if path == self.path else "rwc"))
        except sqlite3.Error as error:
            raise LibraryError(f"the library's database {self.path} cannot be opened ({error})") from error

    def _open(self, path: Path, mode: str) -> sqlite3.Connection:
        # Connections are used by one thread only, but closed together by whoever closes the library.
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
        """Raise LibraryError where the database is no longer the one that was opened: files would go elsewhere."""
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
        """Execute a statement that needs a lock, as soon as no other process holds it.

        Raises LibraryLocked where one keeps it for too long, Cancelled, and LibraryError where the library is closed.
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
        """Return what a read-only connection opens: the database, or a copy where SQLite cannot read it in place."""
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
        """Write a whole copy of the database as a new file, synced. Raises LibraryError where that cannot be done."""
        try:
            with appearing(target) as partial, self._using() as db:
                write_copy(db, partial)
        except (sqlite3.Error, OSError) as error:
            raise LibraryError(f"the library's database could not be copied to {target} ({error})") from error

    def copy_committed(self, target: Path) -> None:
        """Write what is committed as a new database, also inside a write transaction. Raises sqlite3.Error, OSError."""
        with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            write_copy(Database(connection, execute_plugins=False), target)

    @contextmanager
    def _using(self) -> Iterator[Database]:
        """This thread's connection, which no other thread closes as long as the block lasts."""
        self.check_open()  # before any lock: in the child of a fork one may be held for ever
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
        """One snapshot of the whole database. Raises LibraryError where it cannot be read, or is closed."""
        with self._using() as db:
            if db.conn.in_transaction:
                yield db
                return
            try:
                with db.conn:  # which rolls back where an exception ends the block
                    db.execute("BEGIN")
                    self._patiently(db, "PRAGMA schema_version")  # the first read takes the snapshot
                    yield db
                    self._roll_back(db)
            except sqlite3.Error as error:
                raise LibraryError(f"the library's database could not be read ({error})") from error

    @contextmanager
    def write(self, *, full: bool = True, cancel: threading.Event | None = None) -> Iterator[Database]:
        """One write transaction: all of the block or nothing. ``full`` is false where losing it on a power cut is safe.

        ``cancel`` ends waiting for the lock. Raises LibraryError where nothing was changed, Cancelled, and
        CommitUnclear where that will be known at the next opening.
        """
        with self._using() as db:
            try:
                with db.conn:  # which rolls back where an exception ends the block
                    db.execute("PRAGMA synchronous=FULL" if full else "PRAGMA synchronous=NORMAL")
                    self._patiently(db, "BEGIN IMMEDIATE", cancel)
                    self._check_place()
                    count_commit(db)
                    yield db
                    self._commit(db)
            except sqlite3.Error as error:
                raise LibraryError(
                    f"the library's database could not be written ({error}); nothing was changed"
                ) from error

    def await_turn(self, cancel: threading.Event | None = None) -> None:
        """Wait until nobody is writing, so that long work is not done only to be refused the write lock afterwards.

        Raises LibraryLocked where a process keeps it for too long, LibraryError where nothing can be written anyway,
        and Cancelled.
        """
        with self._using() as db:
            try:
                with db.conn:
                    self._patiently(db, "BEGIN IMMEDIATE", cancel)
                    self._check_place()
                    self._roll_back(db)
            except sqlite3.Error as error:
                raise LibraryError(
                    f"the library's database could not be written ({error}); nothing was changed"
                ) from error

    def check_open(self) -> None:
        """Raise LibraryError where the library is closed, or this process is a fork of the one that opened it."""
        if self._refusal:
            raise LibraryError(self._refusal)

    def _commit(self, db: Database) -> None:
        try:
            db.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back(db)
            # The frames of the failed commit may lie whole in the WAL, where a crash would make them real. Only a
            # later commit that overwrites them proves that nothing has happened.
            try:
                self.write_barrier()
            except CuratorError:
                raise CommitUnclear(
                    f"the library's database could not be written ({error}); "
                    f"{COMMIT_UNKNOWN}: reopen the library to recover"
                ) from error
            raise LibraryError(f"the library's database could not be written ({error}); nothing was changed") from error

    def write_barrier(self) -> None:
        """Commit a change of one row, synced: everything committed before it is then surely on disk."""
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
            with suppress(sqlite3.Error):  # the error that brought us here is the one to tell
                db.execute("ROLLBACK")

    def close(self) -> None:
        """Close every thread's connection, once no other thread uses its own; nothing can be read any more."""
        self._refusal = self._refusal or CLOSED
        with self._lock:
            in_use = list(self._in_use)
        for lock in in_use:  # a thread whose lock is not among them yet looks first whether all is closed
            with lock:
                pass
        while self._opened:
            self._opened.pop().close()
        if self._aside is not None:
            self._aside.close()
            self._aside = None
        self._local = threading.local()

    def after_fork_in_child(self) -> None:
        """Let go of the parent's connections without closing them: see core.locks.forks."""
        for connection in self._opened:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
            _inherited.add(self.path)
        self._opened.clear()
        self._refusal, self._lock, self._in_use, self._aside = forks.FORKED, threading.Lock(), WeakSet(), None
        self._local = threading.local()
