"""A progress bar."""

from __future__ import annotations

from textual.content import Content

from tui.theme.palette import FAINT, TEAL


def bar(done: float, width: int, colour: str = TEAL) -> Content:
    """Return a thin bar; ``done`` is a fraction of 1."""
    filled = round(max(0.0, min(done, 1.0)) * width)
    return Content.assemble(("━" * filled, colour), ("━" * (width - filled), FAINT))
