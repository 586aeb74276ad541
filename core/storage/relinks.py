"""What is known of records whose files may have to be looked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlite_utils import Database

from core.storage import aliases
from core.storage.codecs import Row, is_sha256, natural, path_or_empty, path_to_db
from core.storage.fetch import all_rows, one_row


@dataclass(frozen=True, slots=True)
class Record:
    """A pending import or a model: its path, its size in bytes (0 if unknown), and by what its file is known.

    ``hashes`` are those that its file may have: computed, or claimed where none was. ``content`` is its stamp as an
    earlier scan took it, '' without one.
    """

    pending_id: int | None
    sha256: str | None
    path: str
    size: int
    hashes: tuple[str, ...]
    content: str


def records(db: Database) -> Iterator[Record]:
    """Yield all pending imports, then all models; those whose path cannot be read are left out."""
    select = (
        "SELECT p.id, p.path, p.size_bytes, h.sha256, p.claimed_sha256, f.content FROM pending_import p "
        "LEFT JOIN file_hashes h ON h.path = p.path LEFT JOIN scanned_files f ON f.path = p.path ORDER BY p.id"
    )
    for pending_id, path, size, computed, claimed, content in all_rows(db, select):
        hashes = [one for one in (computed, claimed) if is_sha256(one)]
        yield from _record(pending_id, None, path, size, hashes[:1], content)
    select = (
        "SELECT m.sha256, m.path, m.size_bytes, f.content FROM models m "
        "LEFT JOIN scanned_files f ON f.path = m.path ORDER BY m.sha256"
    )
    for sha256, path, size, content in all_rows(db, select):
        if is_sha256(sha256):
            yield from _record(None, sha256, path, size, [sha256, *aliases.of_model(db, sha256)], content)


def _record(
    pending_id: int | None, sha256: str | None, path: object, size: object, hashes: list[str], content: object
) -> Iterator[Record]:
    where = path_or_empty(path)
    nbytes = Row().take("size_bytes", natural, size, 0)
    if where:
        yield Record(pending_id, sha256, where, nbytes, tuple(hashes), content if isinstance(content, str) else "")


def is_unchanged(db: Database, record: Record) -> bool:
    """Return whether a record is still there, with the same path."""
    if record.pending_id is not None:
        select, key = "SELECT path FROM pending_import WHERE id = ?", str(record.pending_id)
    else:
        select, key = "SELECT path FROM models WHERE sha256 = ?", str(record.sha256)
    found = one_row(db, select, [key])
    return found is not None and found[0] == path_to_db(record.path)
