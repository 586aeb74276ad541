"""Looking again: what seems wrong only because another process is at work is not a finding.

Rows are read in one snapshot and files a moment later; an operation that commits in between moves files that the
snapshot knows nothing of. What a first look suspects is looked at again, under a snapshot of its own, until a look
has met no such operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlite_utils import Database

from core.storage import LibraryDatabase, journal_rows
from core.verify.findings import Finding

# One record or file, looked at under the snapshot that is handed in. It reads its rows itself, each time.
Look = Callable[[Database], Iterator[Finding]]

_MOST_LOOKS = 100


def settled(store: LibraryDatabase, looks: Callable[[Database], Iterator[Look]]) -> Iterator[Finding]:
    """Give what the looks find that is wrong whatever other processes do meanwhile."""
    with store.read() as db:
        suspects = [look for look in looks(db) if any(look(db))]
    for look in suspects:
        yield from _look_again(store, look)


def _look_again(store: LibraryDatabase, look: Look) -> list[Finding]:
    """Return what a look finds while no operation moves what it is about; nothing where every look meets one."""
    for _ in range(_MOST_LOOKS):
        with store.read() as db:
            newest = journal_rows.highest_number(db)
            found = list(look(db))
        # Files move only after the commit of their entry: a file that had moved during the look is in this snapshot.
        with store.read() as db:
            moved = journal_rows.moved_since(db, newest)
        if not any(_concerns(path, finding) for path in moved for finding in found):
            return found
    return []


def _concerns(path: str, finding: Finding) -> bool:
    return path == finding.path or path.startswith(f"{finding.path}/")
