"""Grammar of the names and paths that the rows of a library may contain; the database may be untrusted.

A journal entry may contain only paths that an operation of its kind writes: images of a model, pending images of an
import, the operation's own staging folder, and its own trash folder.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.domain.enums import OperationKind
from core.domain.layout import IMAGES, PENDING, STAGING, TRASH, trash_path
from core.domain.operations import Move
from core.images.scanner import SEQ, SHA256, TIER

_OP = re.compile("[0-9a-f]{32}")
_SCRATCH = re.compile(f"{_OP.pattern}|copy-[a-z0-9_]{{8}}")
_HASH = re.compile(SHA256)
_PENDING_FILE = re.compile("([1-9][0-9]{0,18})_(?:0|[1-9][0-9]{0,18})\\.[a-z0-9]{1,5}")
_TIERS = f"_(?:{SEQ})_(?:{TIER})\\.webp"
_PATHS = {
    IMAGES: re.compile(f"{IMAGES}/([0-9a-f]{{2}})/(?P<sha256>\\1[0-9a-f]{{62}})/(?P=sha256){_TIERS}"),
    PENDING: re.compile(f"{PENDING}/{_PENDING_FILE.pattern}"),
    STAGING: re.compile(f"{STAGING}/(?P<op>[0-9a-f]{{32}})/(?:[0-9]+(?:_(?:{TIER}))?|{TIER})"),
    TRASH: re.compile(f"{TRASH}/(?P<op>[0-9a-f]{{32}})/(?:{_PENDING_FILE.pattern}|{SHA256}{_TIERS})"),
}
TRASHED = f"(?:{_PENDING_FILE.pattern}|{SHA256}{_TIERS})"
# In a folder of staging/: an operation's files, a backup being made, files removed from the trash, a copied database.
_SCRATCH_FILE = re.compile(
    f"[0-9]+(?:_(?:{TIER}))?|{TIER}|backup(?:/.*)?|{_OP.pattern}(?:/{TRASHED})?"
    r"|copy\.sqlite3(?:-(?:wal|shm|journal))?",
    re.DOTALL,
)
_INTRASH = re.compile(f"{TRASHED}|\\..*\\.partial", re.DOTALL)
# The source and target folders between which an operation of each kind moves files.
_MAY_MOVE: Mapping[OperationKind, Collection[tuple[str, str]]] = {
    OperationKind.PROMOTE: {(STAGING, IMAGES), (PENDING, TRASH)},
    OperationKind.IMPORT: {(STAGING, IMAGES), (STAGING, PENDING), (PENDING, TRASH)},
    OperationKind.IMAGE: {(STAGING, IMAGES)},
    OperationKind.UNDO: {(TRASH, IMAGES), (TRASH, PENDING), (IMAGES, TRASH), (PENDING, TRASH)},
}


def is_operation(name: object) -> bool:
    """Return whether ``name`` is an operation's name, which its folders in ``staging/`` and ``trash/`` have too."""
    return isinstance(name, str) and _OP.fullmatch(name) is not None


def is_scratch(name: str) -> bool:
    """Return whether ``name`` is a folder name in ``staging/``: of an operation or a copied old database."""
    return _SCRATCH.fullmatch(name) is not None


def may_come_back(path: str) -> bool:
    """Return whether ``path`` is valid for a file that rows or moves refer to; a restore writes only such files."""
    place = _place(path)
    return place is not None and place.folder != TRASH


def is_scratch_file(path: str) -> bool:
    """Return whether ``path`` is a file or folder that this program creates inside a folder of ``staging/``."""
    return _SCRATCH_FILE.fullmatch(path) is not None


def is_trashed(name: str) -> bool:
    """Return whether ``name`` is a valid file name in an operation's folder in ``trash/``."""
    return _INTRASH.fullmatch(name) is not None


def owner_of(name: object) -> int | None:
    """Return the id in the name of a pending image, ``<id>_<n>.<ext>``, or ``None`` for anything else."""
    match = _PENDING_FILE.fullmatch(name) if isinstance(name, str) else None
    return None if match is None else int(match[1])


@dataclass(frozen=True, slots=True)
class _Place:
    folder: str
    name: str
    op: str | None = None
    sha256: str | None = None
    id: int | None = None


def check_entry(
    kind: OperationKind, op: str, pending_id: int | None, sha256: str | None, moves: Sequence[Move]
) -> None:
    """Raise ValueError with the reason if an operation of this kind cannot have written the entry."""
    if not is_operation(op):
        raise ValueError(f"{op!r} is not an operation's name")
    if sha256 is not None and not _HASH.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is not a SHA-256")
    for move in moves:
        src, dst = _place(move.source), _place(move.target)
        if src is None or dst is None:
            raise ValueError(f"{(move.source if src is None else move.target)!r} is not a path in a library")
        if (src.folder, dst.folder) not in _MAY_MOVE[kind] or not _fits(src, dst, op, pending_id, sha256):
            raise ValueError(f"such an operation never moves {move.source!r} to {move.target!r}")
        if move.backup != f"{trash_path(op)}/{dst.name}":
            raise ValueError(f"{move.backup!r} is not a place in its trash")


def _place(path: str) -> _Place | None:
    folder = path.split("/", 1)[0]
    match = _PATHS[folder].fullmatch(path) if folder in _PATHS else None
    if match is None:
        return None
    name = path.rpartition("/")[2]
    return _Place(folder, name, **match.groupdict(), id=owner_of(name) if folder == PENDING else None)


def _fits(src: _Place, dst: _Place, op: str, pending_id: int | None, sha256: str | None) -> bool:
    """Return whether both places belong to the operation: its staging folder, trash, model or pending import."""
    return (
        (src.folder != STAGING or src.op == op)
        and (dst.folder != TRASH or dst.op == op)
        and (TRASH not in (src.folder, dst.folder) or src.name == dst.name)
        and (src.folder != TRASH or src.op != op)
        and all(place.sha256 in (None, sha256) for place in (src, dst) if sha256 is not None)
        and all(place.id in (None, pending_id) for place in (src, dst) if pending_id is not None)
    )
