"""Opening the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.commands.call import FAILED, USAGE, Call, Failed
from tui.commands.terminal import has_terminal

if TYPE_CHECKING:
    from core.library import Library


def open_app(call: Call) -> int:
    """Open the app on the library."""
    if call.as_json:
        raise Failed("the app prints no JSON: give --json together with --verify, demo or a command", USAGE)
    if not has_terminal():
        commands = "import-legacy, pending, show, promote, images, undo, history, backup"
        raise Failed(
            f"the app needs a terminal; without one there are --verify, demo and the commands {commands}", USAGE
        )
    with call.writing() as library:
        return run_app(library)


def run_app(library: Library) -> int:
    """Run the app until it is left; returns its exit code."""
    from tui.app import CuratorApp

    app = CuratorApp(library)
    app.run()
    return FAILED if app.return_code else 0
