"""The drawn lines of the list; those of rows are cached, since most of them are drawn again unchanged."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from core.domain.records import QueueRow
from tui.presenters.cell_text import fit
from tui.theme.palette import GREY, Palette
from tui.widgets.queue_list.columns import Columns, RowStyle, line, placeholder

_KEPT = 1024  # a few screens


@lru_cache(maxsize=_KEPT)
def row_line(
    row: QueueRow | None, pending_id: int, cols: Columns, look: RowStyle, ground: Style, palette: Palette
) -> Strip:
    """Return the line of an import, or a placeholder if its row is not loaded yet."""
    segments = line(row, cols, look, ground, palette) if row else placeholder(pending_id, cols, look, ground, palette)
    return Strip(segments).adjust_cell_length(cols.width, ground)


def strip(segments: list[Segment], width: int, ground: Style) -> Strip:
    """Return segments as a line of exactly ``width`` cells."""
    return Strip(segments).adjust_cell_length(width).apply_style(ground)


def empty_line(text: str, y: int, width: int, height: int, palette: Palette) -> list[Segment]:
    """Return line ``y`` of an empty list with a centred text."""
    lines = text.split("\n")
    first = max((height - len(lines)) // 2, 2)
    if not first <= y < first + len(lines):
        return []
    words = lines[y - first]
    indent = max((width - len(words)) // 2, 3)
    return [Segment(fit(" " * indent + words, width), palette.style(GREY))]
