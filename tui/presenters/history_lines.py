"""Descriptions of operations and of undo, the same on the command line and in the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain.enums import OperationKind
from core.domain.history import ADDED_WORDS, RELINK
from core.domain.operations import Operation
from core.text import count_of, sanitize

if TYPE_CHECKING:
    from core.domain.history import Imported, PastOperation, UndoReport


def operation_words(operation: Operation) -> str:
    """Describe in a word or two what an operation did."""
    words = {OperationKind.IMPORT: "imported", OperationKind.IMAGE: "image added"}.get(operation.kind)
    if operation.kind is OperationKind.UNDO:
        return f"undid {operation.action}"
    return words or str(operation.action or "promoted")


def past_words(past: PastOperation) -> str:
    """Describe what undo takes back: ``merged``, ``import of 437 rows from old.db``, or ``scan of models``."""
    if past.imported is None:
        return operation_words(past.operation)
    if past.imported.source == RELINK:
        return f"relink of {count_of(past.imported.updated, 'file')}"
    if past.imported.source == ADDED_WORDS:
        return f"words for {count_of(past.imported.updated, 'import')}"
    if past.imported.scanned:
        return f"scan of {sanitize(past.name, 200)}"
    rows = past.imported.models + past.imported.pending
    count, noun = (rows, "row") if rows else (past.imported.images, "image")
    return f"import of {count_of(count, noun)} from {sanitize(past.name, 200)}"


def brought_words(imported: Imported) -> str:
    """Describe what an import added, and how many decisions are dropped with it."""
    parts = [(imported.models, "model"), (imported.pending, "pending import"), (imported.images, "image")]
    parts.append((imported.updated, "updated record"))
    brought = ", ".join(count_of(count, noun) for count, noun in parts if count)
    return f"{brought}; {count_of(imported.decisions, 'decision')} dropped" if imported.decisions else brought


def stopped_words(report: UndoReport) -> str:
    """Describe how far a stopped undo got, empty if it was not stopped."""
    if not report.cancelled:
        return ""
    so_far = ", ".join(map(past_words, report.undone))
    return f"Stopped after undoing part of it ({so_far}); undo again to go on." if so_far else "Nothing was undone."
