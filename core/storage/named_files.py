"""Files that rows of a library's database refer to, with their digests."""

from __future__ import annotations

from collections.abc import Iterator

from sqlite_utils import Database

from core.domain.enums import Tier
from core.domain.layout import STAGING, pending_path
from core.images.scanner import relative_path
from core.storage import integrity, journal_rows
from core.storage.journal_paths import may_come_back


def named_files(db: Database) -> Iterator[tuple[str, str]]:
    """Yield path (relative to the library) and SHA-256 of each file that a row refers to; invalid paths are skipped.

    Raises sqlite3.Error.
    """
    for sha256, seq, digests in integrity.model_images(db):
        for tier, digest in zip(Tier, digests, strict=True):
            path = relative_path(str(sha256), seq, tier)
            if may_come_back(path):
                yield path, digest
    for _, file, digest in integrity.pending_images(db):
        if may_come_back(pending_path(file)):
            yield pending_path(file), digest


def staged_files(db: Database) -> list[str]:
    """Return the files in ``staging/`` that an open operation has yet to move."""
    return [move.source for move in journal_rows.open_moves(db)[1] if move.source.startswith(f"{STAGING}/")]
