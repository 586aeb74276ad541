"""The themes, each with a palette for the colour depths it supports; the depth is known at start-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textual.app import App
from textual.color import Color
from textual.theme import Theme

from tui.theme.depth import ANSI_16, ColourDepth, xterm
from tui.theme.palette import Palette

_DARK, _LIGHT, _CONTRAST = "curator", "curator-light", "curator-contrast"

_TRUE = {
    _DARK: Palette(
        ground="#0f1216",
        panel="#151a21",
        raised="#232c36",
        cursor="#22323b",
        cursor_away="#1a222a",
        stripe="#13171c",
        hover="#1b2128",
        bright="#f3f6f9",
        foreground="#c9d1d9",
        grey="#919caa",
        faint="#46505c",
        amber="#f0b35a",
        teal="#5fc9b4",
        red="#ef6f6c",
        blue="#7aa7f7",
        violet="#b79cf2",
    ),
    _LIGHT: Palette(
        ground="#fbfaf8",
        panel="#f0eeea",
        raised="#dedbd4",
        cursor="#d8e6ee",
        cursor_away="#e9ecee",
        stripe="#f5f3f0",
        hover="#eceae5",
        bright="#06090c",
        foreground="#262d34",
        grey="#565f69",
        faint="#8b9198",
        amber="#8a4b00",
        teal="#00655a",
        red="#ae1c1c",
        blue="#1d4fb8",
        violet="#6536b5",
    ),
    _CONTRAST: Palette(
        ground="#000000",
        panel="#0a0a0a",
        raised="#2e2e2e",
        cursor="#002f45",
        cursor_away="#262626",
        stripe="#0d0d0d",
        hover="#1f1f1f",
        bright="#ffffff",
        foreground="#f2f2f2",
        grey="#c8c8c8",
        faint="#8f8f8f",
        amber="#ffc933",
        teal="#4dffd8",
        red="#ffaeab",
        blue="#9cc4ff",
        violet="#dcc2ff",
    ),
}

# Neutral grounds: the dark colours of the 256 are either grey or garish.
_XTERM_256 = {
    _DARK: Palette(
        depth=ColourDepth.XTERM_256,
        ground=xterm(233),
        panel=xterm(234),
        raised=xterm(237),
        cursor=xterm(236),
        cursor_away=xterm(235),
        stripe=xterm(234),
        hover=xterm(235),
        bright=xterm(255),
        foreground=xterm(252),
        grey=xterm(249),
        faint=xterm(240),
        amber=xterm(215),
        teal=xterm(79),
        red=xterm(210),
        blue=xterm(111),
        violet=xterm(183),
    ),
    _LIGHT: Palette(
        depth=ColourDepth.XTERM_256,
        ground=xterm(231),
        panel=xterm(255),
        raised=xterm(254),
        cursor=xterm(195),
        cursor_away=xterm(254),
        stripe=xterm(255),
        hover=xterm(254),
        bright=xterm(16),
        foreground=xterm(235),
        grey=xterm(240),
        faint=xterm(246),
        amber=xterm(94),
        teal=xterm(23),
        red=xterm(124),
        blue=xterm(25),
        violet=xterm(55),
    ),
    _CONTRAST: Palette(
        depth=ColourDepth.XTERM_256,
        ground=xterm(16),
        panel=xterm(232),
        raised=xterm(236),
        cursor=xterm(17),
        cursor_away=xterm(235),
        stripe=xterm(233),
        hover=xterm(234),
        bright=xterm(231),
        foreground=xterm(255),
        grey=xterm(251),
        faint=xterm(246),
        amber=xterm(220),
        teal=xterm(86),
        red=xterm(217),
        blue=xterm(153),
        violet=xterm(183),
    ),
}

# "dark blue" differs between terminals more than any other of the sixteen: white is not always legible on it, while
# black on light grey always is.
_ANSI_16 = {
    _DARK: Palette(
        depth=ColourDepth.ANSI_16,
        ground=ANSI_16["black"],
        panel=ANSI_16["black"],
        raised=ANSI_16["dark blue"],
        cursor=ANSI_16["light grey"],
        cursor_ink=ANSI_16["black"],
        cursor_away=ANSI_16["black"],
        stripe=ANSI_16["black"],  # all dark colours of the sixteen are garish
        hover=ANSI_16["black"],
        bright=ANSI_16["white"],
        foreground=ANSI_16["light grey"],
        grey=ANSI_16["light grey"],
        faint=ANSI_16["dark grey"],
        amber=ANSI_16["yellow"],
        teal=ANSI_16["cyan"],
        red=ANSI_16["red"],
        blue=ANSI_16["green"],  # the blue of the sixteen is too dark to read
        violet=ANSI_16["magenta"],
    ),
}

PALETTES: Mapping[ColourDepth, Mapping[str, Palette]] = {
    ColourDepth.TRUE: _TRUE,
    ColourDepth.XTERM_256: _XTERM_256,
    ColourDepth.ANSI_16: _ANSI_16,
}


@dataclass(kw_only=True)
class CuratorTheme(Theme):
    """A theme that knows its palette."""

    palette: Palette


def themes(depth: ColourDepth = ColourDepth.TRUE) -> list[CuratorTheme]:
    """Return the themes for a colour depth; the first is the default."""
    return [_theme(name, palette) for name, palette in PALETTES[depth].items()]


def palette_of(app: App[Any]) -> Palette:
    """Return the palette of an app's current theme, or the dark palette if the theme is not a ``CuratorTheme``."""
    theme = app.current_theme
    return theme.palette if isinstance(theme, CuratorTheme) else _TRUE[_DARK]


def _theme(name: str, palette: Palette) -> CuratorTheme:
    return CuratorTheme(
        name=name,
        palette=palette,
        dark=Color.parse(palette.ground).brightness < 0.5,
        primary=palette.amber,
        secondary=palette.blue,
        warning=palette.amber,
        error=palette.red,
        success=palette.teal,
        accent=palette.violet,
        foreground=palette.foreground,
        background=palette.ground,
        surface=palette.panel,
        panel=palette.panel,
        boost=palette.raised,
        variables=_variables(palette),
    )


def _variables(palette: Palette) -> dict[str, str]:
    colours = palette.colours()
    thumb = palette.faint if palette.depth is ColourDepth.ANSI_16 else palette.raised
    bars = ("background", "background-hover", "background-active", "corner-color")
    variables = {
        **colours,
        "scrollbar": thumb,
        "scrollbar-hover": palette.faint,
        "scrollbar-active": palette.grey,
        **{f"scrollbar-{part}": palette.ground for part in bars},
        "input-selection-background": palette.faint,
    }
    return variables if palette.depth is ColourDepth.TRUE else {**variables, **_unmixed(palette)}


def _unmixed(palette: Palette) -> dict[str, str]:
    """Return palette colours for what Textual would mix, since few colours cannot show mixtures."""
    muted = ("primary", "secondary", "accent", "warning", "error", "success")
    return {
        **{f"{name}-muted": palette.raised for name in muted},
        "text": palette.foreground,
        "text-muted": palette.grey,
        "text-disabled": palette.faint,
        "foreground-muted": palette.grey,
        "foreground-disabled": palette.faint,
        "block-cursor-foreground": palette.cursor_ink or palette.bright,
        "block-cursor-background": palette.cursor,
        "block-cursor-blurred-background": palette.cursor_away,
        "block-hover-background": palette.hover,
        "border-blurred": palette.faint,
        "surface-active": palette.raised,
    }
