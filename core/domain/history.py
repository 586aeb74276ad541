"""Lines of the history, and what undo reports."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.operations import Operation


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought and undo takes back; ``source`` is the old database, ``decisions`` those made since."""

    source: str
    models: int = 0
    pending: int = 0
    images: int = 0
    decisions: int = 0

    def __add__(self, other: Imported) -> Imported:
        return Imported(
            self.source,
            self.models + other.models,
            self.pending + other.pending,
            self.images + other.images,
            self.decisions + other.decisions,
        )


@dataclass(frozen=True, slots=True)
class PastOperation:
    """One line of the history: an operation, the name it was about, and why undo could not take it back, if so.

    Where it stands for a whole import, ``operation`` is the newest of its batches and ``imported`` sums them up.
    """

    operation: Operation
    name: str
    undo_blocked_by: str = ""
    imported: Imported | None = None


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What one call of undo took back, newest first; ``refused`` says why it went no further.

    Of an import that was not taken back to its end, ``imported`` sums up the batches that were.
    """

    undone: tuple[PastOperation, ...] = ()
    refused: str = ""
    cancelled: bool = False
