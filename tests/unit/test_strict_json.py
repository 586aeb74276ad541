"""Strict JSON: values that the library could not store again are refused with a reason, all others are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.strict_json import MAX_DEPTH, parse_json, parse_json_object

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(_TEXT, _VALUES))
def test_what_json_can_carry_comes_back_unchanged(value: dict[str, Any]) -> None:
    for ascii_only in (True, False):
        found = parse_json_object(json.dumps(value, ensure_ascii=ascii_only))
        assert found == value
        assert list(found) == list(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ('{"a": 1', "not JSON"),
        ('{"a": 1} x', "not JSON"),
        ('{"a": "\0"}', "not JSON"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": 1e999}', "too large"),
        ('{"a": 1, "b": {"c": 1, "c": 1}}', 'the key "c" twice'),
        ('{"a": 9223372036854775808}', "64 bits"),
        ('{"a": -9223372036854775809}', "64 bits"),
        ('{"a": ' + "9" * 5000 + "}", "64 bits"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"\\uDFFF": 1}', "surrogate"),
        ('{"a": "\udcff"}', "not Unicode"),
        ("[1]", "a list"),
        ("null", "null"),
        ("true", "true"),
        ('"x"', "a text"),
        ("1.5", "a number"),
        ("[" * 100_000, "levels"),
        ('{"a":' * 100_000, "levels"),
    ],
)
def test_what_it_refuses_and_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse_json_object(text)
    assert len(str(caught.value)) < 150


def test_depth_is_counted_outside_strings_and_up_to_the_limit() -> None:
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    with pytest.raises(ValueError, match="levels"):
        parse_json("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    brackets = {"a": '\\"[{' * 1000, "b": ["\\", "["] * 500}
    assert parse_json_object(json.dumps(brackets)) == brackets
    wide = [[number] for number in range(1000)]
    assert parse_json(json.dumps(wide)) == wide


def test_an_unfinished_string_full_of_quotes_is_no_trap() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        parse_json('["' + '\\"[' * 500_000)


def test_escapes_that_look_like_surrogates_but_are_none() -> None:
    assert parse_json_object('{"a": "\\ud83d\\ude00", "b": "\\\\ud800"}') == {"a": "\U0001f600", "b": "\\ud800"}
    assert parse_json_object('{"a": "\\u0000"}') == {"a": "\0"}


def test_the_ends_of_what_an_integer_may_be() -> None:
    assert parse_json("[9223372036854775807, -9223372036854775808]") == [2**63 - 1, -(2**63)]
