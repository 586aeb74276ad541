"""Open the app."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from tui.cli.context import USAGE, CliContext, Failed
from tui.cli.terminal import has_terminal, in_browser
from tui.config.log_file import LOGGER
from tui.config.settings import GRAPHICS, Settings

if TYPE_CHECKING:
    from core.library import Library


_Function = Callable[..., Any]


def graphics_option(function: _Function) -> _Function:
    """Add ``--graphics`` and its hidden former name ``--images``; the function receives one ``graphics``."""

    @click.option("--graphics", type=click.Choice(GRAPHICS), help="How to draw pictures (default: as in the settings).")
    @click.option("--images", "former", type=click.Choice(GRAPHICS), hidden=True)
    @functools.wraps(function)
    def wrapped(*args: Any, graphics: str | None, former: str | None, **options: Any) -> Any:
        return function(*args, graphics=graphics or former, **options)

    return wrapped


def open_app(call: CliContext, graphics: str | None) -> int:
    """Open the app on the library; ``graphics`` is one of ``GRAPHICS``, or None to use the settings."""
    if call.as_json:
        raise Failed("the app prints no JSON: give --json together with --verify, demo or a command", USAGE)
    if not has_terminal():
        context = click.get_current_context().find_root()
        commands = ", ".join(name for name in cast(click.Group, context.command).commands if name != "demo")
        raise Failed(
            f"the app needs a terminal; without one there are --verify, demo and the commands {commands}", USAGE
        )
    from core.backup.restore_steps import is_library

    first = not is_library(Path(call.folder))
    with call.writing() as library:
        return run_app(library, call.settings, graphics, resume=True, first_start=first)


def run_app(
    library: Library, settings: Settings, graphics: str | None, *, resume: bool = False, first_start: bool = False
) -> int:
    """Run the app until it quits and return its exit code.

    ``resume`` restores the last session, ``first_start`` asks for models first.
    """
    from tui.terminal.graphics import Graphics, choose

    # Query the terminal before importing the app: it cannot be queried once the app runs.
    chosen = choose(Graphics(graphics or settings.graphics))
    from rich.console import Console

    from tui.app import CuratorApp
    from tui.textual_compat import crash_of
    from tui.theme.depth import ColourDepth

    depth = ColourDepth.TRUE if in_browser() else ColourDepth.of(Console(stderr=True).color_system)
    app = CuratorApp(library, graphics=chosen, depth=depth, settings=settings, resume=resume, first_start=first_start)
    app.run()
    crash = crash_of(app)
    if crash is not None:
        LOGGER.critical("the app crashed", exc_info=crash)
    return app.return_code or 0
