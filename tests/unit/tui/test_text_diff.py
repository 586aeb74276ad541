"""Two texts as runs: common parts, and parts in only one of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.presenters.text_diff import DiffOp, differences

_TEXTS = st.lists(st.sampled_from(["a", "b, ", "c. ", "d\n", "e"]), max_size=12).map("".join)


def test_sentences_commas_and_lines_are_compared() -> None:
    existing = "Soft coastal light; made for wide scenes.\nhrbr, golden hour"
    pending = "Soft coastal light; trained on 48 frames.\nhrbr, film grain, golden hour"
    assert differences(existing, pending) == [
        (DiffOp.BOTH, "Soft coastal light;"),
        (DiffOp.EXISTING, "made for wide scenes."),
        (DiffOp.PENDING, "trained on 48 frames."),
        (DiffOp.BOTH, "hrbr,"),
        (DiffOp.PENDING, "film grain,"),
        (DiffOp.BOTH, "golden hour"),
    ]


def test_space_around_a_part_is_no_difference() -> None:
    assert differences("one. two", "one.\ntwo ") == [(DiffOp.BOTH, "one.\ntwo")]


def test_texts_of_very_many_parts_are_shown_one_after_the_other() -> None:
    many = "a, " * 500
    assert differences(many, "b") == [(DiffOp.EXISTING, many), (DiffOp.PENDING, "b")]


@given(_TEXTS, _TEXTS)
def test_nothing_is_left_out(existing: str, pending: str) -> None:
    runs = differences(existing, pending)
    for text, mine in ((existing, DiffOp.EXISTING), (pending, DiffOp.PENDING)):
        told = "".join(part for only, part in runs if only in (mine, DiffOp.BOTH))
        assert "".join(told.split()) == "".join(text.split())
