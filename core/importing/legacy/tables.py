"""The actual tables of an old database: with missing or extra columns, no rowid, or names that need quoting."""
# ruff: noqa: S608 - every name goes through quoted()

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import SourceError

# These identify a library of this program: an old manager's database also has models and tags, but none of these.
LIBRARY_TABLES = frozenset({b"pending_import", b"model_images", b"journal", b"pulse"})
COMFYUI_TABLES = (b"asset_references", b"asset_contents")
"""Each schema of ComfyUI's has one of these."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table to select from: ``sql`` is its quoted name, ``columns`` maps the name of each column to its SQL.

    Known columns have their known name, whatever its letter case in the database; generated columns are left out.
    ``unreadable`` lists names that are not UTF-8. ``rowid`` is the SQL of a number that identifies each row.
    """

    sql: str
    columns: Mapping[str, str]
    rowid: str
    unreadable: tuple[str, ...] = ()

    def missing(self, known: Sequence[str]) -> list[str]:
        """Return the known columns that the table does not have."""
        return [name for name in known if name not in self.columns]


def find_table(connection: sqlite3.Connection, name: str, known: Sequence[str]) -> Table:
    """Return the ordinary table ``name``.

    Raises SourceError (with the reason alone) if it is missing, or is a view or virtual table, which would run
    untrusted SQL. Raises sqlite3.Error if the database is damaged.
    """
    _refuse_all_but_tables(connection, name)
    columns: dict[str, str] = {}
    unreadable: list[str] = []
    for _, raw, *_ in connection.execute(f"PRAGMA main.table_info({quote_identifier(name)})"):
        try:
            column = raw.decode()
        except UnicodeDecodeError:
            unreadable.append(raw.decode("utf-8", "backslashreplace"))
            continue
        columns[column.lower() if column.lower() in known else column] = quote_identifier(column)
    sql = f"main.{quote_identifier(name)}"
    rowid = _rowid(connection, name)
    if rowid is None:
        sql, columns, rowid = _with_rowid(connection, name, columns)
    return Table(sql, columns, rowid, tuple(unreadable))


def tables_of(connection: sqlite3.Connection) -> set[bytes]:
    """Return the names of all tables, as bytes: the connection returns all text as bytes."""
    return {name for (name,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}


def quote_identifier(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _refuse_all_but_tables(connection: sqlite3.Connection, name: str) -> None:
    row = connection.execute(
        "SELECT type, rootpage, sql FROM main.sqlite_master WHERE lower(name) = ? AND type IN ('table', 'view')",
        (name,),
    ).fetchone()
    if row is None:
        raise SourceError(f"there is no table {name}")
    kind, rootpage, definition = row
    # Check all three: the file may lie about the type and the page, and SQLite itself goes by the definition.
    if kind != b"table" or not rootpage or not (definition or b"").upper().startswith(b"CREATE TABLE"):
        raise SourceError(f"{name} is {'a view' if kind == b'view' else 'a virtual table'}, not a table")


def _rowid(connection: sqlite3.Connection, name: str) -> str | None:
    """Return a name for the rowid that no column has taken, or ``None`` if there is none."""
    taken = {raw.lower() for _, raw, *_ in connection.execute(f"PRAGMA main.table_xinfo({quote_identifier(name)})")}
    for alias in ("rowid", "_rowid_", "oid"):
        if alias.encode() in taken:
            continue
        try:
            connection.execute(f"SELECT {alias} FROM main.{quote_identifier(name)} LIMIT 0")
        except sqlite3.OperationalError:  # a table WITHOUT ROWID has no such column
            return None
        return alias
    return None


def _with_rowid(
    connection: sqlite3.Connection, name: str, columns: Mapping[str, str]
) -> tuple[str, dict[str, str], str]:
    """Copy a table into a temporary one that has a rowid, renaming its columns so that none hides it."""
    renamed = {column: f"c{number}" for number, column in enumerate(columns)}
    selected = ", ".join(f"{columns[column]} AS {new}" for column, new in renamed.items())
    copy = f"temp.{quote_identifier('copy of ' + name)}"
    connection.execute(f"CREATE TABLE {copy} AS SELECT {selected or 'NULL'} FROM main.{quote_identifier(name)}")
    return copy, renamed, "rowid"
