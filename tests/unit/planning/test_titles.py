"""A title that is only the name of a file, beside one that somebody gave."""

from __future__ import annotations

import pytest

from core.domain.enums import Action, Side, State, Strategy
from core.domain.records import Model, PendingImport
from core.domain.resolution import NO_OVERRIDES
from core.planning.plan import plan_promotion
from core.planning.resolution import cycle_source
from core.planning.suggestions import suggest

TITLE = ("meta_json", "title")


@pytest.mark.parametrize(
    ("mine", "theirs", "result"),
    [
        ("ink_v2", "Ink wash", "Ink wash"),
        ("ink_v2.safetensors", "Ink wash", "Ink wash"),
        ("My ink", "Ink wash", "My ink"),
        ("ink_v2", "ink copy", "ink_v2"),
        ("ink_v2", "", "ink_v2"),
        ("ink_v2", None, "ink_v2"),
    ],
)
def test_a_title_that_is_only_the_name_of_the_file_gives_way_in_a_merge(
    mine: str, theirs: str | None, result: str
) -> None:
    model = Model("a" * 64, "/m/ink", "ink_v2.safetensors", "loras", 1, 1, {"a": 1, "title": mine, "z": 2})
    said = {} if theirs is None else {"title": theirs}
    incoming = PendingImport(7, "/m/ink copy.safetensors", "ink copy.safetensors", "loras", 1, 1, said)
    planned = plan_promotion(incoming, model, Strategy.MERGE, (), 0)
    assert planned.row["meta_json"] == {"a": 1, "title": result, "z": 2}
    assert [*planned.row["meta_json"]] == ["a", "title", "z"]
    kept = NO_OVERRIDES.with_side(TITLE, Side.EXISTING)
    by_hand = plan_promotion(incoming, model, Strategy.MERGE, (), 0, resolution=kept)
    assert by_hand.row["meta_json"]["title"] == mine
    if result == theirs:
        suggested = suggest(State.CONFLICT, planned.plan)
        assert "fills 1 field" in suggested.why and "differs" not in suggested.why


def test_each_title_can_be_picked() -> None:
    model = Model("a" * 64, "/m/ink", "ink", "loras", 1, 1, {"title": "ink"})
    incoming = PendingImport(7, "/m/ink", "ink", "loras", 1, 1, {"title": "Ink wash"})
    picks, seen = NO_OVERRIDES, []
    for _ in range(4):
        plan = plan_promotion(incoming, model, Strategy.MERGE, (), 0, resolution=picks).plan
        [field] = [one for one in plan.fields if one.path == TITLE]
        seen.append(field.result)
        picks = cycle_source(picks, field, (), Action.MERGED)
    assert seen == ["Ink wash", "ink\n\nInk wash", "ink", "Ink wash"]
