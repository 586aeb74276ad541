"""Repeat checks, so that a problem that only another running process seems to cause is not a finding.

Rows are read in one snapshot and files a moment later; an operation that commits in between moves files without the
snapshot showing it. Anything suspicious is checked again in a new snapshot, until no such operation interferes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlite_utils import Database

from core.storage import LibraryDatabase, journal_rows
from core.verify.findings import Finding

# A check of one record or file in the given snapshot. It reads its own rows each time.
Look = Callable[[Database], Iterator[Finding]]

_MOST_LOOKS = 100


def settled(store: LibraryDatabase, looks: Callable[[Database], Iterator[Look]]) -> Iterator[Finding]:
    """Yield the findings that do not depend on what other processes do in the meantime."""
    with store.read() as db:
        suspects = [look for look in looks(db) if any(look(db))]
    for look in suspects:
        yield from _look_again(store, look)


def _look_again(store: LibraryDatabase, look: Look) -> list[Finding]:
    """Return the findings of a look with which no operation interfered; nothing if one always interferes."""
    for _ in range(_MOST_LOOKS):
        with store.read() as db:
            newest = journal_rows.highest_number(db)
            found = list(look(db))
        # Files move only after their entry is committed, so this snapshot shows any file that moved during the look.
        with store.read() as db:
            moved = journal_rows.moved_since(db, newest)
        if not any(_concerns(path, finding) for path in moved for finding in found):
            return found
    return []


def _concerns(path: str, finding: Finding) -> bool:
    return path == finding.path or path.startswith(f"{finding.path}/")
