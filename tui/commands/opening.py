"""Opening the app."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from tui.commands.call import USAGE, Call, Failed
from tui.commands.terminal import has_terminal, in_browser
from tui.log_file import LOGGER
from tui.settings import PICTURES, Settings

if TYPE_CHECKING:
    from core.library import Library


_Function = Callable[..., Any]


def pictures(function: _Function) -> _Function:
    """Add the option that says how the app draws pictures."""
    return click.option(
        "--images",
        "graphics",
        type=click.Choice(PICTURES),
        help="How the app draws pictures; else what the settings say, usually auto.",
    )(function)


def open_app(call: Call, graphics: str | None) -> int:
    """Open the app on the library; ``graphics`` is one of ``PICTURES``, None for what the settings say."""
    if call.as_json:
        raise Failed("the app prints no JSON: give --json together with --verify, demo or a command", USAGE)
    if not has_terminal():
        commands = "import-legacy, pending, show, promote, images, undo, history, backup, config, serve"
        raise Failed(
            f"the app needs a terminal; without one there are --verify, demo and the commands {commands}", USAGE
        )
    with call.writing() as library:
        return run_app(library, call.settings, graphics, resume=True)


def run_app(library: Library, settings: Settings, graphics: str | None, *, resume: bool = False) -> int:
    """Run the app until it is left, with ``resume`` from where it was left before; returns its exit code."""
    from tui.graphics import Graphics, choose

    # Before the app is imported: what this asks the terminal, nobody can ask once the app runs.
    chosen = choose(Graphics(graphics or settings.images))
    from rich.console import Console

    from tui.app import CuratorApp

    sixteen = not in_browser() and Console(stderr=True).color_system == "standard"
    app = CuratorApp(library, graphics=chosen, sixteen_colours=sixteen, settings=settings, resume=resume)
    app.run()
    if app._exception is not None:
        LOGGER.critical("the app broke", exc_info=app._exception)
    return app.return_code or 0
