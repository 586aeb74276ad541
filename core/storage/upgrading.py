"""Migrate a library's database to the current schema before anything else uses it."""

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
    """Raise SchemaForeign if the file is the database of another program; nothing is written or locked.

    Call this before creating anything beside the file: merely opening it for writing would change it.
    """
    check_files(path, writing=False)
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as file:
            db = Database(file, execute_plugins=False)
            db.execute("PRAGMA trusted_schema=OFF")
            foreign = [] if schema_check.applied(db) else schema_check.differences(db, frozenset())
    except sqlite3.Error:  # damaged, or being changed by this program: opening it will show which
        return
    if any(difference.bars >= schema_check.Bars.WRITING for difference in foreign):
        raise SchemaForeign(path, [difference.what for difference in foreign])


def migrate(store: LibraryDatabase) -> None:
    """Bring the schema up to date.

    Raises LibraryError if a newer version made the library or it is read-only and outdated; ForeignLog, SchemaForeign.
    """
    check_log(store.path)
    known = SCHEMAS.keys()
    with store.read() as db:
        applied = schema_check.applied(db)
        foreign = schema_check.differences(db, applied & known)
    read_only = store.readonly and applied == known  # otherwise it needs a migration
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
    with store.write() as db:  # if two processes open a new library, the second finds nothing to do
        migrations.apply(db)
    _identify(store)


def _identify(store: LibraryDatabase) -> None:
    """Give the database an identity if an earlier version of this program created it without one."""
    if store.readonly or has_identity(store.db):
        return
    with store.write() as db:
        if not has_identity(db):  # otherwise another process was faster
            give_identity(db)
    with suppress(sqlite3.Error):  # write it to the file soon: a copy without an identity then matches no log of it
        store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
