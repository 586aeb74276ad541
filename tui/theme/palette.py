"""The colours by name and meaning, for all other modules and the style sheet.

Text is styled with names such as ``$amber``, which Textual looks up in the current theme. Widgets that draw their own
lines use the ``Palette`` of that theme (``palette_of`` in ``themes``).

Colour is never the only indication: a state or a decision always has a word or a sign as well.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

from rich.style import Style

from core.domain.enums import State, Strategy
from tui.theme.depth import ColourDepth

GROUND = "$ground"
PANEL = "$panel"
RAISED = "$raised"
CURSOR = "$cursor"
CURSOR_AWAY = "$cursor-away"
STRIPE = "$stripe"
HOVER = "$hover"
BRIGHT = "$bright"
TEXT = "$foreground"
GREY = "$grey"
FAINT = "$faint"

AMBER = "$amber"  # the cursor, and what needs attention
TEAL = "$teal"  # success
RED = "$red"  # removal and errors
BLUE = "$blue"  # marks and manual choices
VIOLET = "$violet"  # identity

STATE = {
    State.MISSING: RED,
    State.CONFLICT: AMBER,
    State.SAME_WEIGHTS: BLUE,
    State.DUPLICATE: VIOLET,
    State.NEW: TEAL,
    State.UNHASHED: GREY,
}
STRATEGY = {Strategy.MERGE: TEAL, Strategy.OVERRIDE: AMBER, Strategy.DELETE: RED, Strategy.SKIP: GREY}


@dataclass(frozen=True, eq=False, kw_only=True)
class Palette:
    """The colours of one theme at one depth, as hexadecimal numbers; compared by identity."""

    depth: ColourDepth = ColourDepth.TRUE
    ground: str
    panel: str
    raised: str
    cursor: str
    cursor_away: str
    stripe: str
    hover: str
    bright: str
    foreground: str
    grey: str
    faint: str
    amber: str
    teal: str
    red: str
    blue: str
    violet: str
    cursor_ink: str = ""
    """The colour of all text under the cursor, if no other would be legible there."""

    def colours(self) -> dict[str, str]:
        """Return the colours by their names in the style sheet, without the ``$``."""
        named = {one.name.replace("_", "-"): getattr(self, one.name) for one in fields(self) if one.name != "depth"}
        return {name: colour for name, colour in named.items() if colour}

    def style(self, words: str) -> Style:
        """Return a style for Rich, such as ``bold $teal on $raised``."""
        return _style(self, words)


@lru_cache(maxsize=1024)
def _style(palette: Palette, words: str) -> Style:
    colours = palette.colours()
    return Style.parse(" ".join(colours[word[1:]] if word.startswith("$") else word for word in words.split()))
