"""Suggestions for a pending import: the table row by row, and that nothing called safe loses data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.enums import State, Strategy
from core.domain.plans import Plan, PromotionPlan
from core.domain.records import Model, ModelImage, PendingImage, PendingImport
from core.merger import is_empty, json_equal
from core.planning.plan import plan_promotion
from core.planning.suggestions import RULES, Suggestion, suggest

SHA, OTHER = "a" * 64, "b" * 64
DELETE, MERGE = Strategy.DELETE, Strategy.MERGE
NOTHING = "adds nothing the library does not have"


def model(meta: Mapping[str, Any] | None = None, **more: Any) -> Model:
    fields: dict[str, Any] = {"path": "/m", "name": "n", "type": "lora", "size_bytes": 10, "created_at": 20}
    return Model(sha256=SHA, meta_json=meta or {}, **(fields | more))


def pending(meta: Mapping[str, Any] | None = None, **more: Any) -> PendingImport:
    fields: dict[str, Any] = {"path": "/m", "name": "n", "type": "lora", "size_bytes": 10, "created_at": 20}
    return PendingImport(id=7, meta_json=meta or {}, **(fields | more))


def images(*digests: str, refused: int = 0) -> tuple[PendingImage, ...]:
    good = [PendingImage(n, f"7_{n}.png", digest) for n, digest in enumerate(digests)]
    bad = [PendingImage(n + 50, f"7_{n + 50}.png", f"bad {n}", "half a file") for n in range(refused)]
    return (*good, *bad)


def planned_of(
    incoming: PendingImport, existing: Model | None, stored: str = "", *, gone: bool = False
) -> PromotionPlan:
    sequence = [ModelImage(seq, digest, {}) for seq, digest in enumerate(stored.split())]
    strategy = None if existing is None else MERGE
    return plan_promotion(incoming, existing, strategy, sequence, len(sequence), old_path_exists=not gone)


def plan_of(incoming: PendingImport, existing: Model | None, stored: str = "", *, gone: bool = False) -> Plan:
    return planned_of(incoming, existing, stored, gone=gone).plan


def proposed(incoming: PendingImport, existing: Model | None, stored: str = "", **more: Any) -> Suggestion:
    gone = more.pop("gone", False)
    state = State.NEW if existing is None else State.CONFLICT
    return suggest(more.pop("state", state), plan_of(incoming, existing, stored, gone=gone), **more)


def test_tensors_of_another_base_model_than_is_claimed_are_a_reason_to_review() -> None:
    found = proposed(pending(), None, bases=("Pony", "SD 1.x"))
    assert found == Suggestion(None, "claims Pony, tensors show SD 1.x: review", safe=False)
    assert proposed(pending(), None, bases=("Pony", "SDXL")).safe
    assert proposed(pending(), None, bases=("", "SD 1.x")).safe


# --- the table ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("incoming", "why"),
    [
        (pending(), "new: merge"),
        (pending(images=images("x")), "new, with 1 image: merge"),
        (pending(images=images("x", "y"), tags=("a",)), "new, with 2 images and 1 tag: merge"),
    ],
)
def test_what_is_new_is_taken(incoming: PendingImport, why: str) -> None:
    assert proposed(incoming, None) == Suggestion(MERGE, why, safe=True)


def test_what_is_new_but_not_alone_or_not_whole_is_looked_at_first() -> None:
    copy = proposed(pending(), None, state=State.DUPLICATE)
    assert copy == Suggestion(MERGE, "new, 1 other import of the same file: merge", safe=False)
    refused = proposed(pending(images=images("x", refused=2)), None, copies=3)
    why = "new, with 1 image, drops 2 refused images, 3 other imports of the same file: merge"
    assert refused == Suggestion(MERGE, why, safe=False)


@pytest.mark.parametrize(
    ("incoming", "existing", "why"),
    [
        (pending({"a": "x"}), model({"a": "x", "b": 1}), f"{NOTHING}: delete"),
        (pending({"a": "", "b": None, "c": [2]}, name=" "), model({"c": [1, 2, 3]}), f"{NOTHING}: delete"),
        (pending({"a": 1.0}, tags=("t",)), model({"a": 1}, tags=("t", "u")), f"{NOTHING}: delete"),
        (pending(images=images("x", "y")), model(), f"{NOTHING}: delete"),
        (pending(size_bytes=0, created_at=0), model(), f"{NOTHING}: delete"),
        (pending(created_at=5), model(), f"{NOTHING}, keeps your date: delete"),
        (pending(created_at=5, size_bytes=6), model(), f"{NOTHING}, keeps your size and date: delete"),
    ],
)
def test_what_the_library_has_already_is_deleted(incoming: PendingImport, existing: Model, why: str) -> None:
    assert proposed(incoming, existing, "y x") == Suggestion(DELETE, why, safe=True)
    assert proposed(incoming, existing, "y x", copies=1).safe, "what a copy adds takes nothing away"


def test_a_refused_image_is_not_in_the_library() -> None:
    found = proposed(pending(images=images("x", refused=1)), model(), "x")
    assert found == Suggestion(DELETE, f"{NOTHING}, drops 1 refused image: delete", safe=False)
    found = proposed(pending(images=images("y", refused=1)), model(), "x")
    assert found == Suggestion(MERGE, "adds 1 image, overwrites nothing, drops 1 refused image: merge", safe=False)


@pytest.mark.parametrize(
    ("incoming", "existing", "why"),
    [
        (pending(images=images("new", "x")), model(), "adds 1 image"),
        (pending(images=images("new", "new")), model(), "adds 1 image"),
        (pending(tags=("t", "u")), model(tags=("u",)), "adds 1 tag"),
        (pending({"a": "x", "b": {"c": 0}}), model({"a": " ", "d": 1}), "fills 2 fields"),
        (pending({}), model(size_bytes=0, type=""), "fills 2 fields"),
        (pending({"a": [1, 2]}), model({"a": [3]}), "extends 1 list"),
        (pending({"a": [3, 2], "b": [1]}), model({"a": [3], "b": [2, 1]}), "extends 1 list"),
        (pending(path="/copy"), model(), "adds its path"),
        (pending({"a": "x"}, images=images("p", "q"), tags=("t",)), model(), "adds 2 images and 1 tag, fills 1 field"),
    ],
)
def test_what_only_adds_is_merged(incoming: PendingImport, existing: Model, why: str) -> None:
    assert proposed(incoming, existing, "x") == Suggestion(MERGE, f"{why}, overwrites nothing: merge", safe=True)
    copies = f"{why}, overwrites nothing, 2 other imports of the same file: merge"
    assert proposed(incoming, existing, "x", copies=2) == Suggestion(MERGE, copies, safe=False)


def test_a_path_and_a_date_are_told_of() -> None:
    found = proposed(pending(path="/copy", created_at=5), model(), gone=True)
    why = "gives its path for yours, which is gone, overwrites nothing, keeps your date: merge"
    assert found == Suggestion(MERGE, why, safe=True)


@pytest.mark.parametrize(
    ("incoming", "existing", "why"),
    [
        ({"description": "abc"}, {"description": "abcdef"}, "description differs, yours is longer (6 to 3)"),
        ({"description": "abcd"}, {"description": "a"}, "description differs, its own is longer (4 to 1)"),
        ({"description": "a"}, {"description": "A"}, "description differs, both are as long (1 to 1)"),
        ({"rating": 5}, {"rating": 4.5}, "rating differs, 5 where yours is 4.5"),
        ({"on": True}, {"on": 1}, "on differs"),
        ({"a": {"b": 1}}, {"a": "text"}, "a differs"),
        ({"a": "text"}, {"a": ["text"]}, "a differs"),
        ({"a\x1b": 1}, {"a\x1b": "x"}, "a␛ differs"),
        (
            {"zz": "1", "prompts": {"negative": "a", "positive": "b"}},
            {"zz": "2", "prompts": {"negative": "x", "positive": "y"}},
            "prompts.positive differs, both are as long (1 to 1), so do 2 more fields",
        ),
        (
            {"zz": "1", "description": "b"},
            {"zz": "2", "description": "cc"},
            "description differs, yours is longer (2 to 1), so does 1 more field",
        ),
    ],
)
def test_what_differs_is_looked_at(incoming: dict[str, Any], existing: dict[str, Any], why: str) -> None:
    adds = pending(incoming | {"more": 1}, images=images("new"), tags=("t",))
    for one in (pending(incoming), adds):
        assert proposed(one, model(existing)) == Suggestion(None, f"its {why}: review", safe=False)


@pytest.mark.parametrize("name", ["a (2).st", "a (2)"])
@pytest.mark.parametrize("path", ["/m/a (2).st", "D:\\m\\a (2).st"])
def test_a_name_that_is_only_the_files_goes_with_the_path(name: str, path: str) -> None:
    found = proposed(pending(path=path, name=name, created_at=5, size_bytes=6), model())
    why = "adds its path, overwrites nothing, keeps your name, size and date: merge"
    assert found == Suggestion(MERGE, why, safe=True)
    assert proposed(pending(path=path, name="a"), model()).strategy is None


@pytest.mark.parametrize("column", ["name", "type"])
def test_a_name_and_a_type_are_looked_at_too(column: str) -> None:
    found = proposed(pending({"a": 1}, **{column: "other"}), model({"a": 2}))
    assert found.strategy is None and found.why.startswith(f"its {column} differs, its own is longer (5 to ")


def test_the_same_weights_under_another_header_are_merged_into_their_model() -> None:
    def of(incoming: PendingImport, existing: Model, **more: Any) -> Suggestion:
        plan = plan_promotion(incoming, existing, MERGE, (), 0, alias_of=SHA).plan
        return suggest(State.SAME_WEIGHTS, plan, **more)

    same = "same weights as aaaaaaaa"
    assert of(pending(), model()) == Suggestion(MERGE, f"{same}: adds no metadata: merge", safe=True)
    adds = of(pending({"a": 1}, size_bytes=9), model())
    assert adds == Suggestion(MERGE, f"{same}: fills 1 field, overwrites nothing, keeps your size: merge", safe=True)
    others = of(pending({"a": 1}), model(), with_weights=1)
    why = f"{same}: fills 1 field, overwrites nothing, 1 other import with the same weights: merge"
    assert others == Suggestion(MERGE, why, safe=False)
    differs = of(pending({"a": 1}), model({"a": 2}))
    assert differs == Suggestion(None, f"{same}: its a differs, 1 where yours is 2: review", safe=False)


def test_without_a_plan_nothing_is_proposed() -> None:
    reason = "the library could not be read \x1b"
    assert suggest(State.MISSING, None, reason=reason) == Suggestion(None, "its file is missing: review", safe=False)
    assert suggest(State.UNHASHED, None) == Suggestion(None, "not hashed yet", safe=False)
    found = suggest(State.CONFLICT, None, reason=reason)
    assert found == Suggestion(None, "the library could not be read ␛: review", safe=False)
    assert suggest(State.NEW, None) == Suggestion(None, "no plan can be made: review", safe=False)


def test_what_was_written_for_another_file_is_looked_at() -> None:
    for existing in (None, model()):
        told = proposed(pending(), existing, sha256=SHA, claimed_sha256=OTHER)
        assert told == Suggestion(None, "its metadata was written for another file: review", safe=False)
        assert proposed(pending(), existing, sha256=SHA, claimed_sha256=SHA) == proposed(pending(), existing)


@pytest.mark.parametrize("strategy", [Strategy.OVERRIDE, Strategy.DELETE, Strategy.SKIP])
def test_the_plan_of_another_strategy_is_refused(strategy: Strategy) -> None:
    with pytest.raises(ValueError, match="plan of a merge"):
        suggest(State.CONFLICT, plan_promotion(pending(), model(), strategy, (), 0).plan)


def test_the_table_can_be_read() -> None:
    assert len({rule.name for rule in RULES}) == len({rule.help for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.strategy is not None or not rule.safe
        assert rule.strategy in (None, MERGE, DELETE), "what overwrites is never proposed"


# --- nothing safe loses anything ---------------------------------------------------------------------------------

VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", " ", "x", "y", 0, 1, 1.0, True, [], ["x"], ["x", "y"], ["y", "y"], {}]
)
METAS = st.dictionaries(
    st.sampled_from("ab"), VALUES | st.dictionaries(st.sampled_from("cd"), VALUES, max_size=2), max_size=2
)
SETS = st.sets(st.sampled_from("tuv"), max_size=2).map(lambda found: tuple(sorted(found)))
COLUMNS = st.fixed_dictionaries(
    {"name": st.sampled_from(["", "n", "o", "c"]), "path": st.sampled_from(["/m", "/c"]), "meta": METAS, "tags": SETS}
)


def leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every value that is not empty; the items of a list count one by one."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        yield from ((path, ["item", item]) for item in value)
    elif not is_empty(value):
        yield path, value


def holds(whole: object, part: object) -> bool:
    have = list(leaves(whole))
    return all(any(path == p and json_equal(value, v) for p, v in have) for path, value in leaves(part))


@given(
    COLUMNS, COLUMNS, st.sets(st.sampled_from("pq")), st.sets(st.sampled_from("pq")), st.integers(0, 1), st.booleans()
)
def test_nothing_safe_loses_anything(
    new: dict[str, Any], old: dict[str, Any], comes: set[str], stored: set[str], refused: int, gone: bool
) -> None:
    incoming, existing = pending(images=images(*comes, refused=refused), **new), model(**old)
    planned = planned_of(incoming, existing, " ".join(stored), gone=gone)
    plan = planned.plan
    found = suggest(State.CONFLICT, plan)
    assert found.why.isprintable() and "\n" not in found.why
    if not found.safe:
        return
    assert not refused
    after = planned.row if found.strategy is MERGE else row_of(existing)
    assert holds(after["meta_json"], incoming.meta_json) and holds(after["meta_json"], existing.meta_json)
    assert {incoming.name, existing.name} <= {after["name"], incoming.path[1:], ""}
    if found.strategy is DELETE:
        assert set(incoming.tags) <= set(existing.tags) and comes <= stored and incoming.path == existing.path
    else:
        assert len(plan.images.added) == len(comes - stored)


def row_of(record: Model) -> dict[str, Any]:
    return {"name": record.name, "meta_json": record.meta_json}
