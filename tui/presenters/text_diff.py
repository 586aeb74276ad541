"""A diff of two long texts: the parts in both, and those in only one."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from enum import Enum

_PARTS = re.compile(r"(?<=[.!?;,]\s)|(?<=\n)")
_MOST_PARTS = 400  # of one text: matching many more would be noticeably slow


class DiffOp(Enum):
    """Which text has a part; the value is the sign it is shown with."""

    BOTH = "="
    EXISTING = "-"
    PENDING = "+"


def differences(existing: str, pending: str) -> list[tuple[DiffOp, str]]:
    """Return both texts as runs in order, split at lines, sentences and commas.

    If there are too many parts to match, the whole of one text is followed by the whole of the other.
    """
    ours, theirs = _PARTS.split(existing), _PARTS.split(pending)
    if max(len(ours), len(theirs)) > _MOST_PARTS:
        return [(DiffOp.EXISTING, existing), (DiffOp.PENDING, pending)]
    runs: list[tuple[DiffOp, str]] = []
    bare = [part.strip() for part in ours], [part.strip() for part in theirs]
    for tag, a, b, c, d in SequenceMatcher(None, *bare, autojunk=False).get_opcodes():
        if tag == "equal":
            runs.append((DiffOp.BOTH, "".join(theirs[c:d])))
            continue
        runs += [(DiffOp.EXISTING, "".join(ours[a:b]))] if b > a else []
        runs += [(DiffOp.PENDING, "".join(theirs[c:d]))] if d > c else []
    return [(only, text.strip()) for only, text in runs if text.strip()]
