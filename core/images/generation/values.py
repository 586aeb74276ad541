"""Values of generation data, whatever their form in the file: numbers as text, lists, nonsense."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

MAX_PROMPT = 1 << 16  # characters; a longer text is not taken
_MAX_NAME = 1_000
_MAX_DIGITS = 20  # of a seed: 2^64
_LARGEST = 1_000_000  # steps, pixels of a side, CFG


def json_object(text: str) -> Mapping[str, Any] | None:
    """Return the JSON object in ``text``, or None for anything else. NaN, which ComfyUI writes, becomes None."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def words(value: Any) -> str:
    """Return the text of a prompt, or ''."""
    return _storable(value.strip()) if isinstance(value, str) and len(value) <= MAX_PROMPT else ""


def name(value: Any) -> str:
    """Return a name, or ''."""
    return _storable(value.strip()) if isinstance(value, str) and len(value) <= _MAX_NAME else ""


def count(value: Any) -> int | None:
    """Return a number of steps or pixels, or None."""
    number = decimal(value)
    return int(number) if number is not None and number > 0 and number == int(number) else None


def seed(value: Any) -> int | None:
    """Return a seed, or None."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= _MAX_DIGITS:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64 else None


def decimal(value: Any) -> float | None:
    """Return a number from 0 to 1,000,000, or None; whole numbers become integers."""
    if isinstance(value, str) and len(value) <= _MAX_DIGITS:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST:
        return None
    return int(value) if math.floor(value) == value else value


def size(width: Any, height: Any) -> str:
    """Return ``<width>x<height>`` in pixels, or ''."""
    found = count(width), count(height)
    return f"{found[0]}x{found[1]}" if all(found) else ""


def _storable(text: str) -> str:
    """Return a text that UTF-8 can encode: JSON can hold half a character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
