"""The plan of a promotion: fields down to the leaves, tags, and image numbers, for each strategy."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.enums import Action, Side, Strategy
from core.domain.plans import FieldPlan, ImagePlan, Plan, PromotionPlan, TagPlan
from core.domain.records import Model, ModelImage, PendingImage, PendingImport
from core.merger import merge_model_fields
from core.planning.plan import assign_sequence_numbers, plan_promotion

SHA = "a" * 64
Path = tuple[str, ...]


def model(meta: Mapping[str, Any] | None = None, *, path: str = "/old", name: str = "old", **more: Any) -> Model:
    return Model(SHA, path, name, "lora", 10, 20, meta or {}, **more)


def pending(
    meta: Mapping[str, Any] | None = None, *, path: str = "/new", name: str = "new", **more: Any
) -> PendingImport:
    return PendingImport(7, path, name, "vae", 0, 21, meta or {}, **more)


def image(n: int, digest: str = "", refused: str | None = None) -> PendingImage:
    return PendingImage(n, f"7_{n}.png", digest or f"digest {n}", refused)


def stored(*digests: str) -> tuple[ModelImage, ...]:
    return tuple(ModelImage(seq, digest, {}) for seq, digest in enumerate(digests))


def fields(plan: Plan) -> dict[Path, FieldPlan]:
    assert len({field.path for field in plan.fields}) == len(plan.fields)
    return {field.path: field for field in plan.fields}


def columns(record: Model | PendingImport) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("path", "name", "type", "size_bytes", "created_at", "meta_json")}


def lookup(row: Any, path: Path) -> Any:
    for key in path:
        row = row.get(key) if isinstance(row, Mapping) else None
    return row


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    else:
        yield path, value


# --- strategies --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("existing", [None, model({"a": 1}, tags=("t",))])
@pytest.mark.parametrize(("strategy", "action"), [(Strategy.DELETE, Action.DELETED), (Strategy.SKIP, Action.IGNORED)])
def test_delete_and_skip_touch_nothing_of_the_library(
    existing: Model | None, strategy: Strategy, action: Action
) -> None:
    incoming = pending({"b": 1}, tags=("u",), images=(image(0), image(1, refused="not an image")))
    planned = plan_promotion(incoming, existing, strategy, stored("x"), 1, on_disk=[0])
    assert planned == PromotionPlan(Plan(strategy, action), row={}, targets={})


def test_conflict_without_a_strategy_has_no_plan() -> None:
    with pytest.raises(ValueError, match="strategy"):
        plan_promotion(pending(), model(), None, (), 0)


@pytest.mark.parametrize("strategy", [None, Strategy.OVERRIDE, Strategy.MERGE])
def test_insert_takes_the_pending_side_as_it_is(strategy: Strategy | None) -> None:
    meta: dict[str, Any] = {"prompts": {"positive": "cat", "negative": ""}, "links": [], "none": None, "extra": {}}
    incoming = pending(meta, tags=("b", "a"), images=(image(0, "same"), image(1, "same"), image(2, refused="half")))
    planned = plan_promotion(incoming, None, strategy, (), 0)
    plan = planned.plan
    assert (plan.strategy, plan.action_taken) == (strategy, Action.INSERTED)
    assert [(field.path, field.result) for field in plan.fields] == [
        (("path",), "/new"),
        (("name",), "new"),
        (("type",), "vae"),
        (("size_bytes",), 0),
        (("created_at",), 21),
        (("meta_json", "prompts", "positive"), "cat"),
        (("meta_json", "prompts", "negative"), ""),
        (("meta_json", "links"), []),
        (("meta_json", "none"), None),
        (("meta_json", "extra"), {}),
    ]
    assert all(field.side is Side.PENDING and field.existing is None for field in plan.fields)
    assert all(field.pending == field.result for field in plan.fields)
    assert plan.tags == TagPlan(added=("a", "b"))
    assert plan.images == ImagePlan(added=(0, 1), refused=("7_2.png",))
    assert planned.row == columns(incoming)
    assert planned.targets == {"7_0.png": 0, "7_1.png": 1}


def test_override_takes_every_pending_value_but_the_hash() -> None:
    existing = model({"a": "old", "same": 1, "gone": {"x": 1}}, tags=("z", "both"))
    incoming = pending({"a": "", "same": 1.0, "fresh": [1]}, name="", tags=("both", "new"), claimed_sha256="b" * 64)
    planned = plan_promotion(incoming, existing, Strategy.OVERRIDE, (), 0)
    plan = planned.plan
    assert plan.action_taken is Action.OVERRIDDEN
    assert plan.fields == (
        FieldPlan(("path",), "/old", "/new", "/new", Side.PENDING),
        FieldPlan(("name",), "old", "", "", Side.PENDING),
        FieldPlan(("type",), "lora", "vae", "vae", Side.PENDING),
        FieldPlan(("size_bytes",), 10, 0, 0, Side.PENDING),
        FieldPlan(("created_at",), 20, 21, 21, Side.PENDING),
        FieldPlan(("meta_json", "a"), "old", "", "", Side.PENDING),
        FieldPlan(("meta_json", "same"), 1, 1.0, 1.0, Side.BOTH),
        FieldPlan(("meta_json", "gone", "x"), 1, None, None, Side.PENDING),
        FieldPlan(("meta_json", "fresh"), None, [1], [1], Side.PENDING),
    )
    assert plan.tags == TagPlan(kept=("both", "z"), added=("new",))
    assert planned.row == {"sha256": SHA, **columns(incoming)}


def test_merge_names_the_side_of_each_leaf() -> None:
    existing = model(
        {"a": "old", "empty": " ", "list": [1], "flag": 1, "equal": [1, {"x": None}], "odd": "text"}, name="same"
    )
    incoming = pending(
        {"new": 0, "a": "new", "empty": "e", "list": [2], "flag": True, "equal": [1, {"x": None}], "odd": {"x": 1}},
        name="same",
    )
    plan = plan_promotion(incoming, existing, Strategy.MERGE, (), 0, old_path_exists=False).plan
    assert plan.fields == (
        FieldPlan(("path",), "/old", "/new", "/new", Side.PENDING),
        FieldPlan(("name",), "same", "same", "same", Side.BOTH),
        FieldPlan(("type",), "lora", "vae", "lora", Side.EXISTING),
        FieldPlan(("size_bytes",), 10, 0, 10, Side.EXISTING),
        FieldPlan(("created_at",), 20, 21, 20, Side.EXISTING),
        FieldPlan(("meta_json", "a"), "old", "new", "old", Side.EXISTING),
        FieldPlan(("meta_json", "empty"), " ", "e", "e", Side.PENDING),
        FieldPlan(("meta_json", "list"), [1], [2], [1, 2], Side.BOTH),
        FieldPlan(("meta_json", "flag"), 1, True, 1, Side.EXISTING),
        FieldPlan(("meta_json", "equal"), [1, {"x": None}], [1, {"x": None}], [1, {"x": None}], Side.BOTH),
        FieldPlan(("meta_json", "odd"), "text", {"x": 1}, "text", Side.EXISTING),
        FieldPlan(("meta_json", "new"), None, 0, 0, Side.PENDING),
    )


def test_list_that_the_other_side_adds_nothing_to_is_of_one_side() -> None:
    plan = plan_promotion(pending({"a": [2], "b": [1]}), model({"a": [1, 2], "b": []}), Strategy.MERGE, (), 0).plan
    assert fields(plan)["meta_json", "a"].side is Side.EXISTING
    assert fields(plan)["meta_json", "b"].side is Side.PENDING


def test_equal_empty_values_are_of_both_sides() -> None:
    meta: dict[str, Any] = {"n": None, "t": "", "m": {}}
    plan = plan_promotion(pending(meta, name=""), model(meta, name=""), Strategy.MERGE, (), 0).plan
    assert [f.path[-1] for f in plan.fields if f.side is Side.BOTH] == ["name", "n", "t", "m"]


def test_new_empty_value_that_a_merge_does_not_add_shows_as_nothing() -> None:
    plan = plan_promotion(pending({"blank": " "}), model({"a": 1}), Strategy.MERGE, (), 0).plan
    assert fields(plan)["meta_json", "blank"] == FieldPlan(("meta_json", "blank"), None, " ", None, Side.EXISTING)


def test_mapping_on_one_side_only_is_shown_leaf_by_leaf() -> None:
    plan = plan_promotion(pending({"p": {"x": 1, "q": {"y": 2}}}), model({"o": {"z": 3}}), Strategy.MERGE, (), 0).plan
    assert [field.path[1:] for field in plan.fields if len(field.path) > 1] == [("o", "z"), ("p", "x"), ("p", "q", "y")]
    assert fields(plan)["meta_json", "p", "q", "y"].existing is None


def test_empty_meta_json_has_no_leaves() -> None:
    plan = plan_promotion(pending(), model(), Strategy.MERGE, (), 0).plan
    assert [field.path[0] for field in plan.fields] == ["path", "name", "type", "size_bytes", "created_at"]


def test_row_of_a_promotion_shares_nothing_with_the_records() -> None:
    existing, incoming = model({"a": {"x": [1]}}), pending({"b": {"y": [2]}})
    for strategy in (Strategy.MERGE, Strategy.OVERRIDE):
        for value in plan_promotion(incoming, existing, strategy, (), 0).row["meta_json"].values():
            next(iter(value.values())).append("defaced")
    assert existing.meta_json == {"a": {"x": [1]}}
    assert incoming.meta_json == {"b": {"y": [2]}}


def test_depth_of_200_is_no_problem() -> None:
    old: dict[str, Any] = {}
    new: dict[str, Any] = {"leaf": "v"}
    for _ in range(200):
        old, new = {"k": old}, {"k": new}
    plan = plan_promotion(pending(new), model(old), Strategy.MERGE, (), 0).plan
    assert plan.fields[-1].path == ("meta_json", *["k"] * 200, "leaf")
    assert plan.fields[-1].side is Side.PENDING


values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.just(1.0) | st.sampled_from(["", " ", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)
texts = st.sampled_from(["", " ", "x", "y"])


@given(documents, documents, texts, texts, st.booleans(), st.sampled_from([Strategy.MERGE, Strategy.OVERRIDE]))
def test_fields_are_exactly_the_row_that_comes_of_it(
    old: dict[str, Any], new: dict[str, Any], a: str, b: str, exists: bool, strategy: Strategy
) -> None:
    existing, incoming = model(old, path=a, name=b), pending(new, path=b, name=a)
    planned = plan_promotion(incoming, existing, strategy, (), 0, old_path_exists=exists)
    row = planned.row
    if strategy is Strategy.MERGE:
        before = {"sha256": SHA, **columns(existing)}
        assert json.dumps(row) == json.dumps(merge_model_fields(before, columns(incoming), old_path_exists=exists))
    found = fields(planned.plan)
    for path, field in found.items():
        assert json.dumps(field.result) == json.dumps(lookup(row, path))
        assert json.dumps(field.existing) == json.dumps(lookup(columns(existing), path))
        assert json.dumps(field.pending) == json.dumps(lookup(columns(incoming), path))
    for path, value in leaves(row):
        # A mapping that ends up empty has nothing to show but the leaves it did not take.
        assert path == ("sha256",) or value == {} or any(path[: len(shown)] == shown for shown in found)


# --- images ------------------------------------------------------------------------------------------------------


def test_override_replaces_number_by_number_and_adds_the_rest() -> None:
    images = (image(0), image(1, refused="half"), image(2), image(3))
    plan, targets = assign_sequence_numbers(images, Action.OVERRIDDEN, stored("p", "q"), [0, 1], 2)
    assert plan == ImagePlan(replaced=(0, 1), added=(2,), refused=("7_1.png",))
    assert targets == {"7_0.png": 0, "7_2.png": 1, "7_3.png": 2}


def test_override_keeps_further_old_images() -> None:
    plan, _ = assign_sequence_numbers((image(0),), Action.OVERRIDDEN, stored("p", "q"), [0, 1, 9], 10)
    assert plan == ImagePlan(kept=(1, 9), replaced=(0,))


def test_override_counts_numbers_of_store_and_disk_and_fills_gaps() -> None:
    images = (image(0, "same"), image(1, "same"), image(2, "p"))
    plan, targets = assign_sequence_numbers(images, Action.OVERRIDDEN, (ModelImage(2, "p", {}),), [0], 3)
    assert plan == ImagePlan(replaced=(0, 2), added=(1,))
    assert list(targets.values()) == [0, 1, 2]


def test_merge_appends_in_order_what_the_model_does_not_have() -> None:
    images = (image(0, "n"), image(1, "q"), image(2, "r", "half"), image(3, "n"), image(4, "r"))
    plan, targets = assign_sequence_numbers(images, Action.MERGED, stored("p", "q"), [0, 1, 5], 6)
    assert plan == ImagePlan(kept=(0, 1, 5), added=(6, 7), duplicate=("7_1.png", "7_3.png"), refused=("7_2.png",))
    assert targets == {"7_0.png": 6, "7_4.png": 7}


@pytest.mark.parametrize("action", [Action.INSERTED, Action.MERGED])
def test_added_images_start_at_the_next_number_unless_that_is_taken(action: Action) -> None:
    assert assign_sequence_numbers((image(0), image(1)), action, (), [0], 6)[0] == ImagePlan(kept=(0,), added=(6, 7))
    placed = assign_sequence_numbers((image(0),), action, stored("p", "q"), [4], 1)
    assert placed == (ImagePlan(kept=(0, 1, 4), added=(5,)), {"7_0.png": 5})


@given(
    st.lists(st.tuples(st.sampled_from("pqrs"), st.booleans()), max_size=6),
    st.sets(st.integers(0, 5)),
    st.sets(st.integers(0, 5)),
    st.sampled_from([Action.INSERTED, Action.OVERRIDDEN, Action.MERGED]),
)
def test_every_image_and_every_number_is_accounted_for_once(
    verdicts: list[tuple[str, bool]], known: set[int], on_disk: Collection[int], action: Action
) -> None:
    images = [image(n, digest, None if taken else "half") for n, (digest, taken) in enumerate(verdicts)]
    old = [ModelImage(seq, "p", {}) for seq in known]
    plan, targets = assign_sequence_numbers(images, action, old, on_disk, max(on_disk, default=-1) + 1)
    assert sorted([*targets, *plan.duplicate, *plan.refused]) == sorted(image.file for image in images)
    assert list(targets) == [image.file for image in images if image.file in targets]
    assert list(targets.values()) == sorted(set(targets.values()))
    assert sorted([*plan.replaced, *plan.added]) == list(targets.values())
    assert sorted([*plan.kept, *plan.replaced]) == sorted(known | set(on_disk))
    assert not plan.duplicate or action is Action.MERGED
    assert not plan.replaced or action is Action.OVERRIDDEN


def test_plan_carries_the_images_as_they_are_placed() -> None:
    images = (image(0, "p"), image(1, "n"))
    plan = plan_promotion(pending(images=images), model(), Strategy.MERGE, stored("p"), 2, on_disk=[0, 1]).plan
    assert plan.images == ImagePlan(kept=(0, 1), added=(2,), duplicate=("7_0.png",))
