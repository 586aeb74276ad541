"""What determines the states of pending imports: for the whole queue at once, and the others that a file is like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlite_utils import Database

from core.storage import aliases
from core.storage.codecs import path_or_empty
from core.storage.fetch import all_rows, batches
from core.storage.queue_rows import StoredRow

_KNOWN = f"""
SELECT p.id, p.path, h.stamp, m.sha256 IS NOT NULL OR a.model IS NOT NULL, CASE WHEN h.sha256 IN (
    SELECT sha256 FROM file_hashes GROUP BY sha256 HAVING count(*) > 1
    UNION
    SELECT sha256 FROM file_hashes WHERE path IN (SELECT path FROM pending_import GROUP BY path HAVING count(*) > 1)
) OR b.sha256 IS NOT NULL THEN h.sha256 END, b.sha256, {aliases.MODEL_WITH_WEIGHTS}
FROM pending_import p LEFT JOIN file_hashes h ON h.path = p.path LEFT JOIN models m ON m.sha256 = h.sha256
LEFT JOIN aliases a ON a.sha256 = h.sha256
LEFT JOIN body_hashes b ON b.file = h.sha256
    AND b.sha256 IN (SELECT sha256 FROM body_hashes GROUP BY sha256 HAVING count(*) > 1)
ORDER BY p.id
"""


class StateFacts(NamedTuple):
    """The facts about one pending import; ``stamp`` is the one that its file had when it was hashed.

    ``in_library`` says whether the library has that hash. ``sha256`` is the hash if another pending import may have
    it too, or the same weights; ``body`` is the hash of the weights if another file has them,
    ``model_with_weights`` the library's model that has them under another header.
    """

    id: int
    path: str
    stamp: str | None
    in_library: bool
    sha256: str | None
    body: str | None
    model_with_weights: str | None


def iter_state_facts(db: Database) -> Iterator[list[StateFacts]]:
    """Yield the whole queue by id in batches, with only the facts that determine the state of each pending import."""
    for batch in batches(db, _KNOWN):
        yield [
            StateFacts(pending_id, path_or_empty(path), stamp, bool(in_library), *hashes)
            for pending_id, path, stamp, in_library, *hashes in batch
        ]


def same_hash(db: Database, row: StoredRow) -> Iterator[tuple[int, str, str]]:
    """Iterate over id, path and stamp of each other pending import whose file had the same hash."""
    found = all_rows(
        db,
        "SELECT p.id, h.path, h.stamp FROM file_hashes h JOIN pending_import p ON p.path = h.path "
        "WHERE h.sha256 = ? AND p.id <> ?",
        [row.sha256, row.id],
    )
    return ((pending_id, path_or_empty(path), stamp) for pending_id, path, stamp in found)


def same_weights(db: Database, row: StoredRow) -> Iterator[tuple[int, str, str]]:
    """Iterate over id, path and stamp of each other pending import whose file had the same body and another hash."""
    found = all_rows(
        db,
        "SELECT p.id, h.path, h.stamp FROM body_hashes b JOIN file_hashes h ON h.sha256 = b.file "
        "JOIN pending_import p ON p.path = h.path WHERE b.sha256 = ? AND b.file <> ? ORDER BY p.id",
        [row.body, row.sha256],
    )
    return ((pending_id, path_or_empty(path), stamp) for pending_id, path, stamp in found)
