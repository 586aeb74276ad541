"""Promoting a model that is new to the library: the complete resulting state."""

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
    half_png,
    journal,
    locations,
    model_file,
    model_of,
    pending_of,
    png,
    sources,
    tables,
    trash,
)

WEIGHTS = b"weights"
SHA = digest(WEIGHTS)
META = {
    "description": "d",
    "n": 0,
    "off": False,
    "empty": "",
    "prompts": {"positive": "p"},
    "unknown": [1, {"x": None}],
}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return model_file(tmp_path, "m.safetensors", WEIGHTS)


@pytest.mark.parametrize("strategy", [None, "override", "merge", Strategy.OVERRIDE, Strategy.MERGE])
def test_the_whole_state_after_an_insert(library: Library, weights: Path, strategy: Strategy | str | None) -> None:
    add_model(library, "ab" * 32, "/m/other", tag_names=["shared", "theirs"], images=[png(9)])
    other = add_pending(library, "/m/waiting", tag_names=["shared"], images=[png(8)])
    pending_id = add_pending(library, weights, meta=META, tag_names=["shared", "Zeta"], images=[png(1), png(2), png(1)])
    waiting, theirs = pending_of(library, other), model_of(library, "ab" * 32)

    outcome = library.processor.process_single_import(pending_id, strategy)

    names = tuple(f"{SHA}_{n}.webp" for n in range(3))
    assert (outcome.status, outcome.id, outcome.sha256) == (Status.SUCCESS, pending_id, SHA)
    assert (outcome.action_taken, outcome.images, outcome.refused) == (Action.INSERTED, names, ())
    assert (outcome.in_place, outcome.claimed_sha256, outcome.error) == (True, None, None)
    assert model_of(library, SHA) == Model(SHA, str(weights), "new", "lora", 7, 1000, META, ("Zeta", "shared"))
    assert list(model_of(library, SHA).meta_json) == list(META), "the order of the keys"
    assert locations(library, SHA) == [str(weights)]
    assert sources(library, SHA) == [(0, digest(png(1))), (1, digest(png(2))), (2, digest(png(1)))]
    assert library.show(str(pending_id)) is None
    assert files(library.root / "pending") == {f"{other}_0.png": digest(png(8))}
    assert files(library.root / "staging") == {}
    entry = journal(library)[-1]
    assert trash(library) == {entry["op"]: {f"{pending_id}_{n}.png" for n in range(3)}}
    assert (pending_of(library, other), model_of(library, "ab" * 32)) == (waiting, theirs)
    assert sources(library, "ab" * 32) == [(0, digest(png(9)))]
    assert weights.read_bytes() == WEIGHTS


def test_the_journal_entry_of_an_insert(library: Library, weights: Path) -> None:
    pending_id = add_pending(library, weights, tag_names=["t"], images=[png(1)])
    library.processor.process_single_import(pending_id)
    (entry,) = journal(library)
    assert (entry["kind"], entry["action"]) == ("promote", "inserted")
    assert (entry["pending_id"], entry["sha256"]) == (pending_id, SHA)
    assert (entry["open"], entry["lost"]) == (0, None)
    targets = [relative_path(SHA, 0, tier) for tier in Tier]
    kept = f"trash/{entry['op']}/{pending_id}_0.png"
    assert [move["dst"] for move in entry["moves"]] == [*targets, kept]
    assert not any(move["had"] for move in entry["moves"])
    assert entry["before"]["models"] == []
    assert [row["id"] for row in entry["before"]["pending_import"]] == [pending_id]
    assert entry["after"]["pending_import"] == []
    assert [row["sha256"] for row in entry["after"]["models"]] == [SHA]
    assert [row["seq"] for row in entry["after"]["model_images"]] == [0]
    assert len(entry["after"]["model_tags"]) == 1


def test_a_model_without_images_or_metadata(library: Library, weights: Path) -> None:
    pending_id = add_pending(library, weights, name="", type_="", size_bytes=0, created_at=0)
    outcome = library.processor.process_single_import(pending_id)
    assert (outcome.images, outcome.in_place) == ((), True)
    assert model_of(library, SHA) == Model(SHA, str(weights), "", "", 0, 0, {}, ())
    assert (sources(library, SHA), trash(library), files(library.root / "images")) == ([], {}, {})


def test_images_are_numbered_behind_files_that_lie_around(library: Library, weights: Path) -> None:
    pending_id = add_pending(library, weights, images=[png(1), png(2)])
    stray = library.root / relative_path(SHA, 4, Tier.LOW)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"someone's")
    plan = library.processor.plan(pending_id)
    assert plan.images.added == (5, 6)
    outcome = library.processor.process_single_import(pending_id)
    assert outcome.images == tuple(f"{SHA}_{n}.webp" for n in (4, 5, 6))
    assert stray.read_bytes() == b"someone's"
    stray.unlink()
    assert sources(library, SHA) == [(5, digest(png(1))), (6, digest(png(2)))]


def test_refused_images_are_named_and_go_to_the_trash(library: Library, weights: Path) -> None:
    pending_id = add_pending(library, weights, images=[b"no image", png(1), half_png(2), png(3)])
    first, _, half, _ = (f"{pending_id}_{n}.png" for n in range(4))
    plan = library.processor.plan(pending_id)
    assert (plan.images.refused, plan.images.added) == ((first, half), (0, 1))
    outcome = library.processor.process_single_import(pending_id, confirmed=plan)
    assert outcome.status is Status.SUCCESS
    assert [refused.image for refused in outcome.refused] == [first, half]
    assert all(refused.reason for refused in outcome.refused)
    assert sources(library, SHA) == [(0, digest(png(1))), (1, digest(png(3)))]
    (op,) = trash(library)
    kept = files(library.root / "trash" / op)
    assert kept[first] == digest(b"no image") and kept[half] == digest(half_png(2)) and len(kept) == 4
    assert files(library.root / "pending") == {}


def test_a_model_is_promoted_without_images_that_cannot_be_had(library: Library, weights: Path) -> None:
    pending_id = add_pending(library, weights, images=[png(n) for n in range(5)])
    pictures = [library.root / "pending" / f"{pending_id}_{n}.png" for n in range(5)]
    pictures[0].unlink()
    pictures[1].write_bytes(png(77))
    pictures[2].unlink()
    pictures[2].symlink_to(weights)
    pictures[3].unlink()
    pictures[3].mkdir()
    outcome = library.processor.process_single_import(pending_id)
    assert [(refused.image, refused.reason) for refused in outcome.refused] == [
        (pictures[0].name, "its file is missing"),
        (pictures[1].name, "its file changed since it was imported"),
        (pictures[2].name, "a symbolic link"),
        (pictures[3].name, "not a regular file"),
    ]
    assert sources(library, SHA) == [(0, digest(png(4)))]
    assert list(trash(library).values()) == [{picture.name for picture in pictures[1:]}]
    assert files(library.root / "pending") == {}
    assert weights.read_bytes() == WEIGHTS


@pytest.mark.parametrize("claimed", [SHA, "cd" * 32, None])
def test_a_hash_that_came_along_is_a_claim(library: Library, weights: Path, claimed: str | None) -> None:
    add_model(library, "cd" * 32, "/m/other", meta={"theirs": 1})
    pending_id = add_pending(library, weights, claimed=claimed)
    theirs = model_of(library, "cd" * 32)
    outcome = library.processor.process_single_import(pending_id)
    assert (outcome.sha256, outcome.action_taken) == (SHA, Action.INSERTED)
    assert outcome.claimed_sha256 == (claimed if claimed != SHA else None)
    assert model_of(library, "cd" * 32) == theirs


def test_what_no_terminal_or_file_system_can_show(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "odd \x1b[31m \udcff 墨.safetensors", WEIGHTS)
    pending_id = add_pending(library, path, name="[bold]\x1b", meta={"ключ": "墨\u202e"}, tag_names=["水墨"])
    assert library.processor.process_single_import(pending_id).status is Status.SUCCESS
    model = model_of(library, SHA)
    assert (model.path, model.name, model.tags) == (str(path), "[bold]\x1b", ("水墨",))
    assert model.meta_json == {"ключ": "墨\u202e"}


def test_one_transaction_holds_all_rows(library: Library, weights: Path) -> None:
    """Where the last row of a promotion cannot be written, none is."""
    pending_id = add_pending(library, weights, tag_names=["t"], images=[png(1)])
    library.store.db.execute(
        "CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'no room left'); END"
    )
    before = tables(library.root / "library.db"), files(library.root)
    outcome = library.processor.process_single_import(pending_id)
    assert outcome.status is Status.ERROR and "no room left" in (outcome.error or "")
    assert (tables(library.root / "library.db"), files(library.root)) == before
