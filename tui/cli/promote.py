"""``promote``: Stage 2 without the app."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from core.domain import outcomes
from core.domain.enums import Action, OperationKind, Status, Strategy
from core.domain.outcomes import Outcome
from core.domain.records import Model, PendingImport, RecordWithImages
from core.errors import Cancelled, RowDamaged
from core.text import format_size, sanitize
from tui.cli.completion import pending_ids
from tui.cli.context import CONFLICT, FAILED, INTERRUPTED, LOCKED, NOT_FOUND, CliContext, Failed, command, worst
from tui.cli.formatting import table
from tui.cli.json_output import outcome_object
from tui.cli.terminal import ProgressLine, interruptible

if TYPE_CHECKING:
    from core.library import Library

EXIT_CODES = {
    Status.SUCCESS: 0,
    Status.CONFLICT: CONFLICT,
    Status.CHANGED: CONFLICT,
    Status.LOCKED: LOCKED,
    Status.NOT_FOUND: NOT_FOUND,
    Status.ERROR: FAILED,
}
_WORDS = {
    Status.CONFLICT: "conflict: the library has this model already; choose --strategy merge, override, delete or skip",
    Status.CHANGED: "the plan has changed: review it again",
    Status.LOCKED: "locked: it is being promoted already; try again when that is done",
    Status.NOT_FOUND: "not found: no such pending import, or already done",
}
_HIGHEST_ID = 2**63 - 1  # SQLite's largest id
_RECENT = 100  # operations to search; other processes may have added some meanwhile


@command("promote")
@click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True, shell_complete=pending_ids)
@click.option("--strategy", type=click.Choice([one.value for one in Strategy]), help="What to do with each import.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing.")
def promote(call: CliContext, ids: tuple[int, ...], strategy: str | None, dry_run: bool) -> int:
    """Promote pending imports (Stage 2).

    They are taken by their ids, in the order given. Without a strategy, only what the library does not have.
    """
    wanted = None if strategy is None else Strategy(strategy)
    ended: list[Outcome] = []
    since: int | None = None
    with interruptible() as cancel:
        try:
            with call.changing() as library:
                since = max((past.operation.number for past in library.history.operations(1)), default=0)
                for entry, outcome in _outcomes(library, ids, wanted, dry_run, cancel):
                    ended.append(outcome)
                    _tell(call, entry, outcome, plan_lines(library, entry, outcome))
        except (Cancelled, KeyboardInterrupt) as interrupt:
            if isinstance(interrupt, KeyboardInterrupt) and since is not None:
                for number in ids[len(ended) :][:1]:
                    if number not in {outcome.id for outcome in ended} and (last := _happened(call, number, since)):
                        ended.append(last[1])
                        _tell(call, *last)
            done = {"results": [outcome_object(outcome) for outcome in ended]}
            raise Failed(f"interrupted: {len(ended)} of {len(ids)} were done", INTERRUPTED, done) from None
    if call.as_json:  # otherwise each was printed as it ended
        call.answer({"results": [outcome_object(outcome) for outcome in ended]}, list)
    return worst([EXIT_CODES[outcome.status] for outcome in ended])


def _outcomes(
    library: Library, ids: tuple[int, ...], strategy: Strategy | None, dry_run: bool, cancel: threading.Event
) -> Iterator[tuple[RecordWithImages | None, Outcome]]:
    """Promote imports in order; yield each record as it was before, with its outcome."""
    line = ProgressLine()
    work = library.processor.dry_run if dry_run else library.processor.process_single_import
    for number in ids:
        if cancel.is_set():
            raise Cancelled("promoting was cancelled")
        if not 0 < number <= _HIGHEST_ID:
            yield None, outcomes.NotFound(number)
            continue
        entry = _entry(library, number)
        name = sanitize(entry.record.name, 40) if entry else ""

        def hashing(done: int, count: int, name: str = name) -> None:
            line.show(f"hashing {name}: {format_size(done)} of {format_size(count)}")

        try:
            outcome = work(number, strategy, cancel=cancel, progress=hashing)
        finally:
            line.clear()
        yield entry, outcome


def _entry(library: Library, number: int) -> RecordWithImages | None:
    """Return the pending import to report, None if missing or damaged; a damaged one can still be deleted."""
    try:
        return library.show(str(number))
    except RowDamaged:
        return None


def _tell(call: CliContext, entry: RecordWithImages | None, outcome: Outcome, plan: Sequence[str] = ()) -> None:
    """Print one result: success to standard output, failure to standard error."""
    if outcome.status is not Status.SUCCESS:
        click.echo(f"{outcome.id}  {failure_words(outcome)}", err=True)
    elif not call.as_json:
        click.echo("\n".join([*outcome_lines(entry, outcome), *plan]))


def _happened(call: CliContext, number: int, since: int) -> tuple[RecordWithImages | None, Outcome] | None:
    """Return the result that the journal has, after entry ``since``, of an interrupted promotion, or None."""
    with call.reading() as library:
        for operation in (past.operation for past in library.history.operations(_RECENT)):
            if operation.number > since and operation.pending_id == number and operation.kind is OperationKind.PROMOTE:
                entry = None if operation.action is Action.DELETED else library.show(operation.sha256 or "")
                images, in_place = entry.images if entry else (), not operation.open
                sha256, action = operation.sha256, operation.action
                return entry, outcomes.Promoted(number, sha256, action, images, in_place=in_place)
    return None


def failure_words(outcome: Outcome) -> str:
    """Describe why nothing was done."""
    if isinstance(outcome, outcomes.Failed):
        return f"error: {sanitize(outcome.error, 1000)}"
    return _WORDS[outcome.status]


def outcome_lines(entry: RecordWithImages | None, outcome: Outcome) -> list[str]:
    """Describe what was done, or would be done in a dry run."""
    name = sanitize(entry.record.name) if entry else ""
    done = f"would be {outcome.action_taken}" if outcome.plan else str(outcome.action_taken)
    lines = [f"{outcome.id}  {done}  {name}"]
    if outcome.action_taken is Action.IGNORED:
        lines.append("    stays in the queue")
    elif outcome.action_taken is not Action.DELETED and not outcome.plan:
        lines.append(f"    images: {len(outcome.images)}   sha256: {outcome.sha256}")
    lines += [f"    refused: {sanitize(one.image)} ({sanitize(one.reason)})" for one in outcome.refused]
    if outcome.claimed_sha256:
        lines.append(f"    the file does not have the hash that was claimed: {sanitize(outcome.claimed_sha256)}")
    if not outcome.in_place:
        lines.append("    done; its files will be put in place when the library is next opened")
    return lines


def plan_lines(library: Library, entry: RecordWithImages | None, outcome: Outcome) -> list[str]:
    """Return a plan as the app words it: one line per field, with its change and result."""
    from tui.presenters.plan_lines import SIGN, field_lines

    if entry is None or not isinstance(entry.record, PendingImport) or outcome.plan is None:
        return []
    there = library.show(outcome.sha256) if outcome.sha256 else None
    existing = there.record if there and isinstance(there.record, Model) else None
    return table(
        [
            (f"    {SIGN[line.change]}", line.change.value, sanitize(line.label, 40), sanitize(line.result, 120) or "-")
            for line in field_lines(outcome.plan, entry.record, existing)
        ]
    )
