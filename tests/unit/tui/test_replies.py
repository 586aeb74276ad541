"""Late replies of a terminal never become keys, in whatever pieces they come."""

from __future__ import annotations

import pytest

from tui.replies import ReplyFilter

_REPLIES = (
    "\x1b_Gi=31;OK\x1b\\",
    "\x1bP>|kitty(0.41.1)\x1b\\",
    "\x1bP1$r48:2:1:2:3m\x1b\\",
    "\x1b[?62;4;22c",
    "\x1b[>65;7003;1c",
)


def _left(*pieces: str) -> str:
    replies = ReplyFilter()
    return "".join(map(replies.without, pieces))


@pytest.mark.parametrize("reply", _REPLIES)
def test_a_reply_is_dropped_wherever_it_is_cut(reply: str) -> None:
    assert _left(f"j{reply}k") == "jk"
    for cut in range(3, len(reply)):  # the first two characters alone are a key with alt
        assert _left("j" + reply[:cut], reply[cut:] + "k") == "jk", cut


@pytest.mark.parametrize(
    "keys", ["\x1b", "\x1bP", "\x1b_", "\x1b[A", "\x1b[1;5C", "\x1b[<0;3;4M", "G", "\x1b[?2026;2$y"]
)
def test_keys_are_left_as_they_are(keys: str) -> None:
    assert _left(keys) == keys
    assert _left(*keys) == keys


def test_what_never_ends_is_no_reply() -> None:
    assert len(_left("\x1b_G" + "x" * 5000)) == 5003
