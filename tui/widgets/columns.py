"""How the columns of the queue share the width there is, and what one line of it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style

from core.display import size
from core.records import QueueRow
from tui.palette import AMBER, BLUE, BRIGHT, CURSOR, CURSOR_AWAY, FAINT, GREY, RED, STATE, STRATEGY, TEAL, TEXT
from tui.widgets.cells import fit

_STATE, _DECISION, _TYPE, _SIZE = 9, 10, 11, 8
_WIDE, _MIDDLE = 84, 66
_FULL_NAME = 36  # cells below which a name goes without its ending


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 means that there is no room for the column."""

    width: int
    id: int
    name: int
    type: int
    size: int
    state: int = _STATE
    decision: int = _DECISION


@dataclass(frozen=True, slots=True)
class Look:
    """What the list knows of one line beside its row."""

    cursor: bool = False
    focus: bool = True
    marked: bool = False
    hashing: bool = False
    failed: bool = False
    suggestion: str = ""


@lru_cache(maxsize=16)
def columns(width: int, highest_id: int) -> Columns:
    """Share ``width`` cells: the name takes what is left, type and size give way where it gets narrow."""
    digits = max(3, len(str(highest_id)))
    kind = _TYPE if width >= _WIDE else 0
    bytes_ = _SIZE if width >= _MIDDLE else 0
    taken = 3 + digits + 1 + (kind and kind + 1) + (bytes_ and bytes_ + 2) + _STATE + 2 + _DECISION
    return Columns(width, digits, max(width - taken - 2, 6), kind, bytes_)


def header(cols: Columns) -> list[Segment]:
    """Return the line above the list."""
    words = [" " * 3, fit("id", cols.id, right=True), " ", fit("name", cols.name), " "]
    if cols.type:
        words += [fit("type", cols.type), " "]
    if cols.size:
        words += [fit("size", cols.size, right=True), "  "]
    words += [fit("state", cols.state), "  ", fit("decision", cols.decision)]
    return [Segment(fit("".join(words), cols.width), Style(color=GREY))]


def line(row: QueueRow, cols: Columns, look: Look) -> list[Segment]:
    """Return one line of the list, exactly as wide as the columns say."""
    ground = (CURSOR if look.focus else CURSOR_AWAY) if look.cursor else None
    base = Style(bgcolor=ground)
    dim = base + Style(color=GREY)
    name = base + Style(color=BRIGHT if look.cursor else TEXT, bold=look.cursor)
    segments = [
        *_margin(look, base),
        Segment(fit(row.id, cols.id, right=True) + " ", dim),
        Segment(fit(short_name(row.name, cols.name), cols.name) + " ", name),
    ]
    if cols.type:
        segments.append(Segment(fit(row.type, cols.type) + " ", dim))
    if cols.size:
        segments.append(Segment(fit(size(row.size_bytes), cols.size, right=True) + "  ", dim))
    segments.append(_state(row, cols, look, base))
    segments.extend(_decision(row, cols, look, base))
    return segments


def short_name(name: str, width: int) -> str:
    """Return a name without the ending that nearly all of them have, where there is little room."""
    return name.removesuffix(".safetensors") if width < _FULL_NAME else name


def placeholder(id: int, cols: Columns, look: Look) -> list[Segment]:
    """Return the line of a row whose data is still on its way."""
    base = Style(bgcolor=CURSOR if look.cursor else None)
    rest = cols.width - 3 - cols.id
    faint = base + Style(color=FAINT)
    return [*_margin(look, base), Segment(fit(id, cols.id, right=True), faint), Segment(fit(" ···", rest), faint)]


def _margin(look: Look, base: Style) -> list[Segment]:
    bar = "▌" if look.cursor else " "
    mark = "✓ " if look.marked else "  "
    return [Segment(bar, base + Style(color=AMBER)), Segment(mark, base + Style(color=BLUE, bold=True))]


def _state(row: QueueRow, cols: Columns, look: Look, base: Style) -> Segment:
    if look.hashing:
        return Segment(fit("hashing", cols.state) + "  ", base + Style(color=TEAL, italic=True))
    return Segment(fit(row.state, cols.state) + "  ", base + Style(color=STATE[row.state]))


def _decision(row: QueueRow, cols: Columns, look: Look, base: Style) -> list[Segment]:
    if look.failed:
        word = f"✕ {row.decision}" if row.decision else "✕ failed"
        return [Segment(fit(word, cols.decision + 1), base + Style(color=RED, bold=True))]
    if row.decision is None:
        return [
            Segment(
                fit(look.suggestion and f"· {look.suggestion}", cols.decision + 1),
                base + Style(color=GREY, italic=True),
            )
        ]
    colour = STRATEGY[row.decision]
    return [Segment(fit(f"● {row.decision}", cols.decision + 1), base + Style(color=colour))]
