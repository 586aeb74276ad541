"""How the columns of the queue share the width there is, and what one line of it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style

from core.display import size
from core.order import BY_ID, Column, Order
from core.records import QueueRow
from tui.palette import (
    AMBER,
    BLUE,
    BRIGHT,
    CURSOR,
    CURSOR_AWAY,
    FAINT,
    GREY,
    HOVER,
    RED,
    STATE,
    STRATEGY,
    STRIPE,
    TEAL,
    TEXT,
    VIOLET,
)
from tui.widgets.cells import fit

_MARGIN = 3
_STATE, _DECISION, _TYPE, _SIZE = 9, 10, 11, 8
_BRACKETS = {(False, True): "╭", (True, True): "│", (True, False): "╰"}
_TO_THE_RIGHT = (Column.ID, Column.SIZE)
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
    stripe: bool = False
    hover: bool = False
    above: bool = False  # whether the line above is of the same file
    below: bool = False


@lru_cache(maxsize=16)
def columns(width: int, highest_id: int) -> Columns:
    """Share ``width`` cells: the name takes what is left, type and size give way where it gets narrow."""
    digits = max(3, len(str(highest_id)))
    kind = _TYPE if width >= _WIDE else 0
    bytes_ = _SIZE if width >= _MIDDLE else 0
    taken = _MARGIN + digits + 1 + (kind and kind + 1) + (bytes_ and bytes_ + 2) + _STATE + 2 + _DECISION
    return Columns(width, digits, max(width - taken - 2, 6), kind, bytes_)


def header(cols: Columns, order: Order = BY_ID) -> list[Segment]:
    """Return the line above the list; a sign tells which column it is sorted by, and which way round."""
    sign = "▼" if order.descending else "▲"
    parts = _parts(cols)
    segments = [Segment(" " * _MARGIN)]
    for column, width, gap in parts:
        word, colour = str(column), GREY
        if column is order.column:
            word, colour = f"{word} {sign}" if width > len(word) + 1 else f"{word}{sign}", TEXT
        elif column is Column.NAME and order.column not in [column for column, *_ in parts]:
            named = f"{word}   by {order.column} {sign}"
            word = named if len(named) <= width else f"{order.column} {sign}"
        segments.append(Segment(fit(word, width, right=column in _TO_THE_RIGHT) + " " * gap, Style(color=colour)))
    return segments


def column_at(cols: Columns, x: int) -> Column:
    """Return the column at a cell of the header."""
    parts = _parts(cols)
    end = _MARGIN
    for column, width, gap in parts:
        end += width + gap
        if x < end:
            return column
    return parts[-1][0]


def _parts(cols: Columns) -> list[tuple[Column, int, int]]:
    """Return the columns that are shown, the width of each, and of the gap behind it."""
    parts = [(Column.ID, cols.id, 1), (Column.NAME, cols.name, 1), (Column.TYPE, cols.type, 1)]
    parts += [(Column.SIZE, cols.size, 2), (Column.STATE, cols.state, 2), (Column.DECISION, cols.decision, 0)]
    return [part for part in parts if part[1]]


def line(row: QueueRow, cols: Columns, look: Look, ground: Style) -> list[Segment]:
    """Return one line of the list, exactly as wide as the columns say."""
    under = _under(look)
    dim = _style(ground, under, GREY)
    segments = [
        *_margin(look, ground, under),
        Segment(fit(row.id, cols.id, right=True) + " ", dim),
        Segment(
            fit(short_name(row.title, cols.name), cols.name) + " ",
            _style(ground, under, RED if row.damage else BRIGHT if look.cursor else TEXT, bold=look.cursor),
        ),
    ]
    if cols.type:
        segments.append(Segment(fit(row.type, cols.type) + " ", dim))
    if cols.size:
        segments.append(Segment(fit(size(row.size_bytes), cols.size, right=True) + "  ", dim))
    state, colour = ("hashing", TEAL) if look.hashing else (row.state, STATE[row.state])
    segments.append(Segment(fit(state, cols.state) + "  ", _style(ground, under, colour, italic=look.hashing)))
    word, colour, bold, italic = _decision(row, look)
    segments.append(Segment(fit(word, cols.decision + 1), _style(ground, under, colour, bold=bold, italic=italic)))
    return segments


@lru_cache(maxsize=256)
def _style(ground: Style, under: str | None, colour: str, *, bold: bool = False, italic: bool = False) -> Style:
    """Return one of the few styles that all lines are drawn in."""
    return ground + Style(color=colour, bgcolor=under, bold=bold or None, italic=italic or None)


def short_name(name: str, width: int) -> str:
    """Return a name without the ending that nearly all of them have, where there is little room."""
    return name.removesuffix(".safetensors") if width < _FULL_NAME else name


def placeholder(id: int, cols: Columns, look: Look, ground: Style) -> list[Segment]:
    """Return the line of a row whose data is still on its way."""
    under = _under(look)
    rest = cols.width - _MARGIN - cols.id
    faint = _style(ground, under, FAINT)
    return [
        *_margin(look, ground, under),
        Segment(fit(id, cols.id, right=True), faint),
        Segment(fit(" ···", rest), faint),
    ]


def _under(look: Look) -> str | None:
    if look.cursor:
        return CURSOR if look.focus else CURSOR_AWAY
    return HOVER if look.hover else STRIPE if look.stripe else None


def _margin(look: Look, ground: Style, under: str | None) -> list[Segment]:
    bar = Segment("▌" if look.cursor else " ", _style(ground, under, AMBER))
    mark, marked = "✓" if look.marked else " ", _style(ground, under, BLUE, bold=True)
    bracket = _BRACKETS.get((look.above, look.below))
    if bracket is None:
        return [bar, Segment(mark + " ", marked)]
    return [bar, Segment(mark, marked), Segment(bracket, _style(ground, under, VIOLET))]


def _decision(row: QueueRow, look: Look) -> tuple[str, str, bool, bool]:
    """Return the words of the last column, their colour, and whether they are bold and italic."""
    if look.failed:
        return f"✕ {row.decision or 'failed'}", RED, True, False
    if row.decision is None:
        return look.suggestion and f"· {look.suggestion}", GREY, False, True
    return f"● {row.decision}{'*' if row.by_hand else ''}", STRATEGY[row.decision], False, False
