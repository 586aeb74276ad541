"""What the claims about a file and its bytes say together."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """Whether a model file is what it says."""

    INTACT = "intact"
    UNPROVEN = "unproven"
    TRUNCATED = "truncated"
    PADDED = "padded"
    HEADER_REWRITTEN = "header_rewritten"
    OTHER_FILE = "other_file"
    DAMAGED = "damaged"
    UNREADABLE_HEADER = "unreadable_header"


VERDICT_WORDS = {
    Verdict.INTACT: "a claim about its bytes holds",
    Verdict.UNPROVEN: "nothing claims anything about its bytes",
    Verdict.TRUNCATED: "the file is cut short",
    Verdict.PADDED: "the file is longer than its header says",
    Verdict.HEADER_REWRITTEN: "the same weights under another header",
    Verdict.OTHER_FILE: "a sidecar was written for another file",
    Verdict.DAMAGED: "the file is damaged: its bytes are not those that are claimed",
    Verdict.UNREADABLE_HEADER: "its header cannot be read",
}
"""Each verdict in words."""

BAD_VERDICTS = frozenset((Verdict.TRUNCATED, Verdict.OTHER_FILE, Verdict.DAMAGED, Verdict.UNREADABLE_HEADER))
"""Those with which a file should not be promoted unseen."""
