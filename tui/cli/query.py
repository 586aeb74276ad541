"""``pending``, ``show`` and ``images``: read-only commands that work while the app is open."""

from __future__ import annotations

import click

from core.domain.query import QueryError
from core.domain.records import Model, RecordWithImages
from core.domain.sort_order import SortKey, SortOrder
from core.errors import RowDamaged
from core.text import sanitize
from tui.cli.completion import pending_ids
from tui.cli.context import NOT_FOUND, USAGE, CliContext, Failed, command
from tui.cli.formatting import queue_lines, record_lines, source_lines
from tui.cli.json_output import queue_object, record_object


@command("pending")
@click.option(
    "--filter", "words", metavar="WORDS", default="", help="List only imports that match all words and terms."
)
@click.option(
    "--sort",
    "column",
    type=click.Choice([column.value for column in SortKey]),
    default=SortKey.ID.value,
    show_default=True,
    help="Sort by a column.",
)
@click.option("--reverse", is_flag=True, help="Reverse the sort order.")
def pending(call: CliContext, words: str, column: str, reverse: bool) -> int:
    """List the queue.

    WORDS are searched in name, path, type, tags and notes. Quotes match a phrase ("two words"), a leading - excludes.
    The prefixes name: path: type: tag: and note: search one field, base: the base model and its family, image: what
    sample images were made with. Other terms: state:conflict, decision:none, verdict:truncated, size:>2g, size:1g..2g,
    same:12 (import 12 and all imports of the same file) and stack:12 (all of the same training).
    """
    with call.reading() as library:
        try:
            rows = library.queue.rows(library.queue.search(words, SortOrder(SortKey(column), reverse)))
        except QueryError as error:
            raise Failed(f"--filter: {error}", USAGE) from error
    for row in rows:
        if row.damage:
            click.echo(sanitize(RowDamaged("pending_import", row.id, row.damage), 400), err=True)
    nothing_fits = bool(words.strip()) and not rows
    call.answer(
        {"pending": [queue_object(row) for row in rows]},
        lambda: ["No import matches."] if nothing_fits else queue_lines(rows),
    )
    return 0


@command("show")
@click.argument("key", metavar="ID_OR_SHA256", shell_complete=pending_ids)
def show(call: CliContext, key: str) -> int:
    """Show one pending import or model, and its sources."""
    entry = _find(call, key)
    if entry is None:
        raise Failed(f"there is no pending import and no model {sanitize(key, 80)}", NOT_FOUND)
    call.answer(record_object(entry), lambda: record_lines(entry) + source_lines(entry.known))
    return 0


@command("images")
@click.argument("sha256", metavar="SHA256")
def images(call: CliContext, sha256: str) -> int:
    """List a model's image sequence."""
    entry = _find(call, sha256)
    if entry is None or not isinstance(entry.record, Model):
        raise Failed(f"there is no model {sanitize(sha256, 80)}; give the 64 digits of its SHA-256", NOT_FOUND)
    names = list(entry.images)
    call.answer({"sha256": entry.record.sha256, "images": names}, lambda: names or ["The model has no images."])
    return 0


def _find(call: CliContext, key: str) -> RecordWithImages | None:
    with call.reading() as library:
        return library.show(key)
