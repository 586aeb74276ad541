"""One promotion by its id: what is refused, what changes nothing, what a deletion removes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core import Library, Strategy
from core.domain.enums import Action, Status
from core.domain.outcomes import Conflict
from core.errors import Cancelled
from core.promotion.errors import PromotionRefused
from tests.support.builders import (
    add_model,
    add_pending,
    digest,
    files,
    journal,
    model_file,
    model_of,
    pending_of,
    png,
    snapshot,
    sources,
    trash,
)

WEIGHTS = b"weights"
SHA = digest(WEIGHTS)
EVERY = [None, *Strategy]
TAKING = [None, Strategy.OVERRIDE, Strategy.MERGE]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return model_file(tmp_path, "m.safetensors", WEIGHTS)


def conflict(library: Library, weights: Path) -> int:
    """A model in the library, and a pending import of the same file."""
    add_model(library, SHA, weights, meta={"a": 1}, tag_names=["old"], images=[png(1)])
    return add_pending(library, weights, meta={"b": 2}, tag_names=["new"], images=[png(2), png(3)])


@pytest.mark.parametrize("strategy", EVERY)
def test_no_such_id(library: Library, strategy: Strategy | None) -> None:
    before = snapshot(library)
    outcome = library.processor.process_single_import(7, strategy)
    assert (outcome.status, outcome.id, outcome.action_taken) == (Status.NOT_FOUND, 7, None)
    assert library.processor.dry_run(7, strategy).status is Status.NOT_FOUND
    assert snapshot(library) == before


@pytest.mark.parametrize("strategy", ["insert", "MERGE", "", 1, True])
def test_an_unknown_strategy_is_refused_before_anything_happens(library: Library, weights: Path, strategy: str) -> None:
    pending_id = conflict(library, weights)
    before = snapshot(library)
    for number in (pending_id, 99):
        with pytest.raises(ValueError):
            library.processor.process_single_import(number, strategy)
        with pytest.raises(ValueError):
            library.processor.dry_run(number, strategy)
    assert snapshot(library) == before
    assert not library.store.db.execute("SELECT 1 FROM file_hashes").fetchall(), "the file was hashed"


@pytest.mark.parametrize("strategy", EVERY)
def test_an_id_that_is_being_promoted_is_locked_at_once(
    library: Library, weights: Path, strategy: Strategy | None
) -> None:
    pending_id = add_pending(library, weights)
    before = snapshot(library)
    answers = []

    def meanwhile(done: int, total: int) -> None:
        answers.append(library.processor.process_single_import(pending_id, strategy))
        assert snapshot(library) == before

    outcome = library.processor.process_single_import(pending_id, progress=meanwhile)
    assert [(answer.status, answer.id) for answer in answers] == [(Status.LOCKED, pending_id)]
    assert outcome.action_taken is Action.INSERTED
    again = library.processor.process_single_import(pending_id, strategy)
    assert again.status is Status.NOT_FOUND, "the lock was not given back"


def test_the_lock_is_given_back_after_an_error(library: Library, weights: Path) -> None:
    pending_id = add_pending(library, weights)
    weights.unlink()
    assert library.processor.process_single_import(pending_id).status is Status.ERROR
    weights.write_bytes(WEIGHTS)
    assert library.processor.process_single_import(pending_id).status is Status.SUCCESS


@pytest.mark.parametrize("exists", [True, False])
def test_skip_changes_nothing_and_hashes_nothing(library: Library, weights: Path, exists: bool) -> None:
    pending_id = conflict(library, weights)
    library.queue.decide([pending_id], Strategy.MERGE)
    if not exists:
        weights.unlink()
    before = snapshot(library)
    outcome = library.processor.process_single_import(pending_id, Strategy.SKIP, progress=_never)
    assert (outcome.status, outcome.action_taken, outcome.sha256) == (Status.SUCCESS, Action.IGNORED, None)
    assert (outcome.images, outcome.refused, outcome.in_place) == ((), (), True)
    assert snapshot(library) == before


def test_skip_tells_a_hash_that_is_known(library: Library, weights: Path) -> None:
    pending_id = add_pending(library, weights)
    library.processor.plan(pending_id)
    assert library.processor.process_single_import(pending_id, "skip").sha256 == SHA


def _never(done: int, total: int) -> None:
    raise AssertionError("the file was read")


@pytest.mark.parametrize("exists", [True, False])
def test_delete_takes_row_tags_and_images_away(library: Library, weights: Path, exists: bool) -> None:
    pending_id = conflict(library, weights)
    other = add_pending(library, weights, tag_names=["new"], images=[png(4)])
    model, others = model_of(library, SHA), pending_of(library, other)
    if not exists:
        weights.unlink()
    outcome = library.processor.process_single_import(pending_id, Strategy.DELETE, progress=_never)
    assert (outcome.status, outcome.action_taken, outcome.sha256) == (Status.SUCCESS, Action.DELETED, None)
    assert (outcome.images, outcome.refused, outcome.in_place) == ((), (), True)
    assert library.show(str(pending_id)) is None
    for table in ("pending_import_tags", "pending_images"):
        rows = library.store.db.execute(f"SELECT 1 FROM {table} WHERE pending_id = ?", [pending_id])
        assert rows.fetchall() == []
    assert (model_of(library, SHA), pending_of(library, other)) == (model, others), "something else changed"
    assert sources(library, SHA) == [(0, digest(png(1)))]
    assert files(library.root / "pending") == {f"{other}_0.png": digest(png(4))}
    entry = journal(library)[-1]
    names = [f"{pending_id}_0.png", f"{pending_id}_1.png"]
    assert trash(library) == {entry["op"]: set(names)}
    assert files(library.root / "trash" / entry["op"]) == {names[0]: digest(png(2)), names[1]: digest(png(3))}
    assert files(library.root / "staging") == {}
    assert weights.exists() is exists


def test_the_entry_of_a_deletion_keeps_the_rows(library: Library, weights: Path) -> None:
    pending_id = add_pending(library, weights, name="n", meta={"k": [1]}, tag_names=["t"], images=[png(1)])
    library.processor.plan(pending_id)
    assert library.processor.process_single_import(pending_id, Strategy.DELETE).sha256 == SHA
    (entry,) = journal(library)
    assert (entry["kind"], entry["action"], entry["pending_id"]) == ("promote", "deleted", pending_id)
    assert (entry["open"], entry["lost"], entry["undone_by"]) == (0, None, None)
    (row,) = entry["before"]["pending_import"]
    assert (row["id"], row["name"], row["meta_json"]) == (pending_id, "n", '{"k":[1]}')
    assert [image["file"] for image in entry["before"]["pending_images"]] == [f"{pending_id}_0.png"]
    assert len(entry["before"]["pending_import_tags"]) == 1
    assert not any(entry["after"].values())


def test_delete_where_images_have_vanished(library: Library, tmp_path: Path) -> None:
    pending_id = add_pending(library, "", images=[png(1), png(2)])
    (library.root / "pending" / f"{pending_id}_0.png").unlink()
    assert library.processor.process_single_import(pending_id, "delete").action_taken is Action.DELETED
    assert files(library.root / "pending") == {}
    assert list(trash(library).values()) == [{f"{pending_id}_1.png"}]
    assert [entry["lost"] for entry in journal(library)] == [None]


def test_an_id_is_never_given_again(library: Library, weights: Path) -> None:
    first = add_pending(library, weights)
    library.processor.process_single_import(first, Strategy.DELETE)
    assert add_pending(library, weights) > first


def test_conflict_without_a_strategy_changes_nothing_and_carries_both(library: Library, weights: Path) -> None:
    pending_id = conflict(library, weights)
    before = snapshot(library)
    outcome = library.processor.process_single_import(pending_id)
    assert (outcome.status, outcome.sha256, outcome.action_taken) == (Status.CONFLICT, SHA, None)
    assert isinstance(outcome, Conflict) and outcome.existing is not None
    assert outcome.existing.record == model_of(library, SHA)
    assert outcome.existing.images == (f"{SHA}_0.webp",)
    assert outcome.pending.record == pending_of(library, pending_id)
    assert outcome.pending.images == (f"{pending_id}_0.png", f"{pending_id}_1.png")
    dry = library.processor.dry_run(pending_id)
    assert (dry.status, dry.plan) == (Status.CONFLICT, None)
    with pytest.raises(PromotionRefused) as refused:
        library.processor.plan(pending_id)
    assert refused.value.outcome.status is Status.CONFLICT
    assert snapshot(library) == before


def test_a_stored_decision_plays_no_part(library: Library, weights: Path) -> None:
    pending_id = conflict(library, weights)
    library.queue.decide([pending_id], Strategy.OVERRIDE)
    assert library.processor.process_single_import(pending_id).status is Status.CONFLICT


@pytest.mark.parametrize("strategy", EVERY)
def test_a_dry_run_changes_nothing_and_tells_what_comes(
    library: Library, weights: Path, strategy: Strategy | None
) -> None:
    pending_id = add_pending(library, weights, tag_names=["t"], images=[png(1)])
    before = snapshot(library)
    dry = library.processor.dry_run(pending_id, strategy)
    assert snapshot(library) == before
    assert dry.plan is not None and dry.status is Status.SUCCESS
    outcome = library.processor.process_single_import(pending_id, strategy, confirmed=dry.plan)
    assert outcome.action_taken is dry.plan.action_taken is dry.action_taken


@pytest.mark.parametrize("strategy", TAKING)
@pytest.mark.parametrize("change", ["name", "tag", "image gone"])
def test_what_is_no_longer_what_was_confirmed_changes_nothing(
    library: Library, weights: Path, strategy: Strategy | None, change: str
) -> None:
    pending_id = add_pending(library, weights, images=[png(1)])
    seen = library.processor.plan(pending_id, strategy)
    _later(library, pending_id)[change]()
    before = snapshot(library)
    outcome = library.processor.process_single_import(pending_id, strategy, confirmed=seen)
    assert (outcome.status, outcome.action_taken, outcome.images) == (Status.CHANGED, None, ())
    assert outcome.plan is not None and outcome.plan != seen
    assert outcome.plan == library.processor.plan(pending_id, strategy)
    assert snapshot(library) == before
    outcome = library.processor.process_single_import(pending_id, strategy, confirmed=outcome.plan)
    assert (outcome.status, outcome.plan) == (Status.SUCCESS, None)


def _later(library: Library, pending_id: int) -> dict[str, Callable[[], object]]:
    db = library.store.db
    return {
        "name": lambda: db.execute("UPDATE pending_import SET name = 'other'"),
        "tag": lambda: db.executescript(
            f"""INSERT INTO tags VALUES (5, 'later', NULL, NULL);
            INSERT INTO pending_import_tags VALUES ({pending_id}, 5)"""
        ),
        "image gone": (library.root / "pending" / f"{pending_id}_0.png").unlink,
    }


def test_a_confirmed_insert_that_became_a_conflict(library: Library, weights: Path) -> None:
    pending_id = add_pending(library, weights)
    seen = library.processor.plan(pending_id, Strategy.MERGE)
    add_model(library, SHA, weights)
    outcome = library.processor.process_single_import(pending_id, Strategy.MERGE, confirmed=seen)
    assert outcome.status is Status.CHANGED
    assert outcome.plan is not None and outcome.plan.action_taken is Action.MERGED


def test_cancelling_leaves_everything(library: Library, weights: Path) -> None:
    pending_id = add_pending(library, weights, images=[png(1)])
    before = snapshot(library)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        library.processor.process_single_import(pending_id, cancel=cancel)
    with pytest.raises(Cancelled):
        library.processor.dry_run(pending_id, cancel=cancel)
    assert snapshot(library) == before
    assert library.processor.process_single_import(pending_id).status is Status.SUCCESS
