"""Sanitizing of text from data for any screen, log or message, and formatting of sizes.

A terminal executes control bytes, and reorders the text after a bidirectional override; neither may come from a file
name or a description. Such characters are made visible, and the length is capped.
"""

from __future__ import annotations

import unicodedata

_LIMIT = 200
_DROPPED = {"\ufe0e", "\ufe0f"}  # variation selectors change the drawn width, and carry no text
_MAX_COMBINING = 2


def sanitize(text: object, limit: int = _LIMIT, *, lines: bool = False) -> str:
    """Return ``text`` made safe for a terminal, at most ``limit`` characters long.

    Control, escape, format, bidi and surrogate characters are made visible; with ``lines``, line breaks are kept.
    """
    raw = str(text)
    cut = len(raw) > limit
    if raw.isascii() and raw.isprintable():
        return raw[: limit - 1] + "…" if cut else raw
    shown = "".join(_visible(raw[:limit], lines))
    return shown[: limit - 1] + "…" if cut or len(shown) > limit else shown


def _visible(text: str, lines: bool) -> list[str]:
    out: list[str] = []
    combining = 0
    for char in text:
        category = unicodedata.category(char)
        if category in ("Mn", "Me"):
            combining += 1
            if combining <= _MAX_COMBINING and char not in _DROPPED:
                out.append(char)
            continue
        combining = 0
        if char == "\n" and lines:
            out.append(char)
        elif category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            out.append(_name(char))
        elif category == "Zs":
            out.append(" ")
        else:
            out.append(char)
    return out


def _name(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def format_size(count: int) -> str:
    """Return a size in bytes in readable form: ``6.94 GB``, ``144 MB``, ``812 B``; a dash for 0 or less."""
    if count <= 0:
        return "—"
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{count} B" if unit == "B" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB" if value < 999.5 else f"{value:.0f} TB"


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural if needed."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
