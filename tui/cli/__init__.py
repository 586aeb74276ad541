"""The command line. Importing it is cheap: each command imports the rest when it runs."""

from __future__ import annotations

from tui.cli.root import main

__all__ = ["main"]
