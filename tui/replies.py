"""Replies of a terminal that come when nobody waits for them any more: on a slow line they must not work as keys."""

from __future__ import annotations

import re

# Replies to the questions of `graphics.py`: Kitty's, those with a string (DCS), and device attributes.
_REPLY = re.compile(r"\x1b_G[^\x1b]*\x1b\\|\x1bP[>0-9][^\x1b]*\x1b\\|\x1b\[[?>][\d;]*c")
_BEGUN = re.compile(r"\x1b(?:_G[^\x1b]*\x1b?|P[>0-9][^\x1b]*\x1b?|\[[?>][\d;]*)$")
_MOST = 4096  # characters; what is longer is no reply


class ReplyFilter:
    """Takes replies out of what is read from a terminal; one that is not complete yet is held back."""

    def __init__(self) -> None:
        self._held = ""

    def without(self, text: str) -> str:
        """Return input without its replies; ``text`` follows what was held back before."""
        text, self._held = _REPLY.sub("", self._held + text), ""
        begun = _BEGUN.search(text)
        if begun and len(text) - begun.start() <= _MOST:
            text, self._held = text[: begun.start()], text[begun.start() :]
        return text
