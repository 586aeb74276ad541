"""``pending``, ``show`` and ``images``: what a library holds. They only read, and work beside an open app."""

from __future__ import annotations

import click

from core.display import plain
from core.errors import RowDamaged
from core.order import Column, Order
from core.records import Entry, Model
from core.search import QueryError
from tui.commands.call import NOT_FOUND, USAGE, Call, Failed, command
from tui.commands.completing import pending_ids
from tui.commands.objects import queue_object, record_object
from tui.commands.text import queue_lines, record_lines


@command("pending")
@click.option("--filter", "words", metavar="WORDS", default="", help="List only what fits all of the words.")
@click.option(
    "--sort",
    "column",
    type=click.Choice([column.value for column in Column]),
    default=Column.ID.value,
    show_default=True,
    help="Sort by a column.",
)
@click.option("--reverse", is_flag=True, help="Turn the order round.")
def pending(call: Call, words: str, column: str, reverse: bool) -> int:
    """List the queue.

    WORDS are looked for in name, path, type, tags and notes. Quotes hold "two words" together, a - in front means
    not. name: path: type: tag: and note: look there only; state:conflict, decision:none, size:>2g, size:1g..2g,
    same:12 (number 12, and what is the same file).
    """
    with call.reading() as library:
        try:
            rows = library.queue.rows(library.queue.ids(words, Order(Column(column), reverse)))
        except QueryError as error:
            raise Failed(f"--filter: {error}", USAGE) from error
    for row in rows:
        if row.damage:
            click.echo(plain(RowDamaged("pending_import", row.id, row.damage), 400), err=True)
    nothing_fits = bool(words.strip()) and not rows
    call.answer(
        {"pending": [queue_object(row) for row in rows]},
        lambda: ["Nothing in the queue fits."] if nothing_fits else queue_lines(rows),
    )
    return 0


@command("show")
@click.argument("key", metavar="ID_OR_SHA256", shell_complete=pending_ids)
def show(call: Call, key: str) -> int:
    """Show one pending import or one model."""
    entry = _find(call, key)
    if entry is None:
        raise Failed(f"there is no pending import and no model {plain(key, 80)}", NOT_FOUND)
    call.answer(record_object(entry), lambda: record_lines(entry))
    return 0


@command("images")
@click.argument("sha256", metavar="SHA256")
def images(call: Call, sha256: str) -> int:
    """List a model's image sequence."""
    entry = _find(call, sha256)
    if entry is None or not isinstance(entry.record, Model):
        raise Failed(f"there is no model {plain(sha256, 80)}; give the 64 digits of its SHA-256", NOT_FOUND)
    names = list(entry.images)
    call.answer({"sha256": entry.record.sha256, "images": names}, lambda: names or ["The model has no images."])
    return 0


def _find(call: Call, key: str) -> Entry | None:
    with call.reading() as library:
        return library.show(key)
