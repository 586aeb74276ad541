"""``undo`` and ``history``: undo operations, and list them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.domain.operations import Operation
from core.text import sanitize
from tui.cli.context import FAILED, INTERRUPTED, CliContext, Failed, command
from tui.cli.formatting import table
from tui.cli.json_output import Object
from tui.cli.terminal import ProgressLine, interruptible
from tui.presenters.formatting import local_time
from tui.presenters.history_lines import brought_words, operation_words, past_words

if TYPE_CHECKING:
    from core.domain.history import PastOperation, UndoReport

_MOST = 1_000_000


@command("undo")
@click.argument("count", metavar="[N]", type=click.IntRange(1, _MOST), default=1)
def undo(call: CliContext, count: int) -> int:
    """Undo the last N promotions and imports, newest first.

    An import counts as one operation; operations that are already undone do not count. Undoing stops at the first
    operation that cannot be undone. There is no redo.
    """
    line, reached = ProgressLine(), 0
    with interruptible() as cancel:
        try:
            with call.changing() as library:
                reached = library.history.highest()
                report = library.undo(
                    count, cancel=cancel, progress=lambda done: line.show(f"undoing: {done:,} operations")
                )
        except KeyboardInterrupt:
            report = _undone_after_all(call, reached)
        finally:
            line.clear()
    answer = {"undone": [undone_object(past) for past in report.undone]}
    if report.undone and not call.as_json:
        click.echo("\n".join(map(_undone_line, report.undone)))
    if report.cancelled:
        raise Failed(
            f"interrupted: {len(report.undone)} of {count} were undone; undo again to go on", INTERRUPTED, answer
        )
    if report.refused:
        raise Failed(report.refused, FAILED, answer)
    if call.as_json:
        call.answer(answer, list)
    return 0


def _undone_after_all(call: CliContext, reached: int) -> UndoReport:
    """Return from the journal what an undo had undone when it was interrupted."""
    from core.domain.history import UndoReport

    with call.reading() as library:
        return UndoReport(tuple(library.history.undone_since(reached)), cancelled=True)


@command("history")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, _MOST),
    default=50,
    show_default=True,
    help="Number of operations to list.",
)
def history(call: CliContext, limit: int) -> int:
    """List the history of the library, newest first."""
    with call.reading() as library:
        past = library.history.operations(limit)
    call.answer({"operations": [past_object(one) for one in past]}, lambda: history_lines(past))
    return 0


def undone_object(past: PastOperation) -> Object:
    """Return one result of ``undo``; for an import, with its source and counts."""
    found = operation_object(past.operation)
    if past.imported is not None:
        found |= {
            "source": past.imported.source,
            "models": past.imported.models,
            "pending": past.imported.pending,
            "images": past.imported.images,
            "updated": past.imported.updated,
            "decisions": past.imported.decisions,
        }
    return found


def operation_object(operation: Operation) -> Object:
    """Return an operation's import id, SHA-256 and action."""
    return {"id": operation.pending_id, "sha256": operation.sha256, "action_taken": operation.action}


def _undone_line(past: PastOperation) -> str:
    if past.imported is not None:
        return f"undone: {past_words(past)} ({brought_words(past.imported)})"
    return f"{past.operation.pending_id}  undone: {past.operation.action}"


def past_object(past: PastOperation) -> Object:
    """Return one operation of the history."""
    operation = past.operation
    return {
        "n": operation.number,
        "kind": operation.kind,
        **operation_object(operation),
        "name": past.name,
        "at": operation.timestamp_ms,
        "open": operation.open,
        "undone_by": operation.undone_by,
        "kept": past.undo_blocked_by or None,
        "lost": list(operation.lost),
    }


def history_lines(past: list[PastOperation]) -> list[str]:
    """Return the history as human-readable lines."""
    if not past:
        return ["Nothing has happened yet."]
    return table([_line(one) for one in past])


def _line(past: PastOperation) -> tuple[str, str, str, str, str]:
    operation = past.operation
    return (
        str(operation.number),
        local_time(operation.timestamp_ms),
        operation_words(operation),
        sanitize(past.name, 60),
        _ending(past),
    )


def _ending(past: PastOperation) -> str:
    operation = past.operation
    if operation.undone_by is not None:
        return f"undone by {operation.undone_by}"
    if operation.open:
        return "its files will be put in place when the library is next opened"
    if operation.lost:
        return f"{len(operation.lost)} files were lost"
    return f"cannot be undone: {past.undo_blocked_by}" if past.undo_blocked_by else ""
