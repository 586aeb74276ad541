"""The tables of an old database as they really are: columns missing or added, no rowid, names that need quotes."""
# ruff: noqa: S608 - every name goes through quoted()

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import SourceError

# A library of our own is known by these: an old manager's database has models and tags too, but none of them.
LIBRARY_TABLES = frozenset({b"pending_import", b"model_images", b"journal", b"pulse"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table to select from: ``sql`` names it, ``columns`` gives the SQL of each column by its name.

    Columns that are known have their known name, whatever its letter case in the database; generated ones are left
    out. ``unreadable`` are names that are no UTF-8. ``rowid`` is SQL for a number that tells the rows apart.
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

    Raises SourceError (the reason alone) where there is none, or a view or virtual table in its place: those run
    what a stranger wrote. sqlite3.Error where the database is damaged.
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
    """Return the names of all tables. The connection gives text as bytes."""
    return {name for (name,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}


def quote_identifier(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def _refuse_all_but_tables(connection: sqlite3.Connection, name: str) -> None:
    row = connection.execute(
        "SELECT type, rootpage, sql FROM main.sqlite_master WHERE lower(name) = ? AND type IN ('table', 'view')",
        (name,),
    ).fetchone()
    if row is None:
        raise SourceError(f"there is no table {name}")
    kind, rootpage, definition = row
    # All three: the type and the page are only what the file says, the definition is what SQLite goes by.
    if kind != b"table" or not rootpage or not (definition or b"").upper().startswith(b"CREATE TABLE"):
        raise SourceError(f"{name} is {'a view' if kind == b'view' else 'a virtual table'}, not a table")


def _rowid(connection: sqlite3.Connection, name: str) -> str | None:
    """Return a name for the rowid that no column has taken, ``None`` where there is none."""
    taken = {raw.lower() for _, raw, *_ in connection.execute(f"PRAGMA main.table_xinfo({quote_identifier(name)})")}
    for alias in ("rowid", "_rowid_", "oid"):
        if alias.encode() in taken:
            continue
        try:
            connection.execute(f"SELECT {alias} FROM main.{quote_identifier(name)} LIMIT 0")
        except sqlite3.OperationalError:  # a table WITHOUT ROWID: there the column does not exist
            return None
        return alias
    return None


def _with_rowid(
    connection: sqlite3.Connection, name: str, columns: Mapping[str, str]
) -> tuple[str, dict[str, str], str]:
    """Copy a table into a temporary one that has a rowid, its columns renamed so that none hides it."""
    renamed = {column: f"c{number}" for number, column in enumerate(columns)}
    selected = ", ".join(f"{columns[column]} AS {new}" for column, new in renamed.items())
    copy = f"temp.{quote_identifier('copy of ' + name)}"
    connection.execute(f"CREATE TABLE {copy} AS SELECT {selected or 'NULL'} FROM main.{quote_identifier(name)}")
    return copy, renamed, "rowid"
