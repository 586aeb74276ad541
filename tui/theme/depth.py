"""Colour depths of terminals, and colour values that Rich sends as exact palette entries."""

from __future__ import annotations

from enum import Enum
from functools import cache

from rich.color import Color, ColorSystem

_CUBE = 16  # the first of the 256 entries that no terminal lets its user change
_RAMP = 232  # the first of the greys


class ColourDepth(Enum):
    """The colour depth of a terminal; each value is Rich's name for it."""

    TRUE = "truecolor"
    XTERM_256 = "256"
    ANSI_16 = "standard"

    @classmethod
    def of(cls, color_system: str | None) -> ColourDepth:
        """Return the depth for the colour system of a Rich console; the full depth if it is unknown."""
        return next((one for one in cls if one.value == color_system), cls.TRUE)


# The sixteen in Rich's own values: Rich sends these as their numbers, whatever colours a terminal shows for them.
ANSI_16 = {
    "black": "#000000",
    "dark red": "#aa0000",
    "dark green": "#00aa00",
    "brown": "#aa5500",
    "dark blue": "#0000aa",
    "dark magenta": "#aa00aa",
    "dark cyan": "#00aaaa",
    "light grey": "#aaaaaa",
    "dark grey": "#555555",
    "red": "#ff5555",
    "green": "#55ff55",
    "yellow": "#ffff55",
    "blue": "#5555ff",
    "magenta": "#ff55ff",
    "cyan": "#55ffff",
    "white": "#ffffff",
}


@cache
def xterm(number: int) -> str:
    """Return the colour that Rich sends as one entry of the 256.

    Rich maps light greys to the entry below their own, so these are made slightly lighter. Raises ValueError for an
    entry that no colour maps to: the sixteen, and the greys of the cube, which are close to others.
    """
    red, green, blue = Color.from_ansi(number).get_truecolor()
    for lighter in range(8 if number >= _RAMP else 1):
        written = Color.from_rgb(red + lighter, green + lighter, blue + lighter)
        if number >= _CUBE and written.downgrade(ColorSystem.EIGHT_BIT).number == number:
            return written.name
    raise ValueError(f"no colour is sent as entry {number}")


def xterm_entries() -> list[int]:
    """Return the entries of the 256 that some colour maps to."""
    return [number for number in range(_CUBE, 256) if _is_sent(number)]


def _is_sent(number: int) -> bool:
    try:
        xterm(number)
    except ValueError:
        return False
    return True
