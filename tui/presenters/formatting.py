"""Human-readable values and field names. The texts are data: sanitize them before drawing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.text import format_size

_DEEPEST = 12  # levels of a nested value that are indented; deeper values are JSON on one line


def label_of(path: Sequence[str]) -> str:
    """Return the display name of a field: the keys inside the metadata joined by dots."""
    names = {"size_bytes": "size", "created_at": "created"}
    keys = path[1:] if path[0] == "meta_json" and len(path) > 1 else path
    return names.get(keys[0], keys[0]) if len(path) == 1 else ".".join(keys)


def value_text(path: Sequence[str], value: Any) -> str:
    """Return one value as text, empty for values that the merge rules call empty."""
    if value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip()):
        return ""
    if tuple(path) == ("size_bytes",):
        return format_size(value) if isinstance(value, int) and value > 0 else ""
    if tuple(path) == ("created_at",):
        return _day(value)
    if not isinstance(value, list | Mapping):
        return _scalar(value)
    if isinstance(value, list) and not any(isinstance(item, list | Mapping) for item in value):
        return ", ".join(map(_scalar, value))
    return "\n".join(_outline(value))


def _outline(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the lines of a nested value: one entry per line, inner values indented below."""
    for key, inner in value.items() if isinstance(value, Mapping) else ((None, item) for item in value):
        deeper = isinstance(inner, list | Mapping) and bool(inner) and depth < _DEEPEST
        lines = list(_outline(inner, depth + 1)) if deeper else [_scalar(inner)]
        if key is None:
            yield f"- {lines.pop(0)}"
        elif deeper:
            yield f"{key}:"
        else:
            yield f"{key}: {lines.pop(0)}"
        yield from (f"  {line}" for line in lines)


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _day(milliseconds: Any) -> str:
    if not isinstance(milliseconds, int) or milliseconds == 0:
        return ""
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M}"
    except (OverflowError, OSError, ValueError):  # outside the range of datetime
        return f"{milliseconds} ms"


def local_time(milliseconds: int) -> str:
    """Return a time (ms since 1970) in the local time zone."""
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000).astimezone():%Y-%m-%d %H:%M}"
    except (OverflowError, OSError, ValueError):  # outside the range of datetime
        return f"{milliseconds} ms"
