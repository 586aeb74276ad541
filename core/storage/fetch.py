"""Fetch rows whose text may not be valid UTF-8.

Python's sqlite3 fails the whole query for one such text. This program never writes one, and decoding every text
leniently from the start would take about twice the time in every healthy library.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from sqlite_utils import Database

_BATCH = 500

Row = tuple[Any, ...]


def all_rows(db: Database, select: str, values: Sequence[Any] = ()) -> list[Row]:
    """Return all rows of a query; an invalid UTF-8 byte becomes a lone surrogate."""
    return list(chain.from_iterable(batches(db, select, values)))


def one_row(db: Database, select: str, values: Sequence[Any] = ()) -> Row | None:
    """Return the first row of a query, or None; texts as in ``all_rows``."""
    return next(iter(all_rows(db, select, values)), None)


def batches(db: Database, select: str, values: Sequence[Any] = ()) -> Iterator[list[Row]]:
    """Yield the rows of a query in batches of a few hundred; texts as in ``all_rows``."""
    done = 0
    try:
        for batch in _batches(db, select, values):
            yield batch
            done += len(batch)
    except sqlite3.OperationalError as error:
        if not str(error).startswith("Could not decode") or db.conn.text_factory is not str:
            raise
        db.conn.text_factory = _any_text  # from here on, for this connection
        for batch in _batches(db, select, values):
            if left := batch[max(done, 0) :]:
                yield left
            done -= len(batch)


def _batches(db: Database, select: str, values: Sequence[Any]) -> Iterator[list[Row]]:
    cursor = db.execute(select, values)
    while batch := cursor.fetchmany(_BATCH):
        yield batch


def _any_text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")
