"""``completion``: the shell completion script, and the completion of ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.errors import CuratorError
from core.text import sanitize
from tui.cli.context import CliContext, command

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_PROGRAM = "model-curator"
_VARIABLE = "_MODEL_CURATOR_COMPLETE"
_MOST = 50  # ids offered


@command("completion")
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, call: CliContext, shell: str) -> int:
    """Print the completion script for bash, zsh or fish."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(context.find_root().command, {}, _PROGRAM, _VARIABLE).source()
    call.answer({"shell": shell, "script": script}, lambda: [script])
    return 0


def pending_ids(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the first matching ids of the queue that are not given yet; nothing without a library."""
    from click.shell_completion import CompletionItem

    before = context.params.get(parameter.name or "") or ()
    given = set(before) if isinstance(before, tuple) else {before}
    try:
        with CliContext.of(context).reading() as library:
            ids = [
                pending_id
                for pending_id in library.queue.search()
                if str(pending_id).startswith(incomplete) and pending_id not in given
            ]
            rows = library.queue.rows(ids[:_MOST])
    except (CuratorError, OSError):
        return []
    return [CompletionItem(str(row.id), help=sanitize(row.name, 60)) for row in rows]
