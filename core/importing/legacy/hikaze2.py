"""Read the database of Hikaze Model Manager 2 as if it were an old manager's.

``models(sha256, path, name, type, size_bytes, created_at, meta_json)``, ``model_tags(model_hash, tag_id)``,
``pending_import(id, path, sha256, …)``, ``pending_model_tags(model_id, tag_id)``. Images lie in ``data/images``:
``<sha256>_<seq>_<tier>.webp`` of a model, ``pending/<id>`` with or without a suffix of a pending import.
(HakureiHikaze/Hikaze-Model-Manager-2, backend/util/db.py, eb40401)
"""
# ruff: noqa: S608 - the SQL is put together from names that legacy_tables has quoted

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.errors import SourceError
from core.importing.legacy.rows import LegacyImage, LegacyRow
from core.importing.legacy.tables import Table, find_table, tables_of
from core.importing.legacy.values import ValueReader
from core.text import sanitize

PENDING = "pending"
_MODELS = ("sha256", "path", "name", "type", "size_bytes", "created_at", "meta_json")
_IMPORTS = ("id", *_MODELS)
_LINKS = {
    "models": ("model_tags", "model_hash"),
    "pending_import": ("pending_model_tags", "model_id"),
}
_NUMBER = "hikaze_number"  # an SQL function
_IMAGE = re.compile(r"([0-9a-f]{64})_([0-9]{1,15})_(high|medium|low)\.webp")
_PENDING_IMAGE = re.compile(r"([0-9]{1,10})(\.[A-Za-z0-9]{1,5})?")
_SHA256 = re.compile(b"[0-9a-fA-F]{64}")
_TIERS = ("high", "medium", "low")


def holds_hikaze2(connection: sqlite3.Connection) -> bool:
    """Return whether this is a database of Hikaze Model Manager 2: the older one has no pending imports."""
    if not {b"models", b"pending_import"} <= tables_of(connection):
        return False
    try:
        return "sha256" in find_table(connection, "models", _MODELS).columns
    except SourceError:
        return False


def old_models(connection: sqlite3.Connection, reading: ValueReader) -> Table:
    """Return models and pending imports as one table of the old manager's.

    A pending import keeps its id. A model gets a negative number that its hash determines.
    """
    connection.create_function(_NUMBER, 1, _number_of, deterministic=True)
    connection.execute("CREATE TABLE temp.hikaze (id, path, name, type, size_bytes, hash_hex, created_at, extra_json)")
    for name, known in (("models", _MODELS), ("pending_import", _IMPORTS)):
        table = find_table(connection, name, known)
        for column in table.missing(known):
            reading.problem(column, f"the table {name} has no such column")
        values = {column: table.columns.get(column, "NULL") for column in _IMPORTS}
        key = _numbered(values["sha256"]) if name == "models" else values["id"]
        selected = ", ".join(values[column] for column in _MODELS[1:5])
        connection.execute(
            f"INSERT INTO temp.hikaze SELECT {key}, {selected}, {values['sha256']}, {values['created_at']}, "
            f"{values['meta_json']} FROM {table.sql}"
        )
    columns = ("id", "path", "name", "type", "size_bytes", "hash_hex", "created_at", "extra_json")
    return Table("temp.hikaze", {column: column for column in columns}, "rowid")


def read_links(connection: sqlite3.Connection, reading: ValueReader) -> None:
    """Copy the tags of models and pending imports into ``temp.links(model_id, tag_id)``."""
    connection.execute("CREATE TABLE temp.links (model_id, tag_id, PRIMARY KEY (model_id, tag_id)) WITHOUT ROWID")
    for owner, (name, key) in _LINKS.items():
        try:
            table = find_table(connection, name, (key, "tag_id"))
        except SourceError as error:
            reading.problem(name, f"{error}; no tags are imported")
            continue
        if table.missing((key, "tag_id")):
            reading.problem(name, "columns are missing; no tags are imported")
            continue
        column = _numbered(table.columns[key]) if owner == "models" else table.columns[key]
        connection.execute(
            f"INSERT OR IGNORE INTO temp.links SELECT {column}, {table.columns['tag_id']} FROM {table.sql} "
            f"WHERE {column} IS NOT NULL AND typeof({table.columns['tag_id']}) = 'integer'"
        )


def _numbered(column: str) -> str:
    return f"{_NUMBER}(CAST({column} AS BLOB))"  # text need not be UTF-8


def _number_of(sha256: bytes | None) -> int | None:
    """Return the number of a model, the same at every import; None for what is no hash."""
    if sha256 is None or not _SHA256.fullmatch(sha256):
        return None
    return -1 - (int(sha256[:16], 16) >> 1)


@dataclass(frozen=True, slots=True)
class HikazeImages:
    """The names of all images in the folder of images: of models by hash, of pending imports by id, in order."""

    of_models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    of_imports: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def row(self, row: LegacyRow) -> LegacyRow:
        """Return a row with its images; a pending import stays pending though its hash may be known."""
        if row.row >= 0:
            found = tuple(LegacyImage("images", name, name, PENDING) for name in self.of_imports.get(row.row, ()))
            return replace(row, images=found or row.images, stays_pending=True)
        owner = f" of model {(row.sha256 or '')[:12]}"  # the number of a model tells nobody anything
        names = self.of_models.get(row.sha256 or "", ())
        images = tuple(LegacyImage(f"images{owner}", name, name) for name in names)
        problems = tuple(replace(problem, field=problem.field + owner) for problem in row.problems)
        return replace(row, images=images or row.images, problems=problems)


def find_images(folder: Path | None, reading: ValueReader) -> HikazeImages:
    """List the images below ``folder``; one that cannot be read is reported to ``reading``."""
    if folder is None:
        return HikazeImages()
    tiers: dict[tuple[str, int], str] = {}
    for name in _names(folder, reading):
        if match := _IMAGE.fullmatch(name):
            key = match[1], int(match[2])
            if key not in tiers or _TIERS.index(match[3]) < _TIERS.index(tiers[key]):
                tiers[key] = match[3]
    of_models: dict[str, tuple[str, ...]] = {}
    for (sha256, seq), tier in sorted(tiers.items()):
        of_models[sha256] = (*of_models.get(sha256, ()), f"{sha256}_{seq}_{tier}.webp")
    of_imports: dict[int, tuple[str, ...]] = {}
    for name in sorted(_names(folder / PENDING, reading)):
        if match := _PENDING_IMAGE.fullmatch(name):
            of_imports[int(match[1])] = (*of_imports.get(int(match[1]), ()), name)
    return HikazeImages(of_models, of_imports)


def _names(folder: Path, reading: ValueReader) -> Iterable[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:  # nothing was ever pending
        return ()
    except OSError as error:
        reading.problem("images", f"{sanitize(folder)} cannot be read ({os.strerror(error.errno or 0)})")
        return ()
