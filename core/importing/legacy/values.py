"""Check single values of an old database, since SQLite lets any column hold any type."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from typing import Any

from core.domain.imports import Problem

# Text and BLOB both arrive as bytes.
Value = bytes | int | float | None
_INTEGER = re.compile(rb"[+-]?[0-9]{1,19}")
_EXACT = 2**53  # a double represents every integer up to here


def text_of(value: Value) -> tuple[str, bool]:
    """Return a value as text, and whether the text is unescaped.

    Bytes that are not UTF-8 or contain NUL are escaped: ``\\xNN`` for each such byte and ``\\\\`` for a backslash, so
    that they can be recovered from the text.
    """
    if value is None:
        return "", True
    if not isinstance(value, bytes):
        return str(value), True
    try:
        if b"\0" not in value:
            return value.decode(), True
    except UnicodeDecodeError:
        pass  # escaped below
    doubled = value.replace(b"\\", b"\\\\").replace(b"\0", b"\\x00")
    return doubled.decode("utf-8", "backslashreplace"), False


def integer_of(value: Value) -> int | None:
    """Return a value as a 64-bit integer, also from a whole float or digits; ``None`` if it is not one."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _EXACT else None
    if isinstance(value, bytes):
        number = int(value) if _INTEGER.fullmatch(value) else 2**63
        return number if -(2**63) <= number < 2**63 else None
    return value


def to_json(values: Mapping[str, Value]) -> str:
    """Return named values as JSON text, without empty ones."""
    return json.dumps({name: json_of(value) for name, value in values.items() if has_value(value)}, ensure_ascii=False)


def json_of(value: Value) -> Any:
    """Return a value as JSON can represent it: a finite number, or text."""
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return text_of(value)[0]


def has_value(value: Value) -> bool:
    """Return whether a value is not empty."""
    return value is not None and value != b""


class ValueReader:
    """Reads the values of one row, and collects the problems found in them."""

    def __init__(self, row: int | None) -> None:
        self._row = row
        self.problems: list[Problem] = []

    def problem(self, field: str, reason: str) -> None:
        """Record a value that could not be used as it is."""
        self.problems.append(Problem(self._row, field, reason))

    def text(self, field: str, value: Value) -> str:
        """Return a value as text, '' for NULL."""
        text, itself = text_of(value)
        if not itself:
            self.problem(field, "not valid UTF-8: invalid bytes kept as \\xNN, \\\\ for a backslash")
        return text

    def path(self, field: str, value: Value) -> str:
        """Return a path as Python represents it: invalid UTF-8 bytes as surrogates, as ``os.fsdecode`` does."""
        if not isinstance(value, bytes):
            return text_of(value)[0]
        try:
            path = value.decode()
        except UnicodeDecodeError:
            path = os.fsdecode(value)
        if "\0" in path:
            self.problem(field, "a NUL character, which no path can hold: kept as \\x00")
        return path.replace("\0", "\\x00")

    def integer(self, field: str, value: Value, least: int = -(2**63)) -> int | None:
        """Return an integer, or ``None`` if the value is empty, not an integer, or less than ``least``."""
        if not has_value(value):
            return None
        number = integer_of(value)
        if number is None or number < least:
            self.problem(field, f"not usable as a number: {text_of(value)[0]}")
            return None
        return number
