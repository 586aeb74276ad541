"""How values cross the store's edge: paths that are not UTF-8, and JSON."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

from core.picks import NO_PICKS, Picks, Side

_PIECE = 32_768  # characters of JSON


def path_to_db(path: str) -> str | bytes:
    """Return a path as SQLite can hold it: text, or its bytes where it is not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def path_from_db(value: str | bytes) -> str:
    """Return the path that ``path_to_db`` stored."""
    return os.fsdecode(value) if isinstance(value, bytes) else value


def numbers(db: Database, select: str, values: Sequence[Any] = ()) -> array[int]:
    """Return what a query for a column ``id`` finds, in its order."""
    # One row of all of them: fetching each by itself would hand the interpreter over to other threads each time.
    text: str = db.execute(f"SELECT json_group_array(id) FROM ({select})", values).fetchone()[0]
    found, start = array("q"), 1
    # Piece by piece: numbers of Python's take ten times the room, and while they are made all other threads wait.
    while start < len(text) - 1:
        end = text.find(",", start + _PIECE)
        end = end if end > 0 else len(text) - 1
        found.extend(json.loads(f"[{text[start:end]}]"))
        start = end + 1
    return found


def json_to_db(value: Mapping[str, Any]) -> str:
    """Return meta_json as the store keeps it."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def json_from_db(text: str) -> dict[str, Any]:
    """Return stored meta_json as a mapping; what is no JSON object (damage) raises ValueError."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("meta_json is no JSON object")
    return value


def picks_to_db(picks: Picks) -> str | None:
    """Return what was picked by hand as the store keeps it, NULL for nothing."""
    return json.dumps(asdict(picks), separators=(",", ":")) if picks else None


def picks_from_db(text: str | None) -> Picks:
    """Return the picks that ``picks_to_db`` stored."""
    if text is None:
        return NO_PICKS
    stored = json.loads(text)
    fields = tuple((tuple(path), Side(side)) for path, side in stored["fields"])
    return Picks(fields, tuple(stored["tags"]), tuple(stored["images"]))
