"""Text measured in terminal cells: a wide character takes two, so ``len`` is not the width."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells, set_cell_size

from core.text import sanitize

_MORE = "…"


def fit(text: object, width: int, *, right: bool = False) -> str:
    """Return ``text`` sanitized and exactly ``width`` cells wide, cut with an ellipsis if it is longer."""
    if width <= 0:
        return ""
    shown = cut(text, width)
    pad = " " * (width - _cells(shown))
    return pad + shown if right else shown + pad


def cut(text: object, width: int) -> str:
    """Return ``text`` sanitized and at most ``width`` cells wide."""
    if width <= 0:
        return ""
    shown = sanitize(text, max(width + 1, 2))  # one more than fits, so that a cut is noticed below
    if _cells(shown) <= width:
        return shown
    return set_cell_size(shown, width - 1).rstrip() + _MORE


def _cells(shown: str) -> int:
    return len(shown) if shown.isascii() else cell_len(shown)  # sanitized text has no control characters


def cut_front(text: object, width: int) -> str:
    """Return ``text`` sanitized and at most ``width`` cells wide, keeping the end, which distinguishes paths."""
    shown = sanitize(text, 4096)
    if cell_len(shown) <= width:
        return shown
    while shown and cell_len(shown) > width - 1:
        shown = shown[max(1, (cell_len(shown) - width) // 2) :]
    return _MORE + shown if width > 0 else ""


def wrap(text: object, width: int, limit: int = 40) -> list[str]:
    """Return ``text`` sanitized, as lines at most ``width`` cells wide; words stay whole if they fit."""
    if width < 2:  # no room for a wide character
        return [cut(text, width)]
    lines: list[str] = []
    for paragraph in sanitize(text, width * limit, lines=True).split("\n"):
        lines.extend(_wrapped(paragraph, width))
        if len(lines) > limit:
            return [*lines[: limit - 1], cut(lines[limit - 1] + " " * width + ".", width)]
    return lines


def _wrapped(paragraph: str, width: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in paragraph.split(" "):
        candidate = f"{line} {word}" if line else word
        if cell_len(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        *whole, line = chop_cells(word, width) if word else [""]
        lines.extend(whole)
    return [*lines, line]
