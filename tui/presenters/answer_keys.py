"""The line at the foot of a dialog: its keys and what they do."""

from __future__ import annotations

from textual.content import Content

from tui.theme.palette import AMBER, TEXT


def answer_keys(*parts: tuple[str, str]) -> Content:
    """Return keys with what each does."""
    return Content.assemble(*(span for key, does in parts for span in ((key, f"bold {AMBER}"), (f" {does}   ", TEXT))))
