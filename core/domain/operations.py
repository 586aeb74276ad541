"""The entries of the journal."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.enums import Action, OperationKind


@dataclass(frozen=True, slots=True)
class Move:
    """One file to be moved by an operation; paths are relative to the library.

    An existing file at ``target`` is first kept at ``backup``; ``replaces`` is whether there was one.
    """

    source: str
    target: str
    backup: str
    replaces: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of the journal, which recovery finishes and undo reverts. ``timestamp_ms`` is in ms since 1970.

    ``unsafe`` is empty, or says why this program cannot have written the entry. Such an entry has no moves and is
    neither finished nor undone.
    """

    number: int
    uid: str
    kind: OperationKind
    action: Action | None
    pending_id: int | None
    sha256: str | None
    moves: tuple[Move, ...]
    open: bool
    timestamp_ms: int
    undone_by: int | None = None
    lost: tuple[str, ...] = ()
    unsafe: str = ""
