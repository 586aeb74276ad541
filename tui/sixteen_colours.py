"""The palette on a terminal of 16 colours, where the nearest colour to a dark ground is often the one of the text."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from tui import palette

_SIXTEEN = {
    palette.GROUND: "black",
    palette.PANEL: "black",
    palette.RAISED: "blue",
    palette.CURSOR: "blue",
    palette.CURSOR_AWAY: "bright_black",
    palette.STRIPE: "black",  # sixteen have no dark colour that would not shout
    palette.HOVER: "black",
    palette.BRIGHT: "bright_white",
    palette.TEXT: "white",
    palette.GREY: "white",
    palette.FAINT: "bright_black",
    palette.AMBER: "bright_yellow",
    palette.TEAL: "bright_cyan",
    palette.RED: "bright_red",
    palette.BLUE: "bright_green",  # on the cursor's ground it would not be seen
    palette.VIOLET: "bright_magenta",
}
_MAPPED = {RichColor.parse(colour).get_truecolor(): RichColor.parse(name) for colour, name in _SIXTEEN.items()}


class SixteenColours(LineFilter):
    """Takes the colours of the palette to fixed ones of the terminal; pictures keep the nearest."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Return the segments of one line in the terminal's colours."""
        return [Segment(text, _mapped(style) if style else style, control) for text, style, control in segments]


@lru_cache(maxsize=4096)
def _mapped(style: Style) -> Style:
    colour = style.color and _MAPPED.get(style.color.get_truecolor())
    ground = style.bgcolor and _MAPPED.get(style.bgcolor.get_truecolor())
    return style + Style(color=colour, bgcolor=ground) if colour or ground else style
