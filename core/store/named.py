"""The files of a library that rows of its database name, with their digests."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlite_utils import Database

from core.image_scanner import parse_name, relative_path
from core.records import Tier
from core.store import check, entries

_PENDING = re.compile(r"pending/(?!\.\.?$)[^/\0]+")
_STAGED = re.compile(r"staging/[0-9a-f]{32}/(?!\.\.?$)[^/\0]+")


def named_files(db: Database) -> Iterator[tuple[str, str]]:
    """Give path (relative to the library) and SHA-256 of each file that a row names; rows that name none are left out.

    Raises sqlite3.Error.
    """
    for sha256, seq, digests in check.model_images(db):
        for tier, digest in zip(Tier, digests, strict=True):
            path = relative_path(str(sha256), seq, tier)
            if is_ours(path):
                yield path, digest
    for _, file, digest in check.pending_images(db):
        if is_ours(f"pending/{file}"):
            yield f"pending/{file}", digest


def staged_files(db: Database) -> list[str]:
    """Return the files in ``staging/`` that an operation left open has still to move."""
    return [move.src for move in entries.open_moves(db)[1] if _STAGED.fullmatch(move.src)]


def is_ours(path: str) -> bool:
    """Return whether a path, relative to the library, is one at which a file that rows or moves name may lie."""
    folder, _, name = path.rpartition("/")
    if folder.startswith("images/"):
        sha256 = folder[-64:]
        found = parse_name(name, sha256)
        return found is not None and path == relative_path(sha256, *found)
    return bool(_PENDING.fullmatch(path) or _STAGED.fullmatch(path))
