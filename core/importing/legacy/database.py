"""Read the old manager's SQLite database (schema version 2) into records, from a private copy only.

``models(id, path, name, type, size_bytes, hash_hex, created_at, meta_json, extra_json)``,
``tags(id, name, color, created_at)``, ``model_tags(model_id, tag_id)``; times are in ms. A database of Hikaze Model
Manager 2 is told by its tables, and read as if it were an old one: see ``hikaze2``.
"""
# ruff: noqa: S608 - the SQL is put together from names that legacy_tables has quoted

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from core.domain.imports import Problem
from core.errors import SourceError
from core.files.durable import remove_folder
from core.importing.legacy import hikaze2
from core.importing.legacy.private_copy import connect, private_copy, wrap_sqlite_errors
from core.importing.legacy.rows import MODEL_COLUMNS, LegacyImage, LegacyRow, read_row
from core.importing.legacy.tables import COMFYUI_TABLES, LIBRARY_TABLES, Table, find_table, tables_of
from core.importing.legacy.tags import LegacyTag, read_links, read_tags
from core.importing.legacy.values import ValueReader, to_json
from core.text import sanitize

__all__ = ["LegacyDatabase", "LegacyImage", "LegacyRow", "LegacyTag"]

HIGHEST_KEPT_ID = 2**31 - 1


class LegacyDatabase:
    """An old database, open for reading: ``with LegacyDatabase.open(path, scratch) as old: ...``.

    ``source`` is the real path of the original. ``problems`` are those of the database and its tags; each row has its
    own.
    """

    def __init__(self, source: str, folder: Path, connection: sqlite3.Connection, images: Path | None) -> None:
        """Take ownership of the private ``folder`` and the ``connection`` to the copy in it; see ``open``."""
        self.source = source
        self._folder = folder
        self._connection = connection
        reading = ValueReader(None)
        with wrap_sqlite_errors(source, connection):
            _refuse_others(connection, source)
            is_hikaze2 = hikaze2.holds_hikaze2(connection)
            self._hikaze_images = hikaze2.find_images(images, reading) if is_hikaze2 else None
            self._models = (
                hikaze2.old_models(connection, reading) if is_hikaze2 else _models(connection, reading, source)
            )
            _number_rows(connection, reading, self._models)
            self._tags = read_tags(connection, reading)
            if is_hikaze2:
                hikaze2.read_links(connection, reading)
            else:
                read_links(connection, reading, self._models)
        self.problems: tuple[Problem, ...] = tuple(reading.problems)
        connection.set_progress_handler(None, 0)  # no deadline from here on: the caller sets the pace

    @classmethod
    def open(cls, path: str | os.PathLike[str], scratch: Path, images: Path | None = None) -> Self:
        """Copy the database at ``path`` into a new folder inside ``scratch``, check the copy and open it.

        ``images`` is the folder of images, where the database itself does not name them.
        Raises SourceError if it cannot be read as an old database; the original is never changed.
        """
        try:
            source = os.path.realpath(path)
        except ValueError:
            raise SourceError("The path of the old database holds a NUL character: give another.") from None
        copy = private_copy(source, scratch)
        try:
            connection = connect(copy, source)
            try:
                return cls(source, copy.parent, connection, images)
            except BaseException:
                connection.close()
                raise
        except BaseException:
            remove_folder(copy.parent)
            raise

    def close(self) -> None:
        """Close the private copy and remove it."""
        self._connection.close()
        remove_folder(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def count(self) -> int:
        """Return the number of rows that ``rows`` yields."""
        (count,) = self._connection.execute("SELECT count(*) FROM temp.numbered").fetchone()
        return int(count)

    def highest_id(self) -> int:
        """Return the highest id that a pending import could keep (1 to 2^31-1), or 0 if there is none."""
        sql = "SELECT coalesce(max(row), 0) FROM temp.numbered WHERE row BETWEEN 1 AND ?"
        (highest,) = self._connection.execute(sql, (HIGHEST_KEPT_ID,)).fetchone()
        return int(highest)

    def tags(self) -> list[LegacyTag]:
        """Return the tags that have a name, by id. If two have the same name, ``problems`` says so."""
        return list(self._tags.values())

    def rows(self) -> Iterator[LegacyRow]:
        """Yield the rows in the order of their ``row`` numbers. Raises SourceError if the database is damaged."""
        models, ids = self._models, _ids(self._models)
        selected = "".join(f", m.{column}" for column in models.columns.values())
        # The unary plus removes the column's type affinity, so that SQLite can use the index of links.
        query = f"""
            SELECT n.row, (SELECT group_concat(tag_id) FROM temp.links WHERE model_id = +m.{ids}) {selected}
            FROM temp.numbered n CROSS JOIN {models.sql} m ON m.{models.rowid} = n.at ORDER BY n.row"""
        with wrap_sqlite_errors(self.source):
            for row, links, *values in self._connection.execute(query):
                tags = sorted(int(tag) for tag in (links or b"").split(b",") if tag)
                found = read_row(row, dict(zip(models.columns, values, strict=True)), tags, self._tags)
                yield found if self._hikaze_images is None else self._hikaze_images.row(found)


def _refuse_others(connection: sqlite3.Connection, source: str) -> None:
    there = tables_of(connection)
    if any(name in there for name in COMFYUI_TABLES):
        raise SourceError(
            f"{sanitize(source)} is ComfyUI's database, not an old manager's: give it to scan, with the folders of "
            "models."
        )
    if there >= LIBRARY_TABLES:
        raise SourceError(
            f"{sanitize(source)} is the database of a Model Curator library, not of an old manager: open it with "
            "--library FOLDER, or put it in place with restore."
        )


def _ids(models: Table) -> str:
    return models.columns.get("id", models.rowid)


def _models(connection: sqlite3.Connection, reading: ValueReader, source: str) -> Table:
    try:
        models = find_table(connection, "models", MODEL_COLUMNS)
    except SourceError as error:
        raise SourceError(f"{sanitize(source)}: {error}; give the database file of the old manager.") from None
    for name in models.missing(MODEL_COLUMNS):
        reading.problem(name, "the old database has no such column")
    for name in models.unreadable:
        reading.problem("models", f"a column was skipped, its name is not UTF-8: {name}")
    return models


def _number_rows(connection: sqlite3.Connection, reading: ValueReader, models: Table) -> None:
    """Create ``temp.numbered`` with the number that identifies each row, and its rowid.

    The number is the id. If that is not an integer or is already taken, the number is the first free one of two
    derived from the rowid, which makes it the same for every import.
    """
    connection.execute("CREATE TABLE temp.numbered (row INTEGER PRIMARY KEY, at INTEGER UNIQUE)")
    rest = f"FROM {models.sql} WHERE {models.rowid} NOT IN (SELECT at FROM temp.numbered)"
    for number in (_ids(models), models.rowid, f"~{models.rowid}"):
        connection.execute(
            f"""INSERT OR IGNORE INTO temp.numbered
            SELECT {number}, {models.rowid} {rest} AND typeof({number}) = 'integer' ORDER BY 1, 2"""
        )
    for values in connection.execute(f"SELECT {', '.join(models.columns.values()) or 'NULL'} {rest}"):
        row = to_json(dict(zip(models.columns, values, strict=False)))
        reading.problem("id", f"a row without a usable id was skipped, because no number was free: {row}")
