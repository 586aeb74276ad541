"""Opening the app."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from tui.commands.call import FAILED, USAGE, Call, Failed
from tui.commands.terminal import has_terminal

if TYPE_CHECKING:
    from core.library import Library


PICTURES = ("auto", "kitty", "sixel", "half", "off")

_Function = Callable[..., Any]


def pictures(function: _Function) -> _Function:
    """Add the option that says how the app draws pictures."""
    return click.option(
        "--images",
        "graphics",
        type=click.Choice(PICTURES),
        default="auto",
        show_default=True,
        help="How the app draws pictures.",
    )(function)


def open_app(call: Call, graphics: str) -> int:
    """Open the app on the library; ``graphics`` is one of ``PICTURES``."""
    if call.as_json:
        raise Failed("the app prints no JSON: give --json together with --verify, demo or a command", USAGE)
    if not has_terminal():
        commands = "import-legacy, pending, show, promote, images, undo, history, backup"
        raise Failed(
            f"the app needs a terminal; without one there are --verify, demo and the commands {commands}", USAGE
        )
    with call.writing() as library:
        return run_app(library, graphics)


def run_app(library: Library, graphics: str) -> int:
    """Run the app until it is left; returns its exit code."""
    from tui.graphics import Graphics, choose

    # Before the app is imported: what this asks the terminal, nobody can ask once the app runs.
    chosen = choose(Graphics(graphics))
    from rich.console import Console

    from tui.app import CuratorApp

    sixteen = Console(stderr=True).color_system == "standard"
    app = CuratorApp(library, graphics=chosen, sixteen_colours=sixteen)
    app.run()
    return FAILED if app.return_code else 0
