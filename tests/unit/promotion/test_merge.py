"""Promoting a conflict with the strategy merge: the complete resulting state."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import Library, Strategy
from core.domain.enums import Action, Status, Tier
from core.domain.records import Model
from core.images.scanner import relative_path
from tests.support.builders import (
    add_model,
    add_pending,
    digest,
    files,
    journal,
    locations,
    model_file,
    model_of,
    png,
    sources,
    trash,
)

WEIGHTS = b"weights"
SHA = digest(WEIGHTS)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return model_file(tmp_path, "m.safetensors", WEIGHTS)


def test_the_whole_state_after_a_merge(library: Library, weights: Path, tmp_path: Path) -> None:
    old_path = model_file(tmp_path, "old/m.safetensors", WEIGHTS)
    old_meta = {"kept": 0, "description": " ", "prompts": {"positive": "p", "negative": ""}, "words": ["a", 1]}
    add_model(library, SHA, old_path, name=" ", size_bytes=0, meta=old_meta, tag_names=["old", "both"], images=[png(1)])
    old_images = files(library.root / "images")
    new_meta = {
        "kept": 5, "description": "d", "prompts": {"positive": "q", "negative": "n"}, "words": [1, True, "a"],
        "empty": "", "unknown": {"deep": [None]},
    }  # fmt: skip
    images = [png(2), png(1), b"no image", png(3), png(2)]
    pending_id = add_pending(library, weights, meta=new_meta, tag_names=["both", "new"], images=images)

    outcome = library.processor.process_single_import(pending_id, Strategy.MERGE)

    names = tuple(f"{SHA}_{n}.webp" for n in range(3))
    assert (outcome.status, outcome.sha256, outcome.action_taken) == (Status.SUCCESS, SHA, Action.MERGED)
    assert (outcome.images, outcome.in_place) == (names, True)
    assert [refused.image for refused in outcome.refused] == [f"{pending_id}_2.png"]
    meta = {
        "kept": 0, "description": "d", "prompts": {"positive": "p", "negative": "n"}, "words": ["a", 1, True],
        "unknown": {"deep": [None]},
    }  # fmt: skip
    expected = Model(SHA, str(old_path), "new", "checkpoint", 7, 500, meta, ("both", "new", "old"))
    assert model_of(library, SHA) == expected
    assert model_of(library, SHA).meta_json["words"][2] is True
    assert list(model_of(library, SHA).meta_json) == list(meta), "the order of the keys"
    assert locations(library, SHA) == sorted([str(old_path), str(weights)])
    assert sources(library, SHA) == [(0, digest(png(1))), (1, digest(png(2))), (2, digest(png(3)))]
    now = files(library.root / "images")
    assert {name: now[name] for name in old_images} == old_images
    assert library.show(str(pending_id)) is None
    assert (files(library.root / "pending"), files(library.root / "staging")) == ({}, {})
    entry = journal(library)[-1]
    assert (entry["kind"], entry["action"], entry["open"]) == ("promote", "merged", 0)
    assert trash(library) == {entry["op"]: {f"{pending_id}_{n}.png" for n in range(5)}}
    assert [row["name"] for row in entry["before"]["models"]] == [" "]
    assert [row["name"] for row in entry["after"]["models"]] == ["new"]


def test_a_path_that_is_gone_gives_way(library: Library, weights: Path, tmp_path: Path) -> None:
    add_model(library, SHA, tmp_path / "gone")
    pending_id = add_pending(library, weights)
    library.processor.process_single_import(pending_id, Strategy.MERGE)
    assert model_of(library, SHA).path == str(weights)
    assert locations(library, SHA) == sorted([str(tmp_path / "gone"), str(weights)])


def test_images_are_appended_behind_the_highest_file(library: Library, weights: Path) -> None:
    add_model(library, SHA, weights, images=[png(n) for n in range(11)])
    stray = library.root / relative_path(SHA, 20, Tier.HIGH)
    stray.write_bytes(b"someone's")
    pending_id = add_pending(library, weights, images=[png(90), png(91)])
    outcome = library.processor.process_single_import(pending_id, Strategy.MERGE)
    assert outcome.images == tuple(f"{SHA}_{n}.webp" for n in [*range(11), 20, 21, 22])
    assert stray.read_bytes() == b"someone's"
    stray.unlink()
    assert [seq for seq, _ in sources(library, SHA)] == [*range(11), 21, 22]


def test_merging_the_same_again_changes_nothing_of_the_model(library: Library, weights: Path) -> None:
    def add() -> int:
        return add_pending(library, weights, meta={"a": [1, 2], "b": {"c": 0}}, tag_names=["t"], images=[png(1)])

    library.processor.process_single_import(add())
    model, images, kept = model_of(library, SHA), sources(library, SHA), files(library.root / "images")
    pending_id = add()
    assert library.processor.plan(pending_id, "merge").images.duplicate == (f"{pending_id}_0.png",)
    outcome = library.processor.process_single_import(pending_id, Strategy.MERGE)
    assert (outcome.action_taken, outcome.images) == (Action.MERGED, (f"{SHA}_0.webp",))
    assert (model_of(library, SHA), sources(library, SHA)) == (model, images)
    assert files(library.root / "images") == kept
    assert f"{pending_id}_0.png" in trash(library)[journal(library)[-1]["op"]], "a duplicate goes to the trash"


def test_a_claim_that_names_another_model(library: Library, weights: Path) -> None:
    add_model(library, SHA, weights, meta={"mine": 1})
    add_model(library, "cd" * 32, "/m/other", meta={"theirs": 1})
    pending_id = add_pending(library, weights, meta={"more": 2}, claimed="cd" * 32)
    outcome = library.processor.process_single_import(pending_id, Strategy.MERGE)
    assert (outcome.sha256, outcome.claimed_sha256) == (SHA, "cd" * 32)
    assert model_of(library, SHA).meta_json == {"mine": 1, "more": 2}
    assert model_of(library, "cd" * 32).meta_json == {"theirs": 1}


def test_the_promotion_does_what_its_plan_says(library: Library, weights: Path) -> None:
    add_model(library, SHA, weights, meta={"a": {"x": 1}, "l": [1]}, tag_names=["t"], images=[png(1)])
    pending_id = add_pending(library, weights, meta={"a": {"y": 2}, "l": [2]}, tag_names=["u"], images=[png(2)])
    plan = library.processor.plan(pending_id, Strategy.MERGE)
    library.processor.process_single_import(pending_id, Strategy.MERGE, confirmed=plan)
    model = model_of(library, SHA)
    for leaf in plan.fields:
        value = model.meta_json if leaf.path[0] == "meta_json" else getattr(model, leaf.path[0])
        for key in leaf.path[1:]:
            value = value[key]
        assert value == leaf.result, leaf.path
    assert model.tags == plan.tags.kept + plan.tags.added
    assert [seq for seq, _ in sources(library, SHA)] == [*plan.images.kept, *plan.images.added]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_equal_images_the_one_that_is_still_whole_is_taken(
    library: Library, weights: Path, order: tuple[int, int]
) -> None:
    """The verdict on the bytes is known, so that only staging sees that one file no longer holds them."""
    add_model(library, SHA, weights)
    pending_id = add_pending(library, weights, images=[png(1), png(1)])
    library.processor.plan(pending_id, Strategy.MERGE)
    broken, whole = (f"{pending_id}_{n}.png" for n in order)
    (library.root / "pending" / broken).write_bytes(png(7))
    outcome = library.processor.process_single_import(pending_id, Strategy.MERGE)
    assert outcome.status is Status.SUCCESS
    assert sources(library, SHA) == [(0, digest(png(1)))]
    assert trash(library)[journal(library)[-1]["op"]] == {broken, whole}
