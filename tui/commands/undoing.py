"""``undo`` and ``history``: taking promotions back, and what happened."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from core.display import plain
from core.records import Kind, Operation
from tui.commands.call import FAILED, Call, Failed, command
from tui.commands.objects import Object
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
    with call.changing() as library:
        report = library.undo(count)
    answer = {"undone": [undone_object(operation) for operation in report.undone]}
    lines = [f"{operation.pending_id}  undone: {operation.action}" for operation in report.undone]
    if lines and not call.as_json:
        click.echo("\n".join(lines))
    if report.refused:
        raise Failed(report.refused, FAILED, answer)
    if call.as_json:
        call.answer(answer, list)
    return 0


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
