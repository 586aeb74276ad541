"""How values cross the store's edge: paths that are not UTF-8, and JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any


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


def json_to_db(value: Mapping[str, Any]) -> str:
    """Return meta_json as the store keeps it."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def json_from_db(text: str) -> dict[str, Any]:
    """Return stored meta_json as a mapping; what is no JSON object (damage) raises ValueError."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("meta_json is no JSON object")
    return value
