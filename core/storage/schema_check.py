"""The schema of a library's database beside the one that the migrations make.

A library may come from a stranger: a trigger would run when we write, a view in place of a table when we read, and a
table without its constraints would take what no other part of the program expects.
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
_Objects = dict[tuple[str, str], tuple[str, str]]  # by type and name: the table it belongs to, and its SQL


class Bars(IntEnum):
    """What a difference keeps the library from being opened for."""

    NOTHING = 0
    WRITING = 1
    READING = 2


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in the schema that is not as the migrations make it."""

    what: str
    bars: Bars


def applied(db: Database) -> set[str]:
    """Return the names of the migrations that the database says it has had."""
    found = objects_of(db).get(("table", _STEPS))
    if found is None or not _is_plain(found[1]):
        return set()
    rows = all_rows(db, f"SELECT name FROM {_STEPS} WHERE migration_set = ?", [migrations.name])
    return {str(name) for (name,) in rows}


def differences(db: Database, steps: Set[str]) -> list[Difference]:
    """Return what differs from the schema as it is after ``steps``, some of ``SCHEMAS``."""
    last = max((number for number, step in enumerate(SCHEMAS) if step in steps), default=-1)
    found = objects_of(db)
    if digest(found) == ([digest({}), *SCHEMAS.values()][last + 1]):
        return []
    with closing(Database(memory=True)) as ours:
        if last >= 0:
            migrations.apply(ours, stop_before=[*SCHEMAS][last + 1 : last + 2])
        return sorted(_compare(db, found, ours), key=lambda difference: -difference.bars)


def digest(objects: _Objects) -> str:
    """Return the SHA-256 of a schema, sqlite-utils' own table apart."""
    rest = sorted(item for item in objects.items() if not _is_of_steps(*item))
    return hashlib.sha256(repr(rest).encode(errors="surrogateescape")).hexdigest()


def objects_of(db: Database) -> _Objects:
    """Return all that is in the schema but SQLite's own."""
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
    """Look for what the migrations do not make."""
    tables = {name for kind, name in expected if kind == "table"}
    for (kind, name), (table, sql) in found.items():
        if (kind, name) in expected or _is_of_steps((kind, name), (table, sql)):
            continue
        if kind == "view" and name in tables:
            continue  # told of as a table that is missing
        # Beside nothing of ours, a table makes this the database of another program.
        harmless = bool(expected) and (kind == "index" or (kind == "table" and _is_plain(sql)))
        what = "virtual table" if kind == "table" and not _is_plain(sql) else kind
        yield Difference(f"the {what} {name} is not ours", Bars.NOTHING if harmless else Bars.WRITING)


def _is_of_steps(named: tuple[str, str], made: tuple[str, str]) -> bool:
    """Tell whether this is sqlite-utils' own table or its index, which differ between its versions."""
    return made[0] == _STEPS and (named[0] == "index" or (named == ("table", _STEPS) and _is_plain(made[1])))


def _columns(db: Database, table: str) -> set[str]:
    """Return the columns of a table that are stored, not computed; none where it is a virtual one."""
    (sql,) = db.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [table]).fetchone()
    return {row[1] for row in db.execute(f"PRAGMA table_xinfo({table})") if row[6] == 0} if _is_plain(sql) else set()


def _is_plain(sql: str) -> bool:
    """Tell whether a table is no virtual one."""
    return sql.upper().split()[:2] == ["CREATE", "TABLE"]
