"""``undo`` and ``history``: taking promotions back, and what happened."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from core.display import plain
from core.records import Kind, Operation
from tui.commands.call import FAILED, INTERRUPTED, Call, Failed, command
from tui.commands.objects import Object
from tui.commands.terminal import interruptible
from tui.commands.text import table

if TYPE_CHECKING:
    from core.history import PastOperation

_MOST = 1_000_000


@command("undo")
@click.argument("count", metavar="[N]", type=click.IntRange(1, _MOST), default=1)
def undo(call: Call, count: int) -> int:
    """Take back the last N promotions that are not undone yet.

    The newest goes first, and one that cannot be taken back stops the older ones. There is no redo.
    """
    undone: list[Operation] = []
    newest, refused, interrupted = None, "", False
    with interruptible() as cancel:
        try:
            with call.changing() as library:
                while len(undone) < count and not refused and not cancel.is_set():
                    newest = library.history.newest()
                    report = library.undo()
                    undone += report.undone
                    refused = report.refused
        except KeyboardInterrupt:
            interrupted = True
            undone += _undone_after_all(call, newest, undone)
        interrupted = interrupted or (cancel.is_set() and len(undone) < count and not refused)
    answer = {"undone": [undone_object(operation) for operation in undone]}
    lines = [f"{operation.pending_id}  undone: {operation.action}" for operation in undone]
    if lines and not call.as_json:
        click.echo("\n".join(lines))
    if interrupted:
        raise Failed(f"interrupted: {len(undone)} of {count} were undone", INTERRUPTED, answer)
    if refused:
        raise Failed(refused, FAILED, answer)
    if call.as_json:
        call.answer(answer, list)
    return 0


def _undone_after_all(call: Call, newest: PastOperation | None, undone: list[Operation]) -> list[Operation]:
    """Return the operation whose undoing was interrupted at any moment, if that has happened: the journal knows."""
    if newest is None or newest.operation.n in {operation.n for operation in undone}:
        return []
    with call.reading() as library:
        found = [past.operation for past in library.history.operations(1, newest.operation.n + 1)]
    return [operation for operation in found if operation.undone_by is not None]


@command("history")
@click.option("--limit", metavar="N", type=click.IntRange(1, _MOST), default=50, show_default=True, help="How many.")
def history(call: Call, limit: int) -> int:
    """List what happened to the library, newest first."""
    with call.reading() as library:
        past = library.history.operations(limit)
    call.answer({"operations": [past_object(one) for one in past]}, lambda: history_lines(past))
    return 0


def undone_object(operation: Operation) -> Object:
    """Return one line of what ``undo`` prints."""
    return {"id": operation.pending_id, "sha256": operation.sha256, "action_taken": operation.action}


def past_object(past: PastOperation) -> Object:
    """Return one operation of the history."""
    operation = past.operation
    return {
        "n": operation.n,
        "kind": operation.kind,
        **undone_object(operation),
        "name": past.name,
        "at": operation.at,
        "open": operation.open,
        "undone_by": operation.undone_by,
        "kept": past.kept or None,
        "lost": list(operation.lost),
    }


def history_lines(past: list[PastOperation]) -> list[str]:
    """Return the history for people."""
    if not past:
        return ["Nothing has happened yet."]
    return table([_line(one) for one in past])


def _line(past: PastOperation) -> tuple[str, str, str, str, str]:
    operation = past.operation
    when = f"{datetime.fromtimestamp(operation.at / 1000).astimezone():%Y-%m-%d %H:%M}"
    what = str(operation.action or operation.kind)
    if operation.kind is Kind.UNDO:
        what = f"undid {what}"
    return str(operation.n), when, what, plain(past.name, 60), _ending(past)


def _ending(past: PastOperation) -> str:
    operation = past.operation
    if operation.undone_by is not None:
        return f"undone by {operation.undone_by}"
    if operation.open:
        return "its files follow when the library is opened next"
    if operation.lost:
        return f"{len(operation.lost)} files were lost"
    return f"cannot be undone: {past.kept}" if past.kept else ""
