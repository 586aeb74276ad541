"""Text from data on its way to a terminal: it cannot act, hide, or grow too long."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import format_size, sanitize

ACTING = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name_v2.safetensors", "plain name_v2.safetensors"),
        ("[bold]x[/nope][@click=app.quit]", "[bold]x[/nope][@click=app.quit]"),
        ("\x1b[31mred", "␛[31mred"),
        ("\x1b]52;c;AAAA\x07", "␛]52;c;AAAA␇"),
        ("\x9b31m", "\\u009b31m"),
        ("a\x00b\x7f", "a␀b␡"),
        ("two\nlines\tand\rmore", "two␊lines␉and␍more"),
        ("a\u202egnp.exe", "a\\u202egnp.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("a\u200bb\u200d\ufeff", "a\\u200bb\\u200d\\ufeff"),
        ("line\u2028end\u2029", "line\\u2028end\\u2029"),
        ("\udcff\udc80", "\\xff\\x80"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\ue000", "\\ue000"),
        ("no\u00a0break\u3000wide", "no break wide"),
        ("墨絵 é ü Ω", "墨絵 é ü Ω"),
        ("☀\ufe0f", "☀"),
        ("z" + "\u0301" * 50, "z" + "\u0301" * 2),
        ("", ""),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert sanitize(text) == shown


def test_line_breaks_stay_where_lines_are_wanted() -> None:
    assert sanitize("a\nb\r\n\x1bc", lines=True) == "a\nb␍\n␛c"


@pytest.mark.parametrize("char", ["x", "\x1b", "墨", "\u202e", "\u0301"])
def test_a_huge_text_is_cut_before_it_costs_anything(char: str) -> None:
    shown = sanitize(char * 5_000_000)
    assert len(shown) <= 200 and shown.endswith("…")


def test_the_limit_is_kept_to_the_letter() -> None:
    assert sanitize("x" * 10, 10) == "x" * 10
    assert sanitize("x" * 11, 10) == "x" * 9 + "…"
    assert sanitize("\u202e" * 3, 10) == "\\u202e\\u2…"
    assert sanitize("é" * 11, 10) == "é" * 9 + "…"


def test_what_is_no_text() -> None:
    assert sanitize(12) == "12"
    assert sanitize(None) == "None"


@given(st.text(st.characters(codec=None)), st.integers(1, 50), st.booleans())
def test_nothing_acts_and_nothing_is_longer_than_it_may_be(text: str, limit: int, lines: bool) -> None:
    shown = sanitize(text, limit, lines=lines)
    assert len(shown) <= limit
    left = [char for char in shown if unicodedata.category(char) in ACTING and not (lines and char == "\n")]
    assert left == []
    shown.encode()  # no lone surrogate is left
    assert sanitize(shown, limit, lines=lines) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "—"), (-1, "—"), (1, "1 B"), (812, "812 B"), (999, "999 B"), (1000, "1 kB"), (144_000_000, "144 MB"),
        (6_938_000_000, "6.94 GB"), (999_600, "1 MB"), (5 * 10**12, "5 TB"), (5 * 10**15, "5000 TB"),
    ],
)  # fmt: skip
def test_sizes(count: int, shown: str) -> None:
    assert format_size(count) == shown
