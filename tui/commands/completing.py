"""What the shell offers for a word that is being typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.display import plain
from core.errors import CuratorError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_MOST = 50


def folders(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell to offer folders."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell to offer files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def pending_ids(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the first ids of the queue that begin like that, but those already given; nothing without a library."""
    from click.shell_completion import CompletionItem

    from tui.commands.call import Call

    before = context.params.get(parameter.name or "") or ()
    given = set(before) if isinstance(before, tuple) else {before}
    try:
        with Call.of(context).reading() as library:
            ids = [id for id in library.queue.ids() if str(id).startswith(incomplete) and id not in given]
            rows = library.queue.rows(ids[:_MOST])
    except (CuratorError, OSError):
        return []
    return [CompletionItem(str(row.id), help=plain(row.name, 60)) for row in rows]
