"""The entries of the journal."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.enums import Action, OperationKind


@dataclass(frozen=True, slots=True)
class Move:
    """One file to be moved by an operation; paths are relative to the library.

    If something stands at ``dst`` it goes to ``keep`` first; ``had`` tells whether something stood there.
    """

    src: str
    dst: str
    keep: str
    had: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of the journal: what recovery finishes and undo reverts. ``at`` is in ms.

    ``unsafe`` says why nothing of the entry may be done or undone, where it is none that this program wrote; then it
    has no moves.
    """

    n: int
    op: str
    kind: OperationKind
    action: Action | None
    pending_id: int | None
    sha256: str | None
    moves: tuple[Move, ...]
    open: bool
    at: int
    undone_by: int | None = None
    lost: tuple[str, ...] = ()
    unsafe: str = ""
