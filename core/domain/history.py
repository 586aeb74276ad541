"""Lines of the history, and the report of an undo."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.operations import Operation

RELINK = "relink"
"""The source of an operation that gave records the paths where their files are."""
ADDED_WORDS = "words"
"""The source of an operation that gave tags and trigger words to pending imports."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import or a scan added and undo removes.

    ``source`` is the old database, or the first folder that was scanned. ``updated`` counts records that a scan
    changed, ``scanned`` the model files it read; an import has none. ``decisions`` counts those made since.
    """

    source: str
    models: int = 0
    pending: int = 0
    images: int = 0
    decisions: int = 0
    updated: int = 0
    scanned: int = 0

    def __add__(self, other: Imported) -> Imported:
        return Imported(
            self.source,
            self.models + other.models,
            self.pending + other.pending,
            self.images + other.images,
            self.decisions + other.decisions,
            self.updated + other.updated,
            self.scanned + other.scanned,
        )


@dataclass(frozen=True, slots=True)
class PastOperation:
    """One line of the history: an operation, the name of its subject, and the reason if it cannot be undone.

    For a whole import, ``operation`` is the newest of its batches and ``imported`` is their total.
    """

    operation: Operation
    name: str
    undo_blocked_by: str = ""
    imported: Imported | None = None


@dataclass(frozen=True, slots=True)
class UndoReport:
    """The operations that one call of undo reverted, newest first; ``refused`` says why it stopped.

    For a partly undone import, ``imported`` is the total of the batches that were undone.
    """

    undone: tuple[PastOperation, ...] = ()
    refused: str = ""
    cancelled: bool = False
