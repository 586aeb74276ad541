"""A manual merge through the library: stored with the decision, planned, promoted, undone."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from core import Library, Strategy
from core.domain.decision import Decision
from core.domain.enums import Action, Side, Status
from core.domain.plans import ImagePlan, Plan, TagPlan
from core.domain.records import QueueRow
from core.domain.resolution import NO_OVERRIDES, Resolution
from core.storage import pending
from core.storage.schema import SCHEMAS, migrations
from tests.support.builders import (
    add_model,
    add_pending,
    digest,
    model_file,
    model_of,
    pending_of,
    png,
    sources,
    tables,
    trash,
    undo_migrations_after,
)

SHA = digest(b"weights")
DESCRIPTION, RATING = ("meta_json", "description"), ("meta_json", "rating")
PICKS = Resolution(((DESCRIPTION, Side.BOTH), (RATING, Side.PENDING), (("name",), Side.PENDING)), ("unwanted",))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return model_file(tmp_path, "m.safetensors")


@pytest.fixture
def conflict(library: Library, weights: Path) -> int:
    """A pending import of a file whose model the library has, hashed."""
    mine = {"description": "mine", "rating": 4, "only": "mine"}
    add_model(library, SHA, weights, name="old", meta=mine, tag_names=["old"], images=[png(1)])
    theirs = {"description": "theirs", "rating": 5, "new": True}
    images = [png(2), png(3), png(2)]
    pending_id = add_pending(library, weights, name="new", meta=theirs, tag_names=["wanted", "unwanted"], images=images)
    library.processor.plan(pending_id, Strategy.MERGE)
    return pending_id


def picks_for(pending_id: int) -> Resolution:
    return PICKS.toggle_image(f"{pending_id}_0.png")


def planned(library: Library, pending_id: int, strategy: Strategy | None) -> Plan:
    look = library.queue.preview(pending_id, strategy)
    assert look is not None and look.plan is not None
    return look.plan


def row(library: Library, pending_id: int) -> QueueRow:
    return library.queue.rows([pending_id])[0]


def test_picks_are_stored_with_the_decision(library: Library, conflict: int) -> None:
    library.queue.decide([conflict], Decision(Strategy.MERGE, picks_for(conflict)))
    record = pending_of(library, conflict)
    assert record.decision == Decision(Strategy.MERGE, picks_for(conflict))
    assert library.queue.decisions() == [(conflict, Strategy.MERGE)]
    assert library.queue.full_decisions() == {conflict: Decision(Strategy.MERGE, picks_for(conflict))}
    assert row(library, conflict).has_overrides


def test_the_same_strategy_keeps_them_and_another_drops_them(library: Library, conflict: int) -> None:
    library.queue.decide([conflict], Decision(Strategy.MERGE, PICKS))
    library.queue.decide([conflict], Strategy.MERGE)
    assert pending_of(library, conflict).decision == Decision(Strategy.MERGE, PICKS)
    library.queue.decide([conflict], Strategy.OVERRIDE)
    assert pending_of(library, conflict).decision == Decision(Strategy.OVERRIDE)
    library.queue.decide([conflict], Decision(Strategy.OVERRIDE, PICKS))
    library.queue.decide([conflict], None)
    assert (library.queue.full_decisions(), row(library, conflict).has_overrides) == ({}, False)


def test_without_anything_picked_it_is_a_plain_decision(library: Library, conflict: int) -> None:
    library.queue.decide([conflict], Decision(Strategy.MERGE, NO_OVERRIDES))
    assert library.queue.decisions() == [(conflict, Strategy.MERGE)]
    plain = {conflict: Decision(Strategy.MERGE)}
    assert (library.queue.full_decisions(), row(library, conflict).has_overrides) == (plain, False)


def test_the_plan_of_the_decision_shows_them_and_other_plans_do_not(library: Library, conflict: int) -> None:
    plain = {strategy: planned(library, conflict, strategy) for strategy in (None, Strategy.MERGE, Strategy.OVERRIDE)}
    library.queue.decide([conflict], Decision(Strategy.MERGE, picks_for(conflict)))
    plan = planned(library, conflict, Strategy.MERGE)
    fields = {field.path: (field.result, field.side) for field in plan.fields}
    assert fields[DESCRIPTION] == ("mine\n\ntheirs", Side.BOTH)
    assert fields[RATING] == (5, Side.PENDING)
    assert fields[("name",)] == ("new", Side.PENDING)
    assert plan.tags == TagPlan(kept=("old",), added=("wanted",), left_out=("unwanted",))
    # Of two identical images the first is left out: the second is no duplicate of anything then.
    assert plan.images == ImagePlan(kept=(0,), added=(1, 2), left_out=(f"{conflict}_0.png",))
    for strategy in (None, Strategy.OVERRIDE):
        assert planned(library, conflict, strategy) == plain[strategy]


@pytest.mark.parametrize("strategy", [Strategy.MERGE, Strategy.OVERRIDE])
def test_what_was_planned_is_what_is_done_and_can_be_undone(
    library: Library, conflict: int, strategy: Strategy
) -> None:
    picks = picks_for(conflict).with_side(("meta_json", "only"), Side.EXISTING)
    library.queue.decide([conflict], Decision(strategy, picks))
    before = tables(library.root / "library.db")
    plan = planned(library, conflict, strategy)
    outcome = library.processor.process_single_import(conflict, strategy, confirmed=plan, resolution=picks)
    assert outcome.status is Status.SUCCESS
    model = model_of(library, SHA)
    assert (model.name, model.tags) == ("new", ("old", "wanted"))
    assert model.meta_json == {"description": "mine\n\ntheirs", "rating": 5, "only": "mine", "new": True}
    expected = {Strategy.MERGE: [1, 3, 2], Strategy.OVERRIDE: [3, 2]}[strategy]
    assert sources(library, SHA) == [(seq, digest(png(n))) for seq, n in enumerate(expected)]
    kept = [name for names in trash(library).values() for name in names]
    assert any(name.endswith(f"{conflict}_0.png") for name in kept), "what was left out is not lost"
    assert library.undo().refused == ""
    after = tables(library.root / "library.db")
    assert all(
        after[table] == before[table] for table in ("pending_import", "pending_images", "models", "model_images")
    )
    assert pending_of(library, conflict).decision == Decision(strategy, picks)
    assert model_of(library, SHA).meta_json["description"] == "mine"


def test_a_stored_pick_plays_no_part_unless_it_is_passed(library: Library, conflict: int) -> None:
    plain = library.processor.plan(conflict, Strategy.MERGE)
    library.queue.decide([conflict], Decision(Strategy.MERGE, PICKS))
    assert library.processor.plan(conflict, Strategy.MERGE) == plain
    told = library.processor.process_single_import(
        conflict, Strategy.MERGE, confirmed=planned(library, conflict, Strategy.MERGE)
    )
    assert told.status is Status.CHANGED
    assert library.processor.dry_run(conflict, Strategy.MERGE, resolution=PICKS).plan == planned(
        library, conflict, Strategy.MERGE
    )


def test_tags_and_images_are_left_out_of_a_new_model_too(library: Library, weights: Path) -> None:
    pending_id = add_pending(library, weights, meta={"a": 1}, tag_names=["wanted", "unwanted"], images=[png(1), png(2)])
    picks = Resolution(((("meta_json", "a"), Side.EXISTING),), ("unwanted",), (f"{pending_id}_0.png",))
    outcome = library.processor.process_single_import(pending_id, Strategy.MERGE, resolution=picks)
    assert outcome.action_taken is Action.INSERTED
    assert outcome.images == (f"{SHA}_0.webp",)
    model = model_of(library, SHA)
    assert (model.tags, model.meta_json) == (("wanted",), {"a": 1}), "there is nothing to choose from in a new model"


def test_a_library_of_the_first_version_gets_its_column(tmp_path: Path, weights: Path) -> None:
    folder = tmp_path / "old"
    with Library.open(folder) as library:
        pending_id = add_pending(library, weights, images=[png(1)])
        library.queue.decide([pending_id], Strategy.DELETE)
        undone = add_pending(library, weights, name="deleted")
        library.processor.process_single_import(undone, Strategy.DELETE)
    undo_migrations_after(folder / "library.db", "1_library_queue_journal")
    with sqlite3.connect(folder / "library.db") as connection:
        connection.execute("UPDATE journal SET before = replace(before, ', \"picks\": null', '')")
    connection.close()
    with Library.open(folder) as library:
        assert {step.name for step in migrations.applied(library.store.db)} == SCHEMAS.keys()
        assert len(list(folder.glob(f"library.db.before-{len(SCHEMAS)}-*"))) == 1, "the database was copied first"
        record = pending_of(library, pending_id)
        assert (record.decision, len(record.images)) == (Decision(Strategy.DELETE), 1)
        library.queue.decide([pending_id], Decision(Strategy.MERGE, PICKS))
        assert pending_of(library, pending_id).decision == Decision(Strategy.MERGE, PICKS)
        assert library.undo().refused == "", "an operation of before can be taken back"
        assert pending_of(library, undone).name == "deleted"


def test_a_record_goes_in_with_its_picks(library: Library) -> None:
    db = Database(memory=True)
    migrations.apply(db)
    pending_id = add_pending(library, "/gone")
    record = replace(pending_of(library, pending_id), decision=Decision(Strategy.MERGE, PICKS))
    pending.insert(db, record, [])
    assert pending.get(db, pending_id) == record
    db.close()
