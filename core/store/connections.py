"""Connections (one a thread) and transactions of a library's database."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from core.errors import CommitUnclear, CuratorError, LibraryError
from core.files import sync_folder
from core.migrations import migrations
from core.store.aside import Aside

_WAIT_SECONDS = 60  # for another process's transaction; a promotion holds the write lock for milliseconds
_CACHE_KIB = 512  # for each thread: what it reads again lies in the system's cache as well
_PATIENCE_MS = 1000  # after which whoever waits is told
# What SQLite says where it cannot keep its own files beside the database.
_NO_PLACE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


class Store:
    """The database of one library. Every thread that uses it gets a connection of its own.

    ``on_wait`` is called, in the thread that waits, where another process keeps the write lock for over a second.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self.path = path
        self.readonly = readonly
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._idle = threading.Condition()
        self._users = 0
        self._closed = False
        self._aside: Aside | None = None
        self.on_wait: Callable[[], None] = lambda: None

    @property
    def db(self) -> Database:
        """This thread's connection, in autocommit mode. Raises LibraryError where the database cannot be opened."""
        db: Database | None = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = self._connect()
        return db

    def _connect(self) -> Database:
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
            timeout=_WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        with self._lock:
            self._opened.append(connection)
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> Database:
        db = Database(connection, execute_plugins=False)
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("PRAGMA trusted_schema=OFF")
        db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        if not self.readonly:
            db.execute("PRAGMA journal_mode=WAL").fetchone()
            db.execute("PRAGMA synchronous=FULL")
        return db

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
        """Bring the schema up to date. Raises LibraryError for a library made by a newer version."""
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
            return
        if self.readonly:
            raise LibraryError("this library must be opened once for writing before this version can read it")
        if applied:
            now = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
            self.backup(self.path.with_name(f"{self.path.name}.before-{len(known)}-{now}"))
        with self.writing() as db:  # two processes may open a new library at once: the second finds nothing to do
            migrations.apply(db)

    def backup(self, target: Path) -> None:
        """Write a whole copy of the database as a new file, synced. Raises LibraryError where that cannot be done."""
        if os.path.lexists(target):
            raise LibraryError(f"{target} is there already; a backup overwrites nothing, choose another name")
        partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
        try:
            self.db.execute("VACUUM INTO ?", [str(partial)])
            with open(partial, "rb") as file:
                os.fsync(file.fileno())
            os.rename(partial, target)
            sync_folder(target.parent)
        except (sqlite3.Error, OSError) as error:
            partial.unlink(missing_ok=True)
            raise LibraryError(f"the library's database could not be copied to {target} ({error})") from error

    @contextmanager
    def _using(self) -> Iterator[Database]:
        """This thread's connection, which is not closed as long as the block lasts."""
        with self._idle:
            if self._closed:
                raise LibraryError("the library is closed")
            self._users += 1
        try:
            yield self.db
        finally:
            with self._idle:
                self._users -= 1
                self._idle.notify_all()

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """One snapshot of the whole database. Raises LibraryError where it cannot be read, or is closed."""
        with self._using() as db:
            if db.conn.in_transaction:
                yield db
                return
            try:
                db.execute("BEGIN")
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
                self._begin(db)
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

    def _begin(self, db: Database) -> None:
        """Take the write lock, saying so where another process keeps it for long."""
        try:
            db.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")
            for waited in range(_WAIT_SECONDS * 1000 // _PATIENCE_MS):
                try:
                    db.execute("BEGIN IMMEDIATE")
                    return
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                        raise
                    if waited == 0:
                        self.on_wait()
        finally:
            db.execute(f"PRAGMA busy_timeout={_WAIT_SECONDS * 1000}")
        raise LibraryError(
            "another process has been writing to the library for a minute; wait for it or end it, then try again"
        )

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
        db = self.db
        try:
            db.execute("PRAGMA synchronous=FULL")
            db.execute("UPDATE pulse SET beats = beats + 1")
        except sqlite3.Error as error:
            raise LibraryError(f"the library's database could not be written ({error})") from error

    @staticmethod
    def _roll_back(db: Database) -> None:
        if db.conn.in_transaction:
            with suppress(sqlite3.Error):  # the error that brought us here is the one to tell
                db.execute("ROLLBACK")

    def close(self) -> None:
        """Close every thread's connection, once none of them is being used; nothing can be read any more."""
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: self._users == 0)
        with self._lock:
            opened, self._opened = self._opened, []
        for connection in opened:
            connection.close()
        if self._aside is not None:
            self._aside.close()
            self._aside = None
        self._local = threading.local()
