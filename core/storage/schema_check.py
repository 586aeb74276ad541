"""Compare the schema of a library's database with the one that the migrations create.

A library may be untrusted: a trigger would run on every write, a view in place of a table on every read, and a table
without its constraints would accept values that the rest of the program does not expect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Set
from contextlib import closing
from dataclasses import dataclass
from enum import IntEnum

from sqlite_utils import Database

from core.storage.fetch import all_rows
from core.storage.schema import SCHEMAS, migrations

_STEPS = "_sqlite_migrations"  # sqlite-utils' own table
_Objects = dict[tuple[str, str], tuple[str, str]]  # (type, name) to (its table, its SQL)


class Bars(IntEnum):
    """The access to the library that a difference prevents."""

    NOTHING = 0
    WRITING = 1
    READING = 2


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference from the schema that the migrations create."""

    what: str
    bars: Bars


def applied(db: Database) -> set[str]:
    """Return the names of the migrations that the database records as applied."""
    found = objects_of(db).get(("table", _STEPS))
    if found is None or not _is_plain(found[1]):
        return set()
    rows = all_rows(db, f"SELECT name FROM {_STEPS} WHERE migration_set = ?", [migrations.name])
    return {str(name) for (name,) in rows}


def differences(db: Database, steps: Set[str]) -> list[Difference]:
    """Return the differences from the schema after ``steps``, a subset of ``SCHEMAS``."""
    last = max((number for number, step in enumerate(SCHEMAS) if step in steps), default=-1)
    found = objects_of(db)
    if digest(found) == ([digest({}), *SCHEMAS.values()][last + 1]):
        return []
    with closing(Database(memory=True)) as ours:
        if last >= 0:
            migrations.apply(ours, stop_before=[*SCHEMAS][last + 1 : last + 2])
        return sorted(_compare(db, found, ours), key=lambda difference: -difference.bars)


def digest(objects: _Objects) -> str:
    """Return the SHA-256 of a schema, without sqlite-utils' own table."""
    rest = sorted(item for item in objects.items() if not _is_of_steps(*item))
    return hashlib.sha256(repr(rest).encode(errors="surrogateescape")).hexdigest()


def objects_of(db: Database) -> _Objects:
    """Return all objects in the schema except SQLite's own."""
    rows = all_rows(db, "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master")
    return {
        (kind, name): (table, sql)
        for kind, name, table, sql in rows
        if not (str(name).startswith("sqlite_") and kind in ("table", "index"))
    }


def _compare(db: Database, found: _Objects, ours: Database) -> Iterator[Difference]:
    expected = objects_of(ours)
    yield from _strange(found, expected)
    for (kind, name), (table, sql) in expected.items():
        if table == _STEPS:
            continue
        there = found.get((kind, name))
        if there is None:
            yield Difference(f"the {kind} {name} is missing", Bars.NOTHING if kind == "index" else Bars.READING)
        elif there[1].split() != sql.split():
            usable = kind == "index" or _columns(ours, name) <= _columns(db, name)
            bars = Bars.NOTHING if kind == "index" else Bars.WRITING if usable else Bars.READING
            yield Difference(f"the {kind} {name} is defined differently", bars)


def _strange(found: _Objects, expected: _Objects) -> Iterator[Difference]:
    """Yield the objects that the migrations do not create."""
    tables = {name for kind, name in expected if kind == "table"}
    for (kind, name), (table, sql) in found.items():
        if (kind, name) in expected or _is_of_steps((kind, name), (table, sql)):
            continue
        if kind == "view" and name in tables:
            continue  # reported as a missing table
        # If no object is expected, a table shows that this is the database of another program.
        harmless = bool(expected) and (kind == "index" or (kind == "table" and _is_plain(sql)))
        what = "virtual table" if kind == "table" and not _is_plain(sql) else kind
        yield Difference(f"the {what} {name} is not ours", Bars.NOTHING if harmless else Bars.WRITING)


def _is_of_steps(named: tuple[str, str], made: tuple[str, str]) -> bool:
    """Return whether this is sqlite-utils' own table or its index, which differ between its versions."""
    return made[0] == _STEPS and (named[0] == "index" or (named == ("table", _STEPS) and _is_plain(made[1])))


def _columns(db: Database, table: str) -> set[str]:
    """Return the stored, not generated, columns of a table; none if it is a virtual table."""
    (sql,) = db.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [table]).fetchone()
    return {row[1] for row in db.execute(f"PRAGMA table_xinfo({table})") if row[6] == 0} if _is_plain(sql) else set()


def _is_plain(sql: str) -> bool:
    """Return whether a table is an ordinary one, not virtual."""
    return sql.upper().split()[:2] == ["CREATE", "TABLE"]
