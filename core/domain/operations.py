"""The entries of the journal."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.enums import Action, OperationKind


@dataclass(frozen=True, slots=True)
class Move:
    """One file to be moved by an operation; paths are relative to the library.

    If something stands at ``target`` it goes to ``backup`` first; ``replaces`` tells whether something stood there.
    """

    source: str
    target: str
    backup: str
    replaces: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of the journal: what recovery finishes and undo reverts. ``timestamp_ms`` is in ms.

    ``unsafe`` is empty, or says why this program cannot have written the entry: it is then neither finished nor
    undone, and has no moves.
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
