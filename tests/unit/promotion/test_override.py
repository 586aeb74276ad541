"""Promoting a conflict with the strategy override: the complete resulting state."""

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


def tier_names(*numbers: int) -> set[str]:
    return {f"{SHA}_{number}_{tier}.webp" for number in numbers for tier in Tier}


def test_the_whole_state_after_an_override(library: Library, weights: Path) -> None:
    old_meta = {"gone": 1, "description": "old", "prompts": {"positive": "p"}}
    add_model(library, SHA, "/m/old", meta=old_meta, tag_names=["old", "both"], images=[png(1), png(2), png(3)])
    folder = library.root / "images" / SHA[:2] / SHA
    old_tiers = files(folder)
    new_meta = {"description": "", "prompts": {}, "list": []}
    pending_id = add_pending(
        library, weights, meta=new_meta, tag_names=["both", "new"], images=[png(4), b"no image", png(1)]
    )

    outcome = library.processor.process_single_import(pending_id, Strategy.OVERRIDE)

    names = tuple(f"{SHA}_{n}.webp" for n in range(3))
    assert (outcome.status, outcome.sha256, outcome.action_taken) == (Status.SUCCESS, SHA, Action.OVERRIDDEN)
    assert (outcome.images, outcome.in_place) == (names, True)
    assert [refused.image for refused in outcome.refused] == [f"{pending_id}_1.png"]
    expected = Model(SHA, str(weights), "new", "lora", 7, 1000, new_meta, ("both", "new", "old"))
    assert model_of(library, SHA) == expected
    assert locations(library, SHA) == sorted(["/m/old", str(weights)])
    assert sources(library, SHA) == [(0, digest(png(4))), (1, digest(png(1))), (2, digest(png(3)))]
    assert library.show(str(pending_id)) is None
    assert (files(library.root / "pending"), files(library.root / "staging")) == ({}, {})
    entry = journal(library)[-1]
    assert (entry["kind"], entry["action"], entry["open"]) == ("promote", "overridden", 0)
    assert trash(library) == {entry["op"]: tier_names(0, 1) | {f"{pending_id}_{n}.png" for n in range(3)}}
    kept = files(library.root / "trash" / entry["op"])
    assert {name: kept[name] for name in tier_names(0, 1)} == {name: old_tiers[name] for name in tier_names(0, 1)}
    assert all(files(folder)[name] == old_tiers[name] for name in tier_names(2)), "a further old image stays"
    (old,) = entry["before"]["models"]
    assert (old["name"], old["path"]) == ("old", "/m/old")
    assert [image["source_sha256"] for image in entry["before"]["model_images"]] == [digest(png(n)) for n in (1, 2, 3)]
    assert [image["seq"] for image in entry["after"]["model_images"]] == [0, 1, 2]
    assert [move["had"] for move in entry["moves"]] == [True] * 6 + [False] * 3


def test_even_empty_values_are_taken(library: Library) -> None:
    path = library.root.parent / "models" / "m"
    model_file(path.parent, "m", WEIGHTS)
    add_model(library, SHA, path, meta={"a": 1}, tag_names=["t"])
    pending_id = add_pending(library, path, name="", type_="", size_bytes=0, created_at=0)
    assert library.processor.process_single_import(pending_id, Strategy.OVERRIDE).action_taken is Action.OVERRIDDEN
    assert model_of(library, SHA) == Model(SHA, str(path), "", "", 0, 0, {}, ("t",))


def test_more_images_than_the_model_had(library: Library, weights: Path) -> None:
    add_model(library, SHA, weights, images=[png(1)])
    pending_id = add_pending(library, weights, images=[png(2), png(2), png(3)])
    plan = library.processor.plan(pending_id, Strategy.OVERRIDE)
    assert (plan.images.replaced, plan.images.added, plan.images.duplicate) == ((0,), (1, 2), ())
    outcome = library.processor.process_single_import(pending_id, Strategy.OVERRIDE)
    assert outcome.images == tuple(f"{SHA}_{n}.webp" for n in range(3))
    assert sources(library, SHA) == [(0, digest(png(2))), (1, digest(png(2))), (2, digest(png(3)))]


def test_without_images_the_old_ones_stay(library: Library, weights: Path) -> None:
    add_model(library, SHA, weights, images=[png(1), png(2)])
    before = files(library.root / "images")
    pending_id = add_pending(library, weights)
    outcome = library.processor.process_single_import(pending_id, Strategy.OVERRIDE)
    assert outcome.images == (f"{SHA}_0.webp", f"{SHA}_1.webp")
    assert files(library.root / "images") == before
    assert trash(library) == {}


def test_an_image_that_the_model_already_has_goes_where_it_stands(library: Library, weights: Path) -> None:
    add_model(library, SHA, weights, images=[png(1), png(2)])
    pending_id = add_pending(library, weights, images=[png(2), png(1)])
    library.processor.process_single_import(pending_id, Strategy.OVERRIDE)
    assert sources(library, SHA) == [(0, digest(png(2))), (1, digest(png(1)))]


def test_a_file_in_the_way_is_displaced_not_lost(library: Library, weights: Path) -> None:
    add_model(library, SHA, weights)
    pending_id = add_pending(library, weights, images=[png(1)])
    stray = library.root / relative_path(SHA, 0, Tier.MEDIUM)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"someone's")
    assert library.processor.plan(pending_id, "override").images.replaced == (0,)
    library.processor.process_single_import(pending_id, Strategy.OVERRIDE)
    assert sources(library, SHA) == [(0, digest(png(1)))]
    (op,) = trash(library)
    assert (library.root / "trash" / op / stray.name).read_bytes() == b"someone's"
