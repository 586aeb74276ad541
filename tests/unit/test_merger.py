"""The merge rules: an example for each, and properties that hold for any two documents."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.merger import is_empty, json_equal, merge_meta_json, merge_model_fields

JsonDict = dict[str, Any]
EMPTY: list[Any] = [None, "", "  \t\n", [], {}]

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.0, 1.0, 0.5]), st.sampled_from(["", " ", "a", "b"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)
rows = st.fixed_dictionaries(
    {
        "sha256": st.sampled_from(["1" * 64, "2" * 64]),
        "path": st.sampled_from(["", " ", "/a", "/b"]),
        "name": st.none() | st.sampled_from(["", "x", "y"]),
        "type": st.sampled_from(["", "lora", "vae"]),
        "size_bytes": st.sampled_from([0, 1, 2]),
        "created_at": st.sampled_from([0, 1, 2]),
        "meta_json": documents,
    }
)


def deep(levels: int, leaf: object, wrap: Callable[[Any], Any] = lambda inner: {"k": inner}) -> Any:
    for _ in range(levels):
        leaf = wrap(leaf)
    return leaf


def same(a: object, b: object) -> bool:
    """Equal as text: types, and the order of keys, count too."""
    return json.dumps(a) == json.dumps(b)


# --- meta_json ---------------------------------------------------------------------------------------------------


def test_key_of_one_side_is_kept() -> None:
    assert merge_meta_json({"a": 1}, {"b": 2}) == {"a": 1, "b": 2}


@pytest.mark.parametrize("empty", EMPTY)
def test_empty_value_of_the_old_side_alone_is_kept_and_of_the_new_side_adds_nothing(empty: object) -> None:
    assert merge_meta_json({"a": empty}, {}) == {"a": empty}
    assert merge_meta_json({}, {"a": empty}) == {}


def test_mapping_only_on_the_new_side_comes_whole() -> None:
    assert merge_meta_json({}, {"p": {"positive": "", "n": {}}}) == {"p": {"positive": "", "n": {}}}


def test_two_mappings_are_merged_recursively() -> None:
    old = {"prompts": {"positive": "cat", "negative": "", "deeper": {"x": 1}}}
    new = {"prompts": {"positive": "dog", "negative": "blurry", "deeper": {"x": 2, "y": 3, "z": None}}}
    assert merge_meta_json(old, new) == {
        "prompts": {"positive": "cat", "negative": "blurry", "deeper": {"x": 1, "y": 3}}
    }


def test_two_lists_give_the_old_items_then_the_new_ones_not_among_them() -> None:
    assert merge_meta_json({"l": ["b", "a", "b"]}, {"l": ["c", "a", "d"]}) == {"l": ["b", "a", "b", "c", "d"]}


def test_only_the_old_items_count_as_known() -> None:
    assert merge_meta_json({"l": ["a"]}, {"l": ["b", "b", ""]}) == {"l": ["a", "b", "b", ""]}
    assert merge_meta_json({"l": []}, {"l": ["b", "b"]}) == {"l": ["b", "b"]}


def test_items_of_lists_are_compared_as_json() -> None:
    old = [1, {"a": 1, "b": [0]}, "1"]
    new = [True, 1.0, {"b": [0.0], "a": 1}, {"a": 1, "b": [False]}, None]
    assert same(merge_meta_json({"l": old}, {"l": new})["l"], [*old, True, {"a": 1, "b": [False]}, None])


@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize("value", ["text", 0, False, 2.5, [1], {"k": "v"}])
def test_old_value_stays_unless_it_is_empty(empty: Any, value: object) -> None:
    assert same(merge_meta_json({"a": empty}, {"a": value}), {"a": value})
    assert same(merge_meta_json({"a": value}, {"a": empty}), {"a": value})


@pytest.mark.parametrize(
    ("old", "new"), [("x", "y"), (0, 7), (False, True), (0, "x"), ("x", {"k": 1}), ({"k": 1}, "x"), ([1], {"k": 1})]
)
def test_old_value_wins_whatever_kind_the_new_one_is(old: object, new: object) -> None:
    assert same(merge_meta_json({"a": old}, {"a": new}), {"a": old})


@pytest.mark.parametrize("old", EMPTY)
@pytest.mark.parametrize("new", EMPTY)
def test_of_two_empty_values_the_old_one_stays(old: object, new: object) -> None:
    assert same(merge_meta_json({"a": old}, {"a": new}), {"a": old})


def test_old_key_order_first_then_the_new_keys() -> None:
    merged = merge_meta_json({"z": 1, "m": {"y": 1, "x": 1}}, {"b": 1, "m": {"a": 1, "x": 2}, "a": 1, "z": 2})
    assert list(merged) == ["z", "m", "b", "a"]
    assert list(merged["m"]) == ["y", "x", "a"]


def test_none_counts_as_no_metadata() -> None:
    assert merge_meta_json(None, None) == {}
    assert merge_meta_json({"a": ""}, None) == {"a": ""}
    assert merge_meta_json(None, {"a": 1, "b": ""}) == {"a": 1}


def test_any_mapping_is_taken_and_a_dict_comes_back() -> None:
    frozen = MappingProxyType({"a": MappingProxyType({"x": 1})})
    for merged in (merge_meta_json(frozen, {"a": {"y": 2}}), merge_meta_json({"a": {"y": 2}}, frozen)):
        assert merged == {"a": {"x": 1, "y": 2}}
        assert type(merged["a"]) is dict
    assert type(merge_meta_json(frozen, {})["a"]) is dict


@pytest.mark.parametrize("wrap", [lambda inner: {"k": inner}, lambda inner: [inner], lambda inner: [{"k": inner}]])
def test_depth_of_200_is_no_problem(wrap: Callable[[Any], Any]) -> None:
    old, new = {"d": deep(200, "old", wrap)}, {"d": deep(200, "new", wrap)}
    once = merge_meta_json(old, new)
    assert once["d"]
    assert json_equal(merge_meta_json(once, new), once)


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (True, 1, False),
        (False, 0, False),
        (1, 1.0, True),
        (0, -0.0, True),
        (2**53 + 1, float(2**53), False),
        ("1", 1, False),
        (None, "", False),
        ([], {}, False),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}, True),
        ({"a": None}, {}, False),
        ([{"a": [True]}], [{"a": [1]}], False),
    ],
)
def test_equality_is_that_of_json(a: object, b: object, equal: bool) -> None:
    assert json_equal(a, b) is equal
    assert json_equal(b, a) is equal


@pytest.mark.parametrize("value", [0, 0.0, False, "0", [None], [""], {"a": None}])
def test_what_looks_empty_but_is_a_value(value: object) -> None:
    assert not is_empty(value)


@given(documents, documents)
def test_merging_twice_or_with_itself_changes_nothing(a: JsonDict, b: JsonDict) -> None:
    once = merge_meta_json(a, b)
    assert same(merge_meta_json(once, b), once)
    assert same(merge_meta_json(once, once), once)
    assert same(merge_meta_json(a, a), a)


@given(documents, documents)
def test_inputs_stay_and_share_nothing_with_the_result(a: JsonDict, b: JsonDict) -> None:
    before = copy.deepcopy((a, b))
    once = merge_meta_json(a, b)
    assert same(merge_meta_json(a, b), once)
    deface(once)
    assert same((a, b), before)


def deface(value: object) -> None:
    """Change every mutable object in ``value``."""
    for inner in list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ():
        deface(inner)
    if isinstance(value, dict):
        value["defaced"] = True
    elif isinstance(value, list):
        value.append("defaced")


@given(documents, documents)
def test_no_key_and_no_old_value_is_lost(a: JsonDict, b: JsonDict) -> None:
    merged = merge_meta_json(a, b)
    assert set(a) <= set(merged) <= set(a) | set(b)
    assert {key for key, value in b.items() if not is_empty(value)} <= set(merged)
    assert survives(a, merged)


def survives(old: object, merged: object) -> bool:
    if isinstance(old, dict) and old:
        return isinstance(merged, dict) and all(k in merged and survives(v, merged[k]) for k, v in old.items())
    if isinstance(old, list) and old:
        return isinstance(merged, list) and same(merged[: len(old)], old)
    return is_empty(old) or same(old, merged)


# --- the columns of a model --------------------------------------------------------------------------------------

OLD: JsonDict = {
    "sha256": "a" * 64,
    "path": "/old",
    "name": "old",
    "type": "lora",
    "size_bytes": 10,
    "created_at": 20,
    "meta_json": {"description": "old"},
}
NEW: JsonDict = {
    "sha256": "b" * 64,
    "path": "/new",
    "name": "new",
    "type": "vae",
    "size_bytes": 11,
    "created_at": 21,
    "meta_json": {"description": "new", "note": "new"},
}


def test_columns_keep_their_old_values_and_meta_json_is_merged() -> None:
    merged = merge_model_fields(OLD, NEW)
    assert merged == {**OLD, "meta_json": {"description": "old", "note": "new"}}
    assert list(merged) == list(OLD)


@pytest.mark.parametrize(
    ("column", "empty"),
    [("name", None), ("name", ""), ("name", " \t"), ("type", ""), ("path", ""), ("size_bytes", 0), ("created_at", 0)],
)
def test_empty_column_takes_the_new_value_and_never_gives_one(column: str, empty: object) -> None:
    assert merge_model_fields({**OLD, column: empty}, NEW)[column] == NEW[column]
    assert merge_model_fields(OLD, {**NEW, column: empty})[column] == OLD[column]
    assert merge_model_fields({**OLD, column: empty}, {**NEW, column: None})[column] == empty


def test_zero_is_a_value_in_any_other_column() -> None:
    assert merge_model_fields({"rating": 0, "hidden": False}, {"rating": 5, "hidden": True}) == {
        "rating": 0,
        "hidden": False,
    }


def test_path_is_replaced_where_the_old_one_does_not_exist() -> None:
    merged = merge_model_fields(OLD, NEW, old_path_exists=False)
    assert merged == {**OLD, "path": "/new", "meta_json": {"description": "old", "note": "new"}}
    assert merge_model_fields(OLD, {**NEW, "path": " "}, old_path_exists=False)["path"] == "/old"


@pytest.mark.parametrize("old", ["a" * 64, "", None])
def test_sha256_never_changes(old: str | None) -> None:
    assert merge_model_fields({**OLD, "sha256": old}, NEW)["sha256"] == old
    assert "sha256" not in merge_model_fields({"name": "x"}, NEW)


def test_columns_of_one_side() -> None:
    merged = merge_model_fields({"name": "x", "old": ""}, {"new": "v", "blank": " ", "size_bytes": 0, "none": None})
    assert merged == {"name": "x", "old": "", "new": "v"}
    assert list(merged) == ["name", "old", "new"]


def test_no_column_is_shared_with_an_input() -> None:
    old, new = {"extra": [1]}, {"more": [2]}
    merged = merge_model_fields(old, new)
    assert merged["extra"] is not old["extra"]
    assert merged["more"] is not new["more"]


def test_meta_json_may_be_none_or_absent_on_either_side() -> None:
    assert merge_model_fields({"meta_json": None}, {"meta_json": {"a": 1}}) == {"meta_json": {"a": 1}}
    assert merge_model_fields({"meta_json": {"a": 1}}, {"meta_json": None}) == {"meta_json": {"a": 1}}
    assert merge_model_fields({"meta_json": {"a": 1}}, {}) == {"meta_json": {"a": 1}}
    assert merge_model_fields({}, {"meta_json": {"a": 1, "b": ""}}) == {"meta_json": {"a": 1}}
    assert merge_model_fields({}, {"meta_json": {"b": ""}}) == {}


@given(rows, rows, st.booleans())
def test_rows_merge_once_for_all_and_leave_their_inputs_alone(a: JsonDict, b: JsonDict, exists: bool) -> None:
    before = copy.deepcopy((a, b))
    once = merge_model_fields(a, b, old_path_exists=exists)
    again = copy.deepcopy(once)
    assert same(merge_model_fields(once, b, old_path_exists=exists), once)
    assert same(merge_model_fields(a, a, old_path_exists=exists), a)
    deface(once)
    assert same((a, b), before)
    assert list(again) == list(a)
    assert again["sha256"] == a["sha256"]
