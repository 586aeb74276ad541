"""Field lines as a table that fits its width: field, library, incoming, and result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from rich.cells import cell_len
from textual.content import Content

from tui.presenters.cell_text import cut, cut_front, fit, wrap
from tui.presenters.plan_lines import SIGN, TONE, Change, FieldLine, Span
from tui.presenters.text_diff import DiffOp, differences
from tui.theme.palette import AMBER, BRIGHT, FAINT, GREY, RED, TEAL, TEXT

_LOSES_LIBRARY = (Change.OVERWRITTEN, Change.EMPTIED)
_TAKES_INCOMING = (Change.FILLED, Change.OVERWRITTEN, Change.COMBINED, Change.COMES)
_TOLD = {DiffOp.BOTH: GREY, DiffOp.EXISTING: TEXT, DiffOp.PENDING: TEAL}
_ONE_SIDED = (Change.COMES, Change.GOES, Change.SHOWN)


@dataclass(frozen=True, slots=True)
class Widths:
    """Column widths in cells, with two cells between columns; 0 if a column is left out."""

    label: int
    existing: int
    pending: int
    result: int


def widths(width: int, lines: Sequence[FieldLine]) -> Widths:
    """Distribute the width: two columns if only one side has values, three if it is narrow, else four."""
    longest = max((len(line.label) for line in lines), default=8)
    label = min(longest, 24 if width >= 100 else 14)
    rest = width - label - 2
    if one_sided(lines):
        return Widths(label, 0, 0, max(rest - 2, 1))
    if width < 100:
        half = max((rest - 4) // 2, 1)
        return Widths(label, half, max(rest - half - 4, 1), 0)
    third = (rest - 6) // 3
    return Widths(label, third, third, rest - 6 - 2 * third)


def one_sided(lines: Sequence[FieldLine]) -> bool:
    """Return whether there is nothing in the library to compare with."""
    return all(line.change in _ONE_SIDED for line in lines)


def styles(change: Change) -> tuple[str, str, str]:
    """Return the styles of library, incoming and result: the winning side bright, the losing side dim."""
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
    """Return the header and as many lines as fit; the last one counts the rest."""
    if height <= 0:
        return []
    cols = widths(width, lines)
    shown = list(lines[: height - 1])
    left = len(lines) - len(shown)
    out = [Content.assemble(*header(cols, verb, lines))]
    if left and len(shown) > 1:
        shown = shown[:-1]
        left += 1
    out += [Content.assemble(*rows(line, cols)[0]) for line in shown]
    if left:
        out.append(Content.styled(cut(f"{left} more", width), FAINT))
    return out


def header(cols: Widths, verb: str, lines: Sequence[FieldLine]) -> list[Span]:
    """Return the header line."""
    if one_sided(lines):
        return [(fit("field", cols.label) + "    incoming", GREY)]
    parts = [(fit("field", cols.label) + "  ", GREY), (fit("library", cols.existing), GREY)]
    if not cols.result:
        return [*parts, ("    " + fit("incoming", cols.pending), GREY)]
    parts.append(("  " + fit("incoming", cols.pending), GREY))
    return [*parts, ("    ", ""), ("after ", GREY), (verb, f"bold {TEAL}")]


def rows(line: FieldLine, cols: Widths, limit: int = 1) -> list[list[Span]]:
    """Return one field on as many lines as its longest text takes, at most ``limit``; a single line is cut."""
    old, new, result = styles(line.change)
    sign = _Column([SIGN[line.change]], 1, f"bold {TONE[line.change]}")
    columns = [_Column([cut(line.label, cols.label)], cols.label, GREY)]
    gaps: tuple[int, ...]
    if not cols.existing:
        columns += [sign, _column(line, _coming(line), cols.result, new, limit)]
        gaps = (2, 1)
    elif not cols.result:
        columns += [_column(line, line.existing, cols.existing, old, limit), sign]
        columns += [_column(line, _coming(line), cols.pending, new, limit)]
        gaps = (2, 1, 2)
    else:
        columns += [_column(line, line.existing, cols.existing, old, limit)]
        columns += [_column(line, line.pending, cols.pending, new, limit), sign]
        columns += [_column(line, line.result, cols.result, result, limit)]
        gaps = (2, 2, 2, 1)
    height = max(len(column.lines) for column in columns)
    return [[span for spans in map(partial(_row, n), columns, (0, *gaps)) for span in spans] for n in range(height)]


def _coming(line: FieldLine) -> str:
    """Return what comes in where there is no column for the result: what was picked, if anything was."""
    return line.result if line.picked else line.pending


def whole_lines(line: FieldLine, cols: Widths, limit: int) -> list[list[Span]]:
    """Return one field with its full texts; if two long ones differ, a diff follows."""
    longest = max(_lines_of(text, width) for text, width in _both(line, cols))
    differ = line.existing and line.pending and line.existing != line.pending and line.label != "path"
    if not differ or longest < 2 or not cols.existing:
        return rows(line, cols, limit)
    width = sum((cols.existing, cols.pending, cols.result)) + (5 if cols.result else 2)
    out = rows(line, cols)
    for only, text in differences(line.existing, line.pending):
        for n, words in enumerate(wrap(text, max(width, 2), limit)):
            sign = only.value if n == 0 else " "
            out.append([(" " * cols.label, ""), (f"{sign} ", f"bold {_TOLD[only]}"), (words, _TOLD[only])])
    return out[:limit]


def _both(line: FieldLine, cols: Widths) -> tuple[tuple[str, int], tuple[str, int]]:
    return (line.existing, cols.existing), (line.pending, cols.pending)


def _lines_of(text: str, width: int) -> int:
    return text.count("\n") + 1 + (len(text) > max(width, 1))


@dataclass(frozen=True, slots=True)
class _Column:
    lines: Sequence[str]
    width: int
    style: str


def _column(line: FieldLine, text: str, width: int, style: str, limit: int) -> _Column:
    if limit > 1:
        return _Column(wrap(text, width, limit), width, style)
    shorten = cut_front if line.label == "path" else cut
    return _Column([shorten(text.replace("\n", " "), width)], width, style)


def _row(n: int, column: _Column, gap: int) -> list[Span]:
    text = column.lines[n] if n < len(column.lines) else ""
    # No style for the padding, so that strikethrough ends with the text.
    return [(" " * gap, ""), (text, column.style), (" " * (column.width - cell_len(text)), "")]
