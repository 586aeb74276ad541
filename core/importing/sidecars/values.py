"""Single values of other tools' files, brought into one form; whatever means nothing there becomes ``None``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from core.importing.sidecars.html_text import to_text

# Each of these has been seen where a tool knew nothing.
_NOTHING = frozenset(("", "unknown", "other", "none", "null", "n/a", "{}", "[]", "model not found"))
_LORA_TOKEN = re.compile(r"<lora:[^<>]*>", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_OPENING, _CLOSING = "([{<", ")]}>"
_MAX_WORDS = 10_000
_FRACTION = re.compile(r"(\.\d{6})\d+")
_HEX = re.compile(r"(?:0x)?([0-9a-f]{8,64})", re.IGNORECASE)
HASH_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def text(value: Any) -> str | None:
    """Return a text or a number as text, without white space around it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = str(value).strip()
    return None if found.casefold() in _NOTHING else found


def prose(value: Any) -> str | None:
    """Return HTML or plain text as text of several lines."""
    found = text(value)
    return None if found is None else text(to_text(found).text)


def links(value: Any) -> tuple[str, ...]:
    """Return where the links of an HTML text lead."""
    found = text(value)
    return () if found is None else to_text(found).links


def words(value: Any) -> list[str]:
    """Return the words of a list or of a joined text, each once, in their order.

    They are split at commas, semicolons, ``||`` and new lines outside brackets; an entry of a list may be joined too.
    """
    seen: dict[str, str] = {}
    for part in value if isinstance(value, list) else [value]:
        joined = text(part)
        for word in _split(_LORA_TOKEN.sub(" ", joined)) if joined else ():
            folded = _SPACE.sub(" ", word).strip()
            if folded and folded.casefold() not in _NOTHING and len(seen) < _MAX_WORDS:
                seen.setdefault(folded.casefold(), folded)
    return list(seen.values())


def _split(joined: str) -> Iterator[str]:
    depth, start = 0, 0
    joined = joined.replace("||", "\n")
    for at, char in enumerate(joined):
        depth += (char in _OPENING) - (char in _CLOSING)
        if depth <= 0 and char in ",;\n":
            yield joined[start:at]
            start = at + 1
    yield joined[start:]


def number(value: Any) -> int | float | None:
    """Return a finite number, also one that is written as text; 0 says nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(found) or found == 0:
        return None
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


def integer(value: Any) -> int | None:
    """Return a whole number above 0."""
    found = number(value)
    return found if isinstance(found, int) and found > 0 else None


def flag(value: Any) -> bool | None:
    """Return True or False, also where a tool wrote it as text."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().casefold())
    return value if isinstance(value, bool) else None


def moment(value: Any) -> str | None:
    """Return a date or a time (ISO 8601, or seconds or milliseconds since 1970) as ISO 8601 in UTC."""
    try:
        if isinstance(value, str) and not value.strip().replace(".", "", 1).isdigit():
            found = datetime.fromisoformat(_FRACTION.sub(r"\1", value.strip()))
        else:
            since = number(value) or 0
            if since <= 0:
                return None
            found = datetime.fromtimestamp(since / 1000 if since > 1e11 else since, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return found.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def digest(value: Any, length: int) -> str | None:
    """Return a hash of ``length`` hexadecimal digits in lower case; that of nothing, and zeros, say nothing."""
    match = _HEX.fullmatch(value.strip()) if isinstance(value, str) else None
    found = match[1].lower() if match else ""
    if len(found) != length or found == HASH_OF_NOTHING[:length] or not found.strip("0"):
        return None
    return found


def mappings(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def mapping(value: Any) -> dict[str, Any]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}
