"""The old database's tags, and the rows that have them."""
# ruff: noqa: S608 - the SQL is put together from names that legacy_tables has quoted

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import SourceError
from core.importing.legacy.tables import Table, find_table
from core.importing.legacy.values import Value, ValueReader, to_json

_TAG_COLUMNS = ("id", "name", "color", "created_at")
_LINK_COLUMNS = ("model_id", "tag_id")


@dataclass(frozen=True, slots=True)
class LegacyTag:
    """A tag of the old database; ``created_at`` is in ms."""

    id: int
    name: str
    color: str | None
    created_at: int | None


def read_tags(connection: sqlite3.Connection, reading: ValueReader) -> dict[int, LegacyTag]:
    """Return the tags that have a name, by id; everything else in the table is reported to ``reading``."""
    table = _find(connection, reading, "tags", _TAG_COLUMNS)
    tags: dict[int, LegacyTag] = {}
    if table is None:
        return tags
    selected = ", ".join((table.columns.get("id", table.rowid), *table.columns.values()))
    first: dict[str, int] = {}
    for key, *values in connection.execute(f"SELECT {selected} FROM {table.sql} ORDER BY 1, {table.rowid}"):
        found: dict[str, Value] = dict(zip(table.columns, values, strict=True))
        if not isinstance(key, int) or key in tags:
            reading.problem("tags", f"a tag without a usable id was skipped: {to_json(found)}")
            continue
        tag = _tag(reading, key, found)
        if tag is None:
            continue
        tags[key] = tag
        if first.setdefault(tag.name, key) != key:
            reading.problem("tags", f"tag {key} has the name of tag {first[tag.name]}, merged: {tag.name}")
    return tags


def _tag(reading: ValueReader, key: int, found: dict[str, Value]) -> LegacyTag | None:
    name = reading.text(f"tag {key} name", found.get("name"))
    if not name.strip():
        reading.problem("tags", f"a tag without a name was skipped: {to_json(found)}")
        return None
    others = to_json({column: value for column, value in found.items() if column not in _TAG_COLUMNS})
    if others != "{}":
        reading.problem("tags", f"tag {key} has fields that are not imported: {others}")
    return LegacyTag(
        id=key,
        name=name,
        color=reading.text(f"tag {key} color", found.get("color")) or None,
        created_at=reading.integer(f"tag {key} created_at", found.get("created_at")),
    )


def read_links(connection: sqlite3.Connection, reading: ValueReader, models: Table) -> None:
    """Copy the tags of each row into ``temp.links(model_id, tag_id)``, with an index that the original may lack."""
    connection.execute("CREATE TABLE temp.links (model_id, tag_id, PRIMARY KEY (model_id, tag_id)) WITHOUT ROWID")
    table = _find(connection, reading, "model_tags", _LINK_COLUMNS)
    if table is None:
        return
    missing = table.missing(_LINK_COLUMNS)
    if missing:
        reading.problem("model_tags", f"the old database has no column {' and '.join(missing)}; no tags are imported")
        return
    model, tag = (table.columns[name] for name in _LINK_COLUMNS)
    usable = f"{model} IS NOT NULL AND typeof({tag}) = 'integer'"
    connection.execute(f"INSERT OR IGNORE INTO temp.links SELECT {model}, {tag} FROM {table.sql} WHERE {usable}")
    unusable = connection.execute(f"SELECT {model}, {tag} FROM {table.sql} WHERE NOT ({usable})")
    _report(reading, unusable, "not a pair of ids")
    ids = models.columns.get("id", models.rowid)
    lost = connection.execute(
        f"""SELECT model_id, group_concat(tag_id) FROM temp.links
        WHERE model_id NOT IN (SELECT {ids} FROM {models.sql} WHERE {ids} IS NOT NULL) GROUP BY model_id"""
    )
    _report(reading, lost, "tags of a missing row")


def _report(reading: ValueReader, links: Iterable[tuple[Value, Value]], reason: str) -> None:
    for values in links:
        reading.problem("model_tags", f"{reason}: {to_json(dict(zip(_LINK_COLUMNS, values, strict=True)))}")


def _find(connection: sqlite3.Connection, reading: ValueReader, name: str, known: tuple[str, ...]) -> Table | None:
    try:
        return find_table(connection, name, known)
    except SourceError as error:
        reading.problem(name, f"{error}; no tags are imported")
        return None
