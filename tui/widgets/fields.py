"""Field lines as a table that fits its width: field, library, incoming, and what would be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from tui.palette import AMBER, BRIGHT, FAINT, GREY, RED, TEAL, TEXT
from tui.plan_text import SIGN, TONE, Change, FieldLine
from tui.widgets.cells import cut, cut_front, fit

_LOSES_LIBRARY = (Change.OVERWRITTEN, Change.EMPTIED)
_TAKES_INCOMING = (Change.FILLED, Change.OVERWRITTEN, Change.COMBINED, Change.COMES)
_ONE_SIDED = (Change.COMES, Change.GOES, Change.SHOWN)


@dataclass(frozen=True, slots=True)
class Widths:
    """Widths in cells of the columns; two cells between them. 0 where a column is left out."""

    label: int
    existing: int
    pending: int
    result: int


def widths(width: int, lines: Sequence[FieldLine]) -> Widths:
    """Share the width: two columns where only one side has something to say, three where it is narrow, else four."""
    longest = max((len(line.label) for line in lines), default=8)
    label = min(longest, 24 if width >= 100 else 14)
    rest = width - label - 2
    if one_sided(lines):
        return Widths(label, 0, 0, max(rest - 2, 1))
    if width < 100:
        half = (rest - 4) // 2
        return Widths(label, half, max(rest - half - 4, 1), 0)
    third = (rest - 6) // 3
    return Widths(label, third, third, rest - 6 - 2 * third)


def one_sided(lines: Sequence[FieldLine]) -> bool:
    """Whether there is nothing in the library to compare with."""
    return all(line.change in _ONE_SIDED for line in lines)


def styles(change: Change) -> tuple[str, str, str]:
    """Return how library, incoming and result are shown: the winning side bright, the losing side dim."""
    if change in _LOSES_LIBRARY:
        return f"strike {GREY}", TEXT, f"bold {AMBER}"
    if change is Change.GOES:
        return GREY, RED, RED
    if change is Change.COMBINED:
        return TEXT, TEXT, f"bold {BRIGHT}"
    if change is Change.SAME:
        return GREY, GREY, GREY
    if change in _TAKES_INCOMING:
        return GREY, TEXT, f"bold {BRIGHT}"
    return TEXT, GREY, TEXT


def table(lines: Sequence[FieldLine], verb: str, width: int, height: int) -> list[Content]:
    """Return the header and as many lines as fit; the last tells how many did not."""
    if height <= 0:
        return []
    cols = widths(width, lines)
    shown = list(lines[: height - 1])
    left = len(lines) - len(shown)
    out = [_header(cols, verb, lines)]
    if left and len(shown) > 1:
        shown = shown[:-1]
        left += 1
    out += [_line(line, cols) for line in shown]
    if left:
        out.append(Content.styled(cut(f"{left} more", width), FAINT))
    return out


def _header(cols: Widths, verb: str, lines: Sequence[FieldLine]) -> Content:
    if one_sided(lines):
        return Content.styled(fit("field", cols.label) + "    incoming", GREY)
    parts = [(fit("field", cols.label) + "  ", GREY), (fit("library", cols.existing), GREY)]
    if not cols.result:
        return Content.assemble(*parts, ("    " + fit("incoming", cols.pending), GREY))
    parts.append(("  " + fit("incoming", cols.pending), GREY))
    return Content.assemble(*parts, ("    ", ""), (verb, f"bold {TEAL}"), (" makes", GREY))


def _line(line: FieldLine, cols: Widths) -> Content:
    old, new, result = styles(line.change)
    shorten = cut_front if line.label == "path" else cut
    sign = (SIGN[line.change], f"bold {TONE[line.change]}")
    label = (fit(line.label, cols.label) + "  ", GREY)
    if not cols.existing:
        return Content.assemble(label, sign, " ", (shorten(line.pending, cols.result), new))
    existing = (fit(shorten(line.existing, cols.existing), cols.existing), old)
    if not cols.result:
        return Content.assemble(label, existing, " ", sign, "  ", (shorten(line.pending, cols.pending), new))
    pending = ("  " + fit(shorten(line.pending, cols.pending), cols.pending), new)
    return Content.assemble(label, existing, pending, "  ", sign, " ", (shorten(line.result, cols.result), result))
