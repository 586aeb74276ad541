"""What a terminal says about itself when it is asked, and what follows from that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

ASK_ATTRIBUTES = "\x1b[c"
"""Device attributes, which every terminal answers; whether it can draw Sixel is among them."""

ASK_MORE = (
    "\x1b[>q"  # its name and version
    "\x1b[>c"  # secondary attributes: by these VTE is known
    "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"  # Kitty's pictures
    "\x1b[48;2;1;2;3m\x1bP$qm\x1b\\\x1b[m"  # which colour is set, after one of the 16 million was
    "\r\x1b[K"  # some terminals show what they do not know
)
"""Questions for a terminal that answers at all; ask for the attributes after them, since answers keep their order."""

ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")
"""The answer to ``ASK_ATTRIBUTES``."""

_KITTY = re.compile(rb"\x1b_Gi=31;OK\x1b\\")
_NAME = re.compile(rb"\x1bP>\|([^\x1b]{1,80})\x1b\\")
_VTE = re.compile(rb"\x1b\[>65;(\d{1,6});")
_EXACT = re.compile(rb"\x1bP1\$r[\d:;]*48[:;]2[:;]+1[:;]2[:;]3")
_VERSION = re.compile(r"(\d+)\.(\d+)")
_SIXEL = b"4"  # among the attributes
_VTE_TRUE = 3600  # the version of VTE since which it has 16 million colours
_PLACEHOLDERS = (0, 28)  # the version of Kitty since which characters can stand for a picture's cells
# These do not say which colour is set, and have 16 million.
_TRUE_BY_NAME = ("konsole", "wezterm", "ghostty", "alacritty", "foot", "kitty", "iterm2", "contour")
_TRUE_BY_TERM = ("alacritty", "foot", "wezterm", "xterm-ghostty", "xterm-kitty")


@dataclass(frozen=True, slots=True)
class TerminalAnswers:
    """What a terminal can do: Sixel, Kitty's pictures in place of characters, 16 million colours.

    ``name`` is its name with its version, empty if it does not say.
    """

    sixel: bool = False
    kitty: bool = False
    true_colour: bool = False
    name: str = ""


def understand(answers: bytes) -> TerminalAnswers:
    """Return what all answers of a terminal, in any order, say."""
    attributes = ATTRIBUTES.search(answers)
    named = _NAME.search(answers)
    name = named[1].decode("utf-8", "replace") if named else ""
    return TerminalAnswers(
        sixel=attributes is not None and _SIXEL in attributes[1].split(b";"),
        kitty=_KITTY.search(answers) is not None and _has_placeholders(name),
        true_colour=_EXACT.search(answers) is not None or _is_true(name, answers),
        name=name,
    )


def has_true_colour(environ: Mapping[str, str]) -> bool:
    """Return whether the terminal's kind, which ssh passes on, tells of 16 million colours."""
    return environ.get("TERM", "").startswith(_TRUE_BY_TERM)


def _has_placeholders(name: str) -> bool:
    """Return whether pictures can stand in place of characters; other terminals than these would show boxes."""
    version = _VERSION.search(name)
    if name.lower().startswith("kitty"):
        return version is not None and (int(version[1]), int(version[2])) >= _PLACEHOLDERS
    return name.lower().startswith("ghostty")


def _is_true(name: str, answers: bytes) -> bool:
    if name.lower().startswith(_TRUE_BY_NAME):
        return True
    version = _VTE.search(answers)
    return version is not None and int(version[1]) >= _VTE_TRUE
