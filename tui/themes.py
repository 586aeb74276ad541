"""Other themes: the palette's colours taken to others, in what Textual styles and in what we draw by ourselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from tui import palette

_LIGHT = {
    palette.GROUND: "#fbfaf8",
    palette.PANEL: "#f0eeea",
    palette.RAISED: "#dedbd4",
    palette.CURSOR: "#d8e6ee",
    palette.CURSOR_AWAY: "#e9ecee",
    palette.STRIPE: "#f5f3f0",
    palette.HOVER: "#eceae5",
    palette.BRIGHT: "#06090c",
    palette.TEXT: "#262d34",
    palette.GREY: "#565f69",
    palette.FAINT: "#8b9198",
    palette.AMBER: "#8a4b00",
    palette.TEAL: "#00655a",
    palette.RED: "#ae1c1c",
    palette.BLUE: "#1d4fb8",
    palette.VIOLET: "#6536b5",
}
_CONTRAST = {
    palette.GROUND: "#000000",
    palette.PANEL: "#0a0a0a",
    palette.RAISED: "#3d3d3d",
    palette.CURSOR: "#002f45",
    palette.CURSOR_AWAY: "#262626",
    palette.STRIPE: "#0d0d0d",
    palette.HOVER: "#1f1f1f",
    palette.BRIGHT: "#ffffff",
    palette.TEXT: "#f2f2f2",
    palette.GREY: "#c8c8c8",
    palette.FAINT: "#8f8f8f",
    palette.AMBER: "#ffc933",
    palette.TEAL: "#4dffd8",
    palette.RED: "#ffaeab",
    palette.BLUE: "#9cc4ff",
    palette.VIOLET: "#dcc2ff",
}
COLOURS: Mapping[str, Mapping[str, str]] = {
    palette.THEME.name: {},
    "curator-light": _LIGHT,
    "curator-contrast": _CONTRAST,
}


def themes() -> list[Theme]:
    """Return the themes there are; the palette's own is the first."""
    return [_theme(name, colours) for name, colours in COLOURS.items()]


def _theme(name: str, colours: Mapping[str, str]) -> Theme:
    own = {one.name: getattr(palette.THEME, one.name) for one in fields(Theme)}
    changed: dict[str, Any] = {
        key: colours[value] for key, value in own.items() if isinstance(value, str) and value in colours
    }
    variables = {key: colours.get(value, value) for key, value in palette.THEME.variables.items()}
    dark = Color.parse(colours.get(palette.GROUND, palette.GROUND)).brightness < 0.5
    return replace(palette.THEME, **changed, name=name, dark=dark, variables=variables)


class Recolour(LineFilter):
    """Takes the colours of the palette, wherever one is drawn, to those of a theme; it goes before other filters."""

    def __init__(self, theme: str) -> None:
        super().__init__(enabled=bool(COLOURS[theme]))
        parsed = {RichColor.parse(old).triplet: RichColor.parse(new) for old, new in COLOURS[theme].items()}

        @lru_cache(maxsize=65536)
        def recoloured(style: Style) -> Style:
            colour = style.color and parsed.get(style.color.triplet)
            ground = style.bgcolor and parsed.get(style.bgcolor.triplet)
            return style + Style(color=colour, bgcolor=ground) if colour or ground else style

        self._recoloured = recoloured

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Return the segments of one line in the theme's colours."""
        recoloured = self._recoloured
        return [Segment(text, recoloured(style) if style else style, control) for text, style, control in segments]
