"""The column widths of the queue list, and the drawing of one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from rich.segment import Segment
from rich.style import Style

from core.domain.enums import State
from core.domain.records import QueueRow
from core.domain.sort_order import DEFAULT_ORDER, SortKey, SortOrder
from core.domain.verdict import BAD_VERDICTS
from core.planning.base_families import contradict
from core.text import format_size
from tui.presenters.cell_text import fit
from tui.theme.palette import (
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
    Palette,
)

_MARGIN = 3
_BAD = "!"  # before the name of a file that is not what it says
_STATE, _DECISION, _TYPE, _BASE, _SIZE = 9, 10, 11, 11, 8
_SHORT = {State.SAME_WEIGHTS: "= weights"}  # states too long for their column
_FOLDED = "   one line a training"
_BRACKETS = {(False, True): "╭", (True, True): "│", (True, False): "╰"}
_TO_THE_RIGHT = (SortKey.ID, SortKey.SIZE)
_BROAD, _WIDE, _MIDDLE = 96, 84, 66
_FULL_NAME = 36  # cells below which a name is shown without its extension


@dataclass(frozen=True, slots=True)
class Columns:
    """Column widths in cells; 0 if there is no room for the column."""

    width: int
    id: int
    name: int
    type: int
    base: int
    size: int
    state: int = _STATE
    decision: int = _DECISION


@dataclass(frozen=True, slots=True)
class RowStyle:
    """The state of a line in the list, apart from its row."""

    cursor: bool = False
    focus: bool = True
    marked: bool = False
    hashing: bool = False
    failed: bool = False
    suggestion: str = ""
    stripe: bool = False
    hover: bool = False
    above: bool = False  # whether the line above has the same file, or is of the same training
    below: bool = False
    same_file: bool = False  # which of the two it is
    files: int = 1  # for which the line stands, if it is that of a folded stack


@lru_cache(maxsize=16)
def columns(width: int, highest_id: int, *, bases: bool = False) -> Columns:
    """Distribute ``width`` cells: the name takes the rest; base model, type and size are left out if there is no room.

    ``bases`` says whether there is any base model to show.
    """
    digits = max(3, len(str(highest_id)))
    kind = _TYPE if width >= _WIDE else 0
    base = _BASE if bases and width >= _BROAD else 0
    bytes_ = _SIZE if width >= _MIDDLE else 0
    optional = (kind and kind + 1) + (base and base + 1) + (bytes_ and bytes_ + 2)
    taken = _MARGIN + digits + 1 + optional + _STATE + 2 + _DECISION
    return Columns(width, digits, max(width - taken - 2, 6), kind, base, bytes_)


def header(cols: Columns, palette: Palette, order: SortOrder = DEFAULT_ORDER, *, folded: bool = False) -> list[Segment]:
    """Return the header line; a sign marks the sort column and the direction."""
    sign = "▼" if order.descending else "▲"
    parts = _parts(cols)
    segments = [Segment(" " * _MARGIN)]
    for column, width, gap in parts:
        word, colour = str(column), GREY
        if column is order.column:
            word, colour = f"{word} {sign}" if width > len(word) + 1 else f"{word}{sign}", TEXT
        elif column is SortKey.NAME and order.column not in [column for column, *_ in parts]:
            named = f"{word}   by {order.column} {sign}"
            word = named if len(named) <= width else f"{order.column} {sign}"
        if column is SortKey.NAME and folded and len(word) + len(_FOLDED) <= width:
            word += _FOLDED
        segments.append(Segment(fit(word, width, right=column in _TO_THE_RIGHT) + " " * gap, palette.style(colour)))
    return segments


def column_at(cols: Columns, x: int) -> SortKey:
    """Return the column at a cell of the header."""
    parts = _parts(cols)
    end = _MARGIN
    for column, width, gap in parts:
        end += width + gap
        if x < end:
            return column
    return parts[-1][0]


def _parts(cols: Columns) -> list[tuple[SortKey, int, int]]:
    """Return the visible columns, each with its width and the gap after it."""
    parts = [(SortKey.ID, cols.id, 1), (SortKey.NAME, cols.name, 1), (SortKey.TYPE, cols.type, 1)]
    parts += [(SortKey.BASE, cols.base, 1)]
    parts += [(SortKey.SIZE, cols.size, 2), (SortKey.STATE, cols.state, 2), (SortKey.DECISION, cols.decision, 0)]
    return [part for part in parts if part[1]]


def line(row: QueueRow, cols: Columns, look: RowStyle, ground: Style, palette: Palette) -> list[Segment]:
    """Return one line of the list, exactly as wide as the columns."""
    style = partial(_style, palette, ground, _under(look))
    dim = style(GREY)
    bad = row.verdict in BAD_VERDICTS
    files = f" \u00d7{look.files}" if look.files > 1 else ""
    room = cols.name - 2 * bad - len(files)
    name = fit(short_name(row.title, room), room)
    segments = [
        *_margin(look, style),
        Segment(fit(row.id, cols.id, right=True) + " ", dim),
        *([Segment(f"{_BAD} ", style(AMBER, bold=True))] if bad else []),
        Segment(name + " ", style(RED if row.damage else BRIGHT if look.cursor else TEXT, bold=look.cursor)),
        *([Segment(f"{files[1:]} ", style(BLUE, bold=True))] if files else []),
    ]
    if cols.type:
        segments.append(Segment(fit(row.type, cols.type) + " ", dim))
    if cols.base:
        told, differs = base_words(row)
        segments.append(Segment(fit(told, cols.base) + " ", style(AMBER) if differs else dim))
    if cols.size:
        segments.append(Segment(fit(format_size(row.size_bytes), cols.size, right=True) + "  ", dim))
    state, colour = ("hashing", TEAL) if look.hashing else (_SHORT.get(row.state, row.state), STATE[row.state])
    segments.append(Segment(fit(state, cols.state) + "  ", style(colour, italic=look.hashing)))
    word, colour, bold, italic = _decision(row, look)
    segments.append(Segment(fit(word, cols.decision + 1), style(colour, bold=bold, italic=italic)))
    return segments


def base_words(row: QueueRow) -> tuple[str, bool]:
    """Return a row's base model, and whether its tensors are of another one than it claims; ``≠`` marks that."""
    differs = contradict(row.base_model, row.shown_base)
    return ("≠" if differs else "") + (row.base_model or row.shown_base), differs


@lru_cache(maxsize=256)
def _style(
    palette: Palette, ground: Style, under: str, colour: str, *, bold: bool = False, italic: bool = False
) -> Style:
    """Return one of the few styles that all lines use."""
    ink = palette.cursor_ink if under == CURSOR else ""
    drawn = ground + palette.style(f"{ink or colour} on {under}" if under else ink or colour)
    return drawn + Style(bold=bold or None, italic=italic or None)


def short_name(name: str, width: int) -> str:
    """Return a name, without the usual extension if there is little room."""
    return name.removesuffix(".safetensors") if width < _FULL_NAME else name


def placeholder(pending_id: int, cols: Columns, look: RowStyle, ground: Style, palette: Palette) -> list[Segment]:
    """Return the line of a row that is not loaded yet."""
    style = partial(_style, palette, ground, _under(look))
    rest = cols.width - _MARGIN - cols.id
    faint = style(FAINT)
    return [
        *_margin(look, style),
        Segment(fit(pending_id, cols.id, right=True), faint),
        Segment(fit(" ···", rest), faint),
    ]


def _under(look: RowStyle) -> str:
    if look.cursor:
        return CURSOR if look.focus else CURSOR_AWAY
    return HOVER if look.hover else STRIPE if look.stripe else ""


def _margin(look: RowStyle, style: Callable[..., Style]) -> list[Segment]:
    bar = Segment("▌" if look.cursor else " ", style(AMBER))
    mark, marked = "✓" if look.marked else " ", style(BLUE, bold=True)
    bracket = _BRACKETS.get((look.above, look.below))
    if bracket is None:
        return [bar, Segment(mark + " ", marked)]
    return [bar, Segment(mark, marked), Segment(bracket, style(VIOLET if look.same_file else BLUE))]


def _decision(row: QueueRow, look: RowStyle) -> tuple[str, str, bool, bool]:
    """Return the text of the last column, its colour, and whether it is bold and italic."""
    if look.failed:
        return f"✕ {row.decision or 'failed'}", RED, True, False
    if row.decision is None:
        return look.suggestion and f"· {look.suggestion}", GREY, False, True
    return f"● {row.decision}{'*' if row.has_overrides else ''}", STRATEGY[row.decision], False, False
