"""Connections (one a thread) and transactions of a library's database."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from core import forks
from core.errors import Cancelled, CommitUnclear, CuratorError, LibraryError
from core.files import sync_folder
from core.migrations import migrations
from core.store.aside import Aside
from core.store.gate import Gate, Held
from core.store.wal import check_log, count_commit, give_identity, has_identity
from core.waiting import OnWait, Wait, database_writer

_ATTEMPT = 0.1  # seconds that SQLite itself waits for a lock; how long we wait in all is up to Wait
_CACHE_KIB = 512  # for each thread: what it reads again lies in the system's cache as well
# What SQLite says where it cannot keep its own files beside the database.
_NO_PLACE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


# Databases with connections that a fork caught in use: this process cannot open them any more, see core.forks.
_spoilt: set[Path] = set()


class Store:
    """The database of one library. Every thread that uses it gets a connection of its own, closed with the thread.

    ``on_wait`` is called, in the thread that waits, where another process keeps a lock for over a second.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self.path = path
        self.readonly = readonly
        self._local = threading.local()
        self._opened: set[sqlite3.Connection] = set()
        self._lock = threading.Lock()
        self._gate = Gate()
        self._at_rest = True
        self._aside: Aside | None = None
        self.on_wait: OnWait = lambda _: None
        forks.watch(self)

    @property
    def db(self) -> Database:
        """This thread's connection, in autocommit mode. Raises LibraryError where the database cannot be opened."""
        held: Held | None = getattr(self._local, "held", None)
        if held is None:
            with self._gate.entered():
                held = self._local.held = Held(self._connect(), self._opened, self._gate)
        return held.db

    def _connect(self) -> Database:
        if self.path in _spoilt:
            raise LibraryError("this process was forked amid a transaction; open the library in one that is spawned")
        try:
            if not self.readonly:
                return self._set_up(self._open(self.path, "rwc"))
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
        db = Database(connection, execute_plugins=False)
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("PRAGMA trusted_schema=OFF")
        db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        if not self.readonly:
            self._patiently(db, "PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
        return db

    def _patiently(self, db: Database, statement: str, cancel: threading.Event | None = None) -> None:
        """Execute a statement that needs a lock, as soon as no other process holds it.

        Raises LibraryLocked where one keeps it for too long, Cancelled, and LibraryError where the library is closed.
        """
        wait = Wait(lambda: database_writer(self.path), self.on_wait)
        while True:
            try:
                db.execute(statement).fetchone()
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
            if cancel is not None and cancel.is_set():
                raise Cancelled("waiting for the library was cancelled")
            self._gate.step_aside()
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
                    self._aside = Aside(self.path)
            return self._aside.path

    def migrate(self) -> None:
        """Bring the schema up to date. Raises LibraryError for a library made by a newer version, ForeignLog."""
        check_log(self.path)
        try:
            known = {step.name for step in migrations.pending(Database(memory=True))}
            applied = {step.name for step in migrations.applied(self.db)}
        except sqlite3.Error as error:
            raise LibraryError(f"the library's database {self.path} cannot be read ({error})") from error
        if applied - known:
            raise LibraryError(
                "this library was made by a newer version of Model Curator; update the program to open it"
            )
        if applied == known:
            self._identify()
            return
        if self.readonly:
            raise LibraryError("this library must be opened once for writing before this version can read it")
        if applied:
            now = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
            self.backup(self.path.with_name(f"{self.path.name}.before-{len(known)}-{now}"))
        with self.writing() as db:  # two processes may open a new library at once: the second finds nothing to do
            migrations.apply(db)
        self._identify()

    def _identify(self) -> None:
        """Give the database an identity, where an earlier version of this program made it without one."""
        if self.readonly or has_identity(self.db):
            return
        with self.writing() as db:
            if not has_identity(db):  # else another process was quicker
                give_identity(db)
        with suppress(sqlite3.Error):  # put into the file soon: a copy without an identity then fits no log of it
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def backup(self, target: Path) -> None:
        """Write a whole copy of the database as a new file, synced. Raises LibraryError where that cannot be done."""
        if os.path.lexists(target):
            raise LibraryError(f"{target} is there already; a backup overwrites nothing, choose another name")
        partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
        try:
            with self._using() as db:
                write_copy(db, partial)
            os.rename(partial, target)
            sync_folder(target.parent)
        except (sqlite3.Error, OSError) as error:
            partial.unlink(missing_ok=True)
            raise LibraryError(f"the library's database could not be copied to {target} ({error})") from error

    def copy_committed(self, target: Path) -> None:
        """Write what is committed as a new database, also inside a write transaction. Raises sqlite3.Error, OSError."""
        with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            write_copy(Database(connection, execute_plugins=False), target)

    @contextmanager
    def _using(self) -> Iterator[Database]:
        """This thread's connection, which is not closed as long as the block lasts."""
        with self._gate.entered():
            yield self.db

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """One snapshot of the whole database. Raises LibraryError where it cannot be read, or is closed."""
        with self._using() as db:
            if db.conn.in_transaction:
                yield db
                return
            try:
                db.execute("BEGIN")
                self._patiently(db, "PRAGMA schema_version")  # the first read takes the snapshot
                yield db
            except sqlite3.Error as error:
                raise LibraryError(f"the library's database could not be read ({error})") from error
            finally:
                self._roll_back(db)

    @contextmanager
    def writing(self, *, full: bool = True) -> Iterator[Database]:
        """One write transaction: all of the block or nothing. ``full`` is false where losing it on a power cut is safe.

        Raises LibraryError where nothing was changed, CommitUnclear where that will be known at the next opening.
        """
        with self._using() as db:
            try:
                db.execute("PRAGMA synchronous=FULL" if full else "PRAGMA synchronous=NORMAL")
                self._patiently(db, "BEGIN IMMEDIATE")
                count_commit(db)
                yield db
            except sqlite3.Error as error:
                self._roll_back(db)
                raise LibraryError(
                    f"the library's database could not be written ({error}); nothing was changed"
                ) from error
            except BaseException:
                self._roll_back(db)
                raise
            self._commit(db)

    def await_turn(self, cancel: threading.Event | None = None) -> None:
        """Wait until nobody is writing, so that long work is not done only to be refused the write lock afterwards.

        Raises LibraryLocked where a process keeps it for too long, LibraryError where nothing can be written anyway,
        and Cancelled.
        """
        with self._using() as db:
            try:
                self._patiently(db, "BEGIN IMMEDIATE", cancel)
            except sqlite3.Error as error:
                raise LibraryError(
                    f"the library's database could not be written ({error}); nothing was changed"
                ) from error
            finally:
                self._roll_back(db)

    def check_open(self) -> None:
        """Raise LibraryError where the library is closed, or this process is a fork of the one that opened it."""
        self._gate.check()

    def _commit(self, db: Database) -> None:
        try:
            db.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back(db)
            # The frames of the failed commit may lie whole in the WAL, where a crash would make them real. Only a
            # later commit that overwrites them proves that nothing has happened.
            try:
                self.beat()
            except CuratorError:
                raise CommitUnclear(
                    f"the library's database could not be written ({error}); "
                    "whether this happened will be known when the library is next opened"
                ) from error
            raise LibraryError(f"the library's database could not be written ({error}); nothing was changed") from error

    def beat(self) -> None:
        """Commit a change of one row, synced: everything committed before it is then surely on disk."""
        with self._using() as db:
            try:
                db.execute("PRAGMA synchronous=FULL")
                self._patiently(db, "BEGIN IMMEDIATE")
                count_commit(db)
                db.execute("UPDATE pulse SET beats = beats + 1")
                db.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back(db)
                raise LibraryError(f"the library's database could not be written ({error})") from error

    @staticmethod
    def _roll_back(db: Database) -> None:
        if db.conn.in_transaction:
            with suppress(sqlite3.Error):  # the error that brought us here is the one to tell
                db.execute("ROLLBACK")

    def close(self) -> None:
        """Close every thread's connection, once none of them is being used; nothing can be read any more.

        Raises LibraryError where the thread that closes is using one.
        """
        self._gate.shut()
        with self._gate.locked():
            while self._opened:
                self._opened.pop().close()
        with self._lock:
            if self._aside is not None:
                self._aside.close()
                self._aside = None
        self._local = threading.local()

    def before_fork(self) -> None:
        """Wait until no connection is used."""
        self._at_rest = self._gate.hold()

    def after_fork(self) -> None:
        """Go on."""
        self._gate.let_go()

    def after_fork_in_child(self) -> None:
        """Close the child's copies of idle connections: its own ones get their locks only then, see core.forks.

        One in use would roll the parent's transaction back, in memory that both share. It is never closed, and what
        is still to be done with it is done to an empty database.
        """
        import ctypes

        for connection in self._opened:
            if self._at_rest and not connection.in_transaction:
                connection.close()
            else:
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
                _spoilt.add(self.path)
        if (held := getattr(self._local, "held", None)) is not None:
            held.db.conn = sqlite3.connect(":memory:")
        self._opened.clear()
        self._aside, self._lock = None, threading.Lock()
        self._gate.let_go(forks.FORKED)


def write_copy(db: Database, target: Path) -> None:
    """Write the whole database as a new file with an identity of its own, synced.

    Raises sqlite3.Error and OSError; a half-written file may then be there.
    """
    db.execute("VACUUM INTO ?", [str(target)])
    with closing(sqlite3.connect(target)) as copy:
        give_identity(Database(copy, execute_plugins=False))
        copy.commit()
    with open(target, "rb") as file:
        os.fsync(file.fileno())
