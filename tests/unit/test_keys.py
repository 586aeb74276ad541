"""The tables of docs/keys.md, and everything else derived from the table of keys."""

from __future__ import annotations

from collections import Counter

from tests.support.key_docs import MARK, PAGE, page
from tui.keys import GROUPS, TOGETHER, bindings, documented


def test_the_page_of_keys_is_the_table() -> None:
    assert MARK in PAGE.read_text(encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "make docs writes it anew"


def test_every_key_has_a_group_and_a_tooltip() -> None:
    for one in documented():
        assert one.id and one.tooltip
        assert one.id.startswith("help.") or one.id.partition(".")[0] in GROUPS


def test_no_key_means_two_things_at_once() -> None:
    for contexts in TOGETHER:
        # What works everywhere may mean something else on a screen: q closes dialogs.
        keys = Counter(key for one in bindings(*contexts[:-1]) for key in one.key.split(","))
        assert max(keys.values()) == 1, (contexts, keys)
