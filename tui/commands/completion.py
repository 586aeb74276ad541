"""``completion``: the script that has a shell complete our command lines."""

from __future__ import annotations

import click

from tui.commands.call import Call, command

_PROGRAM = "model-curator"
_VARIABLE = "_MODEL_CURATOR_COMPLETE"


@command("completion")
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, call: Call, shell: str) -> int:
    """Print what has bash, zsh or fish complete our words."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(context.find_root().command, {}, _PROGRAM, _VARIABLE).source()
    call.answer({"shell": shell, "script": script}, lambda: [script])
    return 0
