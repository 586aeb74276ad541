"""The colours and what they mean; every other module and the style sheet take them from here.

Colour never stands alone: a state and a decision are always a word or a sign as well.
"""

from __future__ import annotations

from textual.theme import Theme

from core.records import State, Strategy

GROUND = "#0f1216"
PANEL = "#151a21"
RAISED = "#232c36"
CURSOR = "#22323b"
CURSOR_AWAY = "#1a222a"
STRIPE = "#13171c"
HOVER = "#1b2128"
BRIGHT = "#f3f6f9"
TEXT = "#c9d1d9"
GREY = "#7d8896"
FAINT = "#46505c"

AMBER = "#f0b35a"  # where you are, and what needs you
TEAL = "#5fc9b4"  # what goes well
RED = "#ef6f6c"  # what goes away
BLUE = "#7aa7f7"  # what you marked
VIOLET = "#b79cf2"  # identity

STATE = {
    State.MISSING: RED,
    State.CONFLICT: AMBER,
    State.DUPLICATE: VIOLET,
    State.NEW: TEAL,
    State.UNHASHED: GREY,
}
STRATEGY = {Strategy.MERGE: TEAL, Strategy.OVERRIDE: AMBER, Strategy.DELETE: RED, Strategy.SKIP: GREY}

VARIABLES = {
    "ground": GROUND,
    "raised": RAISED,
    "bright": BRIGHT,
    "grey": GREY,
    "faint": FAINT,
    "amber": AMBER,
    "teal": TEAL,
    "red": RED,
    "blue": BLUE,
    "violet": VIOLET,
}

THEME = Theme(
    name="curator",
    primary=AMBER,
    secondary=BLUE,
    warning=AMBER,
    error=RED,
    success=TEAL,
    accent=VIOLET,
    foreground=TEXT,
    background=GROUND,
    surface=PANEL,
    panel=PANEL,
    boost=RAISED,
    variables={
        **VARIABLES,
        "scrollbar": RAISED,
        "scrollbar-hover": FAINT,
        "scrollbar-active": GREY,
        "scrollbar-background": GROUND,
        "scrollbar-background-hover": GROUND,
        "scrollbar-background-active": GROUND,
        "scrollbar-corner-color": GROUND,
        "input-selection-background": FAINT,
    },
)
