"""Text in terminal cells: never wider than requested, whatever it contains."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.presenters.cell_text import cut, cut_front, fit, wrap

texts = st.text(st.one_of(st.sampled_from("ab 模型é\u0301\u202e\x1b\x9b\n\t👩‍🚀[]"), st.characters()), max_size=60)
widths = st.integers(0, 30)


@settings(deadline=None, max_examples=60)
@given(texts, widths)
def test_fit_is_exactly_as_wide_as_asked_for(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width
    assert cell_len(fit(text, width, right=True)) == width


@settings(deadline=None, max_examples=60)
@given(texts, widths)
def test_cut_is_never_wider(text: str, width: int) -> None:
    assert cell_len(cut(text, width)) <= width
    assert cell_len(cut_front(text, width)) <= width


@settings(deadline=None, max_examples=60)
@given(texts, st.integers(2, 30), st.integers(1, 5))
def test_wrapped_lines_are_never_wider_nor_more(text: str, width: int, limit: int) -> None:
    lines = wrap(text, width, limit)
    assert len(lines) <= limit
    assert all(cell_len(line) <= width for line in lines)


@settings(deadline=None, max_examples=60)
@given(texts)
def test_nothing_that_a_terminal_acts_on_is_left(text: str) -> None:
    shown = fit(text, 40) + cut(text, 40) + cut_front(text, 40) + "".join(wrap(text, 40))
    assert not any(char < " " or "\x7f" <= char < "\xa0" or char == "\u202e" for char in shown)


@pytest.mark.parametrize(
    "text, width, shown",
    [
        ("harbour", 7, "harbour"),
        ("harbour", 6, "harbo…"),
        ("harbour", 9, "harbour  "),
        ("模型模型", 5, "模型…"),
        ("模型模型", 4, "模… "),
        ("", 3, "   "),
    ],
)
def test_fit(text: str, width: int, shown: str) -> None:
    assert fit(text, width) == shown


def test_the_end_of_a_path_is_kept() -> None:
    assert cut_front("/srv/models/loras/ink.safetensors", 16) == "…ink.safetensors"
    assert cut_front("/srv/ink", 16) == "/srv/ink"


def test_words_stay_whole_where_they_fit() -> None:
    assert wrap("the model file is missing", 10) == ["the model", "file is", "missing"]
    assert wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert wrap("one\ntwo", 10) == ["one", "two"]
    assert wrap("one two three four", 5, 2)[-1].endswith("…")
