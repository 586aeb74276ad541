"""Encode and decode database values; every stored value is treated as untrusted.

SQLite lets a column hold any type, and a library's file may come from elsewhere. A check returns the decoded value or
raises ValueError with a short reason.
"""

from __future__ import annotations

import json
import os
import re
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeGuard, TypeVar

from sqlite_utils import Database

from core.domain.enums import Side, Strategy
from core.domain.resolution import NO_OVERRIDES, Resolution
from core.strict_json import MAX_DEPTH, parse_json, parse_json_object

HIGHEST = 2**63 - 1  # SQLite's largest integer
DECISIONS = frozenset((None, *Strategy))
STRATEGIES = ", ".join(f"'{strategy}'" for strategy in Strategy)  # as an SQL list
HIGHEST_SEQ = 10**15 - 1  # highest sequence number of an image: see ``core.images.scanner``
_PIECE = 32_768  # characters of JSON parsed at a time
_LONGEST_REASON = 4000  # characters
_SHA256 = re.compile("[0-9a-f]{64}")
_STRATEGIES: Mapping[object, Strategy] = {strategy.value: strategy for strategy in Strategy}
_PICKS = {"fields", "tags", "images"}
T = TypeVar("T")


class Row:
    """Decodes the values of one stored row; ``damage`` is the reason for the first invalid value, or ''."""

    def __init__(self) -> None:
        self.damage = ""

    def take(self, column: str, check: Callable[[Any], T], value: object, stand_in: T) -> T:
        """Return the checked value, or ``stand_in`` if the check fails."""
        try:
            return check(value)
        except ValueError as error:
            self.damage = self.damage or f"{column}: {error}"
            return stand_in


def text(value: object) -> str:
    """Return a text unchanged."""
    if isinstance(value, str) and value.isascii():  # fast path for nearly all values, as queue windows must load fast
        return value
    if not isinstance(value, str):
        raise ValueError("no text")
    if not is_text(value):
        raise ValueError("text that is not UTF-8")
    return value


def is_text(value: object) -> TypeGuard[str]:
    """Return whether a value is valid text."""
    return isinstance(value, str) and (value.isascii() or path_to_db(value) == value)


def integer(value: object, least: int = -HIGHEST - 1, most: int = HIGHEST) -> int:
    """Return an integer between two inclusive bounds."""
    if not isinstance(value, int):
        raise ValueError("not a whole number")
    if not least <= value <= most:
        raise ValueError(f"the number {value}, which cannot be")
    return value


def natural(value: object) -> int:
    """Return a non-negative integer."""
    return integer(value, 0)


def row_id(value: object) -> int:
    """Return the id of a row, at least 1."""
    return integer(value, 1)


def seq(value: object) -> int:
    """Return the sequence number of an image."""
    return integer(value, 0, HIGHEST_SEQ)


def sha256(value: object) -> str:
    """Return a SHA-256: 64 lower-case hex digits."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise ValueError("no SHA-256")
    return value


def is_sha256(value: object) -> TypeGuard[str]:
    """Return whether a value is a SHA-256."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def optional(check: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """Return a check that also accepts NULL, as None."""
    return lambda value: None if value is None else check(value)


def strategy(value: object) -> Strategy | None:
    """Return a stored strategy, or None for NULL."""
    if value is None:
        return None
    found = _STRATEGIES.get(value)
    if found is None:
        raise ValueError("no strategy")
    return found


def reason(value: object) -> str:
    """Return the reason why an image is refused."""
    found = text(value)
    if not found or len(found) > _LONGEST_REASON:
        raise ValueError("no reason")
    return found


def file_name(value: object) -> str:
    """Return the plain name of a file in ``pending/``, without a path."""
    name = text(value)
    if not is_file_name(name):
        raise ValueError("not a file name")
    return name


def is_file_name(name: str) -> bool:
    """Return whether a text is a plain file name."""
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name


def path_to_db(path: str) -> str | bytes:
    """Return a path as SQLite can store it: text, or bytes if it is not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def path_from_db(value: object) -> str:
    """Return the path that ``path_to_db`` stored."""
    if not isinstance(value, bytes):
        return text(value)
    path = os.fsdecode(value)
    if path_to_db(path) != value:
        raise ValueError("bytes where text is stored")
    return path


def path_or_empty(value: object) -> str:
    """Return a stored path, or '' if it cannot be read: no file has that path."""
    if isinstance(value, str) and value.isascii():
        return value
    try:
        return path_from_db(value)
    except ValueError:
        return ""


def numbers(db: Database, select: str, values: Sequence[Any] = ()) -> array[int]:
    """Return the result of a query for an integer column ``id``, in the order of the query."""
    # Fetch all ids as one row: fetching them one by one would release the GIL each time.
    found_text: str = db.execute(f"SELECT json_group_array(id) FROM ({select})", values).fetchone()[0]
    found, start = array("q"), 1
    # Parse in pieces: Python integers take ten times the memory, and parsing blocks all other threads.
    while start < len(found_text) - 1:
        end = found_text.find(",", start + _PIECE)
        end = end if end > 0 else len(found_text) - 1
        found.extend(json.loads(f"[{found_text[start:end]}]"))
        start = end + 1
    return found


def json_to_db(value: Mapping[str, Any]) -> str:
    """Return meta_json as stored JSON text."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def json_from_db(value: object) -> dict[str, Any]:
    """Return stored meta_json as a mapping."""
    return parse_json_object(text(value))


def json_value(value: object) -> Any:
    """Return any stored JSON value."""
    return parse_json(text(value))


def blob(value: object) -> bytes:
    """Return stored bytes."""
    if not isinstance(value, bytes):
        raise ValueError("not bytes")
    return value


def picks_to_db(picks: Resolution) -> str | None:
    """Return manual choices as stored JSON text, or None (NULL) if there are none."""
    if not picks:
        return None
    stored = asdict(picks)
    if not picks.values:
        del stored["values"]  # as earlier versions write it
    return json.dumps(stored, separators=(",", ":"))


def picks_from_db(value: object) -> Resolution:
    """Return the manual choices that ``picks_to_db`` stored."""
    if value is None:
        return NO_OVERRIDES
    stored = parse_json_object(text(value))
    if stored.keys() - {"values"} != _PICKS:
        raise ValueError("no picks")
    fields, values = tuple(map(_pick, _list(stored["fields"]))), tuple(map(_value, _list(stored.get("values", []))))
    return Resolution(fields, _texts(stored["tags"]), _texts(stored["images"]), values)


def paths_from_db(value: object) -> list[str]:
    """Return the paths of the lost files that a journal entry lists."""
    try:
        return list(_texts(json.loads(text(value))))
    except RecursionError:
        raise ValueError("nested too deep") from None


def _pick(stored: object) -> tuple[tuple[str, ...], Side]:
    pair = _list(stored)
    if len(pair) != 2 or not pair[0] or pair[1] not in list(Side):
        raise ValueError("a manual choice that is not a field and a side")
    return _texts(pair[0]), Side(pair[1])


def _value(stored: object) -> tuple[tuple[str, ...], str]:
    pair = _list(stored)
    if len(pair) != 2 or not pair[0]:
        raise ValueError("a manual choice that is not a field and a value")
    parse_json(text(pair[1]), MAX_DEPTH - 1)  # it will be nested deeper
    return _texts(pair[0]), pair[1]


def _texts(stored: object) -> tuple[str, ...]:
    return tuple(map(text, _list(stored)))


def _list(stored: object) -> list[Any]:
    if not isinstance(stored, list):
        raise ValueError("no list")
    return stored


def is_storable(value: Any) -> bool:
    """Return whether SQLite can store a value parsed from JSON: a 64-bit integer, a float, encodable text or null."""
    if isinstance(value, str):
        try:
            os.fsencode(value)
        except UnicodeEncodeError:
            return False
        return True
    return value is None or isinstance(value, float) or (type(value) is int and -(2**63) <= value < 2**63)
