"""Manual choices as pure functions: which sides are available, and the row that results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.enums import Action, Side
from core.domain.plans import FieldPlan
from core.domain.resolution import NO_OVERRIDES, FieldPath, Resolution
from core.merger import json_equal, merge_model_fields
from core.planning.resolution import apply_resolution, available_sources, combine, cycle_source, iter_fields

E, P, B = Side.EXISTING, Side.PENDING, Side.BOTH
TEXT = ("meta_json", "a")

_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab ", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)
_rows = st.builds(
    lambda name, meta: {"name": name, "meta_json": meta},
    st.text("ab", max_size=2),
    st.dictionaries(st.sampled_from("xyz"), _values, max_size=3),
)


def pick(existing: Mapping[str, Any], pending: Mapping[str, Any], *fields: tuple[FieldPath, Side]) -> dict[str, Any]:
    """The metadata that a merge makes with these picks."""
    old, new = {"meta_json": existing}, {"meta_json": pending}
    meta: dict[str, Any] = apply_resolution(merge_model_fields(old, new), old, new, Resolution(fields))["meta_json"]
    return meta


@pytest.mark.parametrize(
    ("path", "existing", "pending", "expected"),
    [
        (TEXT, "x", "y", (E, P, B)),
        (TEXT, "x", "", (E, P)),
        (TEXT, None, "y", (E, P)),
        (TEXT, [1], [2], (E, P, B)),
        (TEXT, [1], "y", (E, P)),
        (TEXT, 1, 2, (E, P)),
        (TEXT, {}, "y", (E, P)),
        (TEXT, "x", "x", ()),
        (TEXT, 1, 1.0, ()),
        (TEXT, 1, True, (E, P)),
        (("name",), "x", "y", (E, P)),
        (("size_bytes",), 0, 1, (E, P)),
    ],
)
def test_what_can_be_picked(path: FieldPath, existing: object, pending: object, expected: tuple[Side, ...]) -> None:
    assert available_sources(path, existing, pending) == expected


@pytest.mark.parametrize(
    ("existing", "pending", "expected"),
    [
        ("one", "two", "one\n\ntwo"),
        ("one\n", "\n two", "one\n\ntwo"),
        ("one and two", "two", "one and two"),
        ("two", "one and two ", "one and two "),
        ([1, "a"], [True, "a", 1.0, "b"], [1, "a", True, "b"]),
    ],
)
def test_both_as_one(existing: object, pending: object, expected: object) -> None:
    assert json_equal(combine(existing, pending), expected)
    assert json_equal(combine(expected, pending), expected), "combining again adds nothing"


def test_each_side_of_a_field() -> None:
    existing, pending = {"a": "x", "b": 1}, {"a": "y", "b": 2, "c": 3}
    assert pick(existing, pending) == {"a": "x", "b": 1, "c": 3}
    assert pick(existing, pending, (("meta_json", "a"), P)) == {"a": "y", "b": 1, "c": 3}
    assert pick(existing, pending, (("meta_json", "a"), B)) == {"a": "x\n\ny", "b": 1, "c": 3}
    assert pick(existing, pending, (("meta_json", "c"), E)) == {"a": "x", "b": 1}
    assert pick(existing, pending, (("meta_json", "b"), P), (("meta_json", "a"), E)) == {"a": "x", "b": 2, "c": 3}


def test_a_side_without_a_value_takes_the_key_out_and_what_is_empty_without_it() -> None:
    existing, pending = {"p": {"q": {"r": 1}}, "k": 1}, {"p": {"s": 2}}
    assert pick(existing, pending, (("meta_json", "p", "q", "r"), P)) == {"p": {"s": 2}, "k": 1}
    both = (("meta_json", "p", "q", "r"), P), (("meta_json", "p", "s"), E)
    assert pick(existing, pending, *both) == {"k": 1}
    assert pick({"a": 1}, {}, (("meta_json", "a"), P)) == {}, "meta_json itself stays"


def test_a_null_is_a_value_like_any_other() -> None:
    assert pick({"a": None}, {"a": 1}, (("meta_json", "a"), E)) == {"a": None}
    assert pick({}, {"a": 1}, (("meta_json", "a"), E)) == {}


@pytest.mark.parametrize(
    "field",
    [
        (("meta_json", "gone"), P),
        (("meta_json",), P),
        (("meta_json", "m"), P),
        (("meta_json", "m", "n", "deeper"), P),
        (("meta_json", "same"), P),
        (("meta_json", "number"), B),
        (("sha256",), P),
        ((), P),
    ],
)
def test_what_does_not_fit_has_no_effect(field: tuple[FieldPath, Side]) -> None:
    existing = {"m": {"n": 1}, "same": 1, "number": 1}
    pending = {"m": {"o": 2}, "same": 1, "number": 2}
    assert pick(existing, pending, field) == pick(existing, pending)


@given(_rows, _rows)
def test_a_picked_field_holds_what_that_side_holds(existing: dict[str, Any], pending: dict[str, Any]) -> None:
    before = deepcopy((existing, pending))
    row = merge_model_fields(existing, pending)
    for path, (mine, theirs) in iter_fields(existing, pending):
        for side in available_sources(path, mine, theirs):
            made = apply_resolution(row, existing, pending, Resolution(((path, side),)))
            wanted = {E: mine, P: theirs, B: combine(mine, theirs) if side is B else None}[side]
            found = dict(iter_fields(existing, pending, made))
            got = {leaf: values[2] for leaf, values in found.items()}
            assert json_equal(got[path], wanted)
            plain = {leaf: values[2] for leaf, values in iter_fields(existing, pending, row)}
            others = {leaf: value for leaf, value in got.items() if leaf != path}
            assert json_equal([others[leaf] for leaf in others], [plain[leaf] for leaf in others]), "the others stay"
    assert (existing, pending) == before


def test_picks_are_changed_one_by_one() -> None:
    a, b = ("meta_json", "a"), ("name",)
    picks = NO_OVERRIDES.with_side(b, E).with_side(a, B).toggle_tag("t").toggle_image("1_0.png")
    assert picks == Resolution(((a, B), (b, E)), ("t",), ("1_0.png",))
    assert (picks.side(a), picks.side(b), picks.side(("type",))) == (B, E, None)
    assert picks.with_side(a, P).side(a) is P
    assert bool(picks) and not NO_OVERRIDES
    assert not picks.with_side(a, None).with_side(b, None).toggle_tag("t").toggle_image("1_0.png")


def field(existing: Any, pending: Any, side: Side, result: Any = None) -> FieldPlan:
    return FieldPlan(TEXT, existing, pending, result, side)


def turns(plan: FieldPlan, action: Action, stated: Sequence[Any], times: int) -> list[Side | str | None]:
    """What is chosen after each press, None where the strategy decides."""
    picks, found = NO_OVERRIDES, list[Side | str | None]()
    for _ in range(times):
        picks = cycle_source(picks, plan, stated, action)
        found.append(picks.value(TEXT) or picks.side(TEXT))
        assert len(picks.chosen) <= 1
    return found


def test_turning_goes_through_both_sides_and_all_other_values() -> None:
    merged = field("x", "y", E)
    assert turns(merged, Action.MERGED, ["y", "z", "x", "z", ""], 5) == [P, B, '"z"', None, P]
    assert turns(merged, Action.MERGED, ["y"], 3) == [P, B, None]
    assert turns(field("x", "y", P), Action.OVERRIDDEN, ["z"], 4) == [B, '"z"', E, None]
    assert turns(field("x", "x", B), Action.MERGED, ["x", "z", ["w"]], 4) == ['"z"', '["w"]', None, '"z"']
    assert turns(field(None, "y", P), Action.INSERTED, ["y", "z"], 3) == ['"z"', None, '"z"']
    assert turns(field(None, "y", P), Action.INSERTED, ["y"], 2) == [None, None]


def test_a_chosen_value_that_no_source_states_any_more_turns_to_the_first() -> None:
    picks = NO_OVERRIDES.with_value(TEXT, '"gone"')
    assert cycle_source(picks, field("x", "y", E), ["z"], Action.MERGED) == NO_OVERRIDES
    assert cycle_source(picks, field(None, "y", P), ["z"], Action.INSERTED) == NO_OVERRIDES


def test_a_value_and_a_side_replace_each_other() -> None:
    valued = NO_OVERRIDES.with_side(TEXT, B).with_value(TEXT, '"z"')
    assert (valued.fields, valued.values) == ((), ((TEXT, '"z"'),))
    assert valued.with_side(TEXT, P) == NO_OVERRIDES.with_side(TEXT, P)
    assert valued and not valued.with_side(TEXT, None)


def test_values_are_put_into_the_row_and_only_where_it_has_the_field() -> None:
    picks = (
        NO_OVERRIDES.with_value(TEXT, '{"k":[1]}').with_value(("meta_json", "nope"), "1").with_value(("name",), '"n"')
    )
    row = {"name": "a", "meta_json": {"a": "x"}}
    old, new = {"name": "a", "meta_json": {"a": "x"}}, {"name": "b", "meta_json": {"a": "y"}}
    assert apply_resolution(row, old, new, picks) == {"name": "a", "meta_json": {"a": {"k": [1]}}}
    assert row == {"name": "a", "meta_json": {"a": "x"}}, "it is not changed"
