"""Bringing a library's database up to date before anything else is done with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from core.errors import LibraryError, SchemaForeign
from core.files.database_files import check_files
from core.storage import schema_check
from core.storage.database import LibraryDatabase
from core.storage.schema import SCHEMAS, migrations
from core.storage.wal import check_log, give_identity, has_identity


def check_ours(path: Path) -> None:
    """Raise SchemaForeign where the file is the database of another program; nothing is written or locked.

    To be called before anything is made beside it: opening it for writing alone would change it.
    """
    check_files(path, writing=False)
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as file:
            db = Database(file, execute_plugins=False)
            db.execute("PRAGMA trusted_schema=OFF")
            foreign = [] if schema_check.applied(db) else schema_check.differences(db, frozenset())
    except sqlite3.Error:  # damaged, or in the middle of a change of ours: opening it will tell
        return
    if any(difference.bars >= schema_check.Bars.WRITING for difference in foreign):
        raise SchemaForeign(path, [difference.what for difference in foreign])


def migrate(store: LibraryDatabase) -> None:
    """Bring the schema up to date.

    Raises LibraryError for a library made by a newer version, ForeignLog, SchemaForeign.
    """
    check_log(store.path)
    known = SCHEMAS.keys()
    with store.read() as db:
        applied = schema_check.applied(db)
        foreign = schema_check.differences(db, applied & known)
    read_only = store.readonly and applied == known  # else it would have to be migrated
    bar = schema_check.Bars.READING if read_only else schema_check.Bars.WRITING
    if applied - known:
        raise LibraryError("this library was made by a newer version of Model Curator; update the program to open it")
    if any(difference.bars >= bar for difference in foreign):
        raise SchemaForeign(store.path, [difference.what for difference in foreign])
    if applied == known:
        _identify(store)
        return
    if store.readonly:
        raise LibraryError("this library must be opened once for writing before this version can read it")
    if applied:
        now = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
        store.backup(store.path.with_name(f"{store.path.name}.before-{len(known)}-{now}"))
    with store.write() as db:  # two processes may open a new library at once: the second finds nothing to do
        migrations.apply(db)
    _identify(store)


def _identify(store: LibraryDatabase) -> None:
    """Give the database an identity, where an earlier version of this program made it without one."""
    if store.readonly or has_identity(store.db):
        return
    with store.write() as db:
        if not has_identity(db):  # else another process was quicker
            give_identity(db)
    with suppress(sqlite3.Error):  # put into the file soon: a copy without an identity then fits no log of it
        store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
