"""What undo takes back, in words: the same on the command line and in the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.display import plain
from core.records import Kind, Operation

if TYPE_CHECKING:
    from core.history import Imported, PastOperation


def operation_words(operation: Operation) -> str:
    """Return in a word or two what an operation did."""
    words = {Kind.IMPORT: "imported", Kind.IMAGE: "image added"}.get(operation.kind)
    if operation.kind is Kind.UNDO:
        return f"undid {operation.action}"
    return words or str(operation.action or "promoted")


def past_words(past: PastOperation) -> str:
    """Return what undo takes back: ``merged``, or ``import of 437 rows from old.db``."""
    if past.imported is None:
        return operation_words(past.operation)
    rows = past.imported.models + past.imported.pending
    count, noun = (rows, "row") if rows else (past.imported.images, "image")
    return f"import of {_counted(count, noun)} from {plain(past.name, 200)}"


def brought_words(imported: Imported) -> str:
    """Return what an import brought, and how many decisions go with it."""
    parts = [(imported.models, "model"), (imported.pending, "pending import"), (imported.images, "image")]
    brought = ", ".join(_counted(count, noun) for count, noun in parts if count)
    return f"{brought}; {_counted(imported.decisions, 'decision')} dropped" if imported.decisions else brought


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
