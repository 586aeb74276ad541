"""A plan as words and numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.domain.enums import Strategy
from core.domain.plans import Plan
from core.domain.records import Model, ModelImage, PendingImage, PendingImport
from core.domain.resolution import NO_OVERRIDES, to_text
from core.merger import json_equal
from core.planning.plan import plan_promotion
from core.text import count_of
from tui.presenters.formatting import label_of, value_text
from tui.presenters.plan_lines import (
    Change,
    FieldLine,
    change_of,
    field_lines,
    in_numbers,
    numbers,
    overwritten,
    overwritten_fields,
    record_lines,
)

IMAGES = tuple(PendingImage(n, f"7_{n}.png", f"{n}" * 64) for n in range(3))
PENDING = PendingImport(
    7,
    "/new/ink.safetensors",
    "ink new",
    "lora",
    1_440,
    1_730_000_000_000,
    {"description": "incoming", "rating": 5, "words": ["a", "b"]},
    ("backup", "style"),
    IMAGES,
)
MODEL = Model(
    "a" * 64,
    "/old/ink.safetensors",
    "ink",
    "lora",
    1_440,
    1_730_000_000_000,
    {"description": "the library's", "steps": 20, "words": ["a", "c"]},
    ("style",),
)
OLD_IMAGES = (ModelImage(0, "0" * 64, {}), ModelImage(1, "f" * 64, {}))


def plan(strategy: Strategy | None, pending: PendingImport = PENDING, model: Model | None = MODEL) -> Plan:
    return plan_promotion(
        pending,
        model,
        strategy,
        OLD_IMAGES if model else (),
        2 if model else 0,
        on_disk=(0, 1)[: 2 * (model is not None)],
    ).plan


def changes(
    strategy: Strategy | None, pending: PendingImport = PENDING, model: Model | None = MODEL
) -> dict[str, Change]:
    return {line.label: line.change for line in field_lines(plan(strategy, pending, model), pending, model)}


def line(label: str, strategy: Strategy | None, model: Model | None = MODEL) -> FieldLine:
    return next(one for one in field_lines(plan(strategy, model=model), PENDING, model) if one.label == label)


def words(strategy: Strategy | None, pending: PendingImport = PENDING, model: Model | None = MODEL) -> str:
    return " · ".join(text for text, _ in in_numbers(plan(strategy, pending, model), pending))


def test_a_merge_says_for_each_field_who_wins() -> None:
    assert changes(Strategy.MERGE) == {
        "path": Change.KEPT,
        "name": Change.KEPT,
        "type": Change.SAME,
        "size": Change.SAME,
        "created": Change.SAME,
        "description": Change.KEPT,
        "steps": Change.KEPT,
        "words": Change.COMBINED,
        "rating": Change.FILLED,
        "tags": Change.COMBINED,
        "images": Change.COMBINED,
    }
    assert line("words", Strategy.MERGE).result == "a, c, b"
    assert line("tags", Strategy.MERGE).result == "style + backup"
    images = line("images", Strategy.MERGE)
    assert (images.existing, images.result) == ("0 1", "0 1 + 2 3")
    assert "1 already there" in images.pending


def test_an_override_says_what_it_overwrites_and_empties() -> None:
    found = changes(Strategy.OVERRIDE)
    assert found["name"] is found["description"] is found["words"] is found["images"] is Change.OVERWRITTEN
    assert found["steps"] is Change.EMPTIED
    assert found["rating"] is Change.FILLED
    assert found["tags"] is Change.COMBINED, "tags are united by an override too"
    assert line("images", Strategy.OVERRIDE).result == "new 0 1 2"
    assert {noun: n for n, noun in overwritten(plan(Strategy.OVERRIDE))} == {"field": 5, "image": 2}


def test_a_new_model_takes_everything() -> None:
    assert set(changes(Strategy.MERGE, model=None).values()) == {Change.COMES}
    assert line("images", None, model=None).result == "0 1 2"


def test_a_delete_and_a_skip_show_what_the_import_brings() -> None:
    assert set(changes(Strategy.DELETE).values()) == {Change.GOES}
    assert set(changes(Strategy.SKIP).values()) == {Change.SHOWN}


def test_the_sentence_of_each_strategy() -> None:
    assert "2 images added" in words(Strategy.MERGE)
    assert words(Strategy.MERGE).startswith("nothing overwritten"), "what is lost is told where nothing is cut off"
    assert "1 image already there" in words(Strategy.MERGE)
    assert words(Strategy.OVERRIDE).startswith("5 fields and 2 images overwritten")
    assert "this import goes away, with its 2 tags and 3 images" in words(Strategy.DELETE)
    assert words(Strategy.SKIP) == "nothing changes · it stays in the queue"
    assert words(None, model=None).startswith("new in the library")


def test_a_merge_never_overwrites() -> None:
    assert overwritten(plan(Strategy.MERGE)) == []
    assert overwritten(plan(Strategy.DELETE)) == []


def test_a_refused_image_is_counted() -> None:
    broken = replace(PENDING, images=(replace(IMAGES[0], refused="half a file"), *IMAGES[1:]))
    assert "1 image refused" in words(Strategy.MERGE, broken)
    assert "1 image refused" in words(None, broken, None)


def test_empty_values_make_no_line() -> None:
    bare = PendingImport(1, "/x", "x", "", 0, 0, {"a": "", "b": [], "c": None})
    assert [one.label for one in record_lines(bare, Change.SHOWN)] == ["path", "name"]


@pytest.mark.parametrize(
    "path, value, text",
    [
        (("size_bytes",), 6_938_000_000, "6.94 GB"),
        (("size_bytes",), 0, ""),
        (("created_at",), 1_730_000_000_000, "2024-10-27 03:33"),
        (("created_at",), 10**18, f"{10**18} ms"),
        (("meta_json", "n"), 0, "0"),
        (("meta_json", "n"), False, "false"),
        (("meta_json", "n"), "  ", ""),
        (("meta_json", "n"), [], ""),
        (("meta_json", "n"), ["a", 1, True], "a, 1, true"),
        (("meta_json", "n"), [{"a": "é"}], "- a: é"),
        (("meta_json", "n"), [{"a": 1, "b": [2, [3]]}, "c"], "- a: 1\n  b:\n    - 2\n    - - 3\n- c"),
        (("meta_json", "n"), {"a": {"b": None, "c": {}}, "d": "e"}, "a:\n  b: null\n  c: {}\nd: e"),
    ],
)
def test_one_value(path: tuple[str, ...], value: Any, text: str) -> None:
    assert value_text(path, value) == text


def test_labels_and_numbers() -> None:
    assert label_of(("size_bytes",)) == "size"
    assert label_of(("meta_json", "prompts", "positive")) == "prompts.positive"
    assert numbers((0, 1, 2)) == "0 1 2"
    assert numbers(range(12)) == "0-11"
    assert numbers((0, 1, 2, 3, 4, 5, 6, 7, 20)) == "0 1 2 3 4 5 6 7 20"
    assert count_of(1, "image") == "1 image"
    assert count_of(1200, "image") == "1,200 images"


@pytest.mark.parametrize(
    ("existing", "pending", "chosen", "change"),
    [
        ("mine", "theirs", "a third", Change.OVERWRITTEN),
        ("mine", "theirs", "mine\n\ntheirs", Change.COMBINED),
        ("v1", "v2", "v10", Change.OVERWRITTEN),
        (None, "theirs", "a third", Change.FILLED),
        (["a", "b"], ["b", "c"], ["c", "d"], Change.OVERWRITTEN),
        (["a", "b"], ["b", "c"], ["d", "b", "a"], Change.COMBINED),
        (20, 30, 25, Change.OVERWRITTEN),
    ],
)
def test_a_value_of_another_source_overwrites_what_it_does_not_hold(
    existing: object, pending: object, chosen: object, change: Change
) -> None:
    model = replace(MODEL, meta_json={} if existing is None else {"x": existing})
    incoming = replace(PENDING, meta_json={"x": pending})
    picks = NO_OVERRIDES.with_value(("meta_json", "x"), to_text(chosen))
    found = plan_promotion(incoming, model, Strategy.MERGE, (), 0, resolution=picks).plan
    [field] = [one for one in found.fields if one.path == ("meta_json", "x")]
    assert json_equal(field.result, chosen)
    assert change_of(field, found.action_taken) is change
    assert overwritten_fields(found) == (["x"] if change is Change.OVERWRITTEN else [])
