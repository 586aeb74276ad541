"""The last session of each library's queue: cursor, filter and order, in one small file per library.

The files are in the platform's user state folder, or in ``MODEL_CURATOR_STATE``, never in the library.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.domain.query import QueryError, parse
from core.domain.sort_order import DEFAULT_ORDER, SortKey, SortOrder
from core.files.durable import write_synced
from core.text import sanitize

_LONGEST = 2000  # characters of a filter


@dataclass(frozen=True, slots=True)
class Session:
    """The import under the cursor, the filter, the order of the list, and whether each training takes one line."""

    row: int | None = None
    words: str = ""
    order: SortOrder = DEFAULT_ORDER
    folded: bool = False


def read(library: Path) -> Session:
    """Return the saved session, or the default one if there is none.

    Raises OSError if the file cannot be read, and ValueError if it is not a session file.
    """
    try:
        kept = json.loads(_file(library).read_bytes())
    except FileNotFoundError:
        return Session()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(kept, dict):
        raise ValueError("it is not a JSON object")
    row, words, descending, folded = (kept.get(key) for key in ("row", "filter", "descending", "folded"))
    if type(row) not in (int, type(None)) or not isinstance(words, str) or not isinstance(descending, bool):
        raise ValueError("a value in it has the wrong type")
    order = SortOrder(SortKey(str(kept.get("sort"))), descending)
    return Session(row, words if _is_filter(words) else "", order, folded is True)


def _is_filter(words: str) -> bool:
    try:
        parse(words)
    except QueryError:  # written by a version with another grammar
        return False
    return sanitize(words, _LONGEST) == words


def write(library: Path, session: Session) -> None:
    """Save the session atomically. Raises OSError."""
    kept: dict[str, Any] = {
        "library": os.path.realpath(library),
        "row": session.row,
        "filter": session.words,
        "sort": session.order.column,
        "descending": session.order.descending,
        "folded": session.folded,
    }
    file = _file(library)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        write_synced(partial, json.dumps(kept, indent=1).encode())
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)


def _file(library: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.realpath(library))).hexdigest()[:32]
    return _folder() / "sessions" / f"{name}.json"


def _folder() -> Path:
    if folder := os.environ.get("MODEL_CURATOR_STATE"):
        return Path(folder)
    import platformdirs  # noqa: PLC0415 - start-up

    return Path(platformdirs.user_state_dir("model-curator", appauthor=False))
