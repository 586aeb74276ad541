"""Deciding all similar imports: what matches, the number shown first, and what each key does then."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.enums import Strategy
from core.domain.query import parse
from core.domain.records import PendingImport
from core.library import Library
from core.storage import search
from tests.bench.libraries import build
from tests.support.app import CONFLICT, NEW, AppHarness, add_import, hashed_app, running, sample
from tests.support.model_tree import put_model
from tui.presenters.bulk_criteria import criteria
from tui.screens.bulk_decision import BulkDecisionScreen

NASTY = 'a "b"\n[bold] c'


async def ask(desk: AppHarness, pending_id: int) -> None:
    """Open the dialog on an import, and wait until all that fit are counted."""
    await desk.go_to(pending_id)
    await desk.press("equals_sign")
    await desk.wait_until(lambda: isinstance(desk.app.screen, BulkDecisionScreen))
    await desk.wait_for_text(" match", "#alike-note")


async def switch(desk: AppHarness, *downs: int) -> None:
    """Switch criteria, each so many lines below the one before, and wait for the new number."""
    for down in downs:
        await desk.press(*["j"] * down, "space")
    await desk.wait_until(lambda: "counting" not in desk.text("#alike-note"))


def at_rest(desk: AppHarness) -> bool:
    return len(desk.app.screen_stack) == 1 and desk.app.focused is desk.list


@pytest.mark.parametrize("size", [(80, 24), (140, 42)])
async def test_what_they_have_in_common_is_shown_and_counted(tmp_path: Path, size: tuple[int, int]) -> None:
    async with hashed_app(tmp_path, size) as desk:
        await ask(desk, CONFLICT)
        await desk.wait_for_text("harborlight_xl_v3 (1)", "#like")
        lines = [line.strip(" ▌") for line in desk.text("#criteria").split("\n")]
        assert [line.split("  ")[0] for line in lines] == [
            *("✓ same state", "✓ same type", "✓ same folder"),
            *("· same tag", "· same tag", "· undecided"),
        ]
        assert "conflict" in lines[0] and "checkpoint" in lines[1] and "models/downloads" in lines[2]
        await desk.wait_for_text("2 imports match", "#alike-note")
        await switch(desk, 1, 1)  # neither type nor folder
        assert "▌· same folder" in desk.text("#criteria")
        await desk.wait_for_text("5 imports match", "#alike-note")
        await desk.press("k", "k", "space")
        await desk.wait_for_text("Choose what they must have in common", "#alike-note")
        await desk.press("m", "enter", "full_stop")
        assert isinstance(desk.app.screen, BulkDecisionScreen), "nothing is chosen, so nothing is done"


@pytest.mark.parametrize(
    ("key", "strategy"),
    [("m", Strategy.MERGE), ("o", Strategy.OVERRIDE), ("d", Strategy.DELETE), ("s", Strategy.SKIP)],
)
async def test_a_decision_for_all_that_fit(tmp_path: Path, key: str, strategy: Strategy) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(12)
        await desk.press("space")
        await ask(desk, CONFLICT)
        await desk.press(key)
        await desk.wait_until(lambda: at_rest(desk))
        await desk.wait_until(lambda: desk.stored() == {7: strategy, 9: strategy})
        await desk.wait_for_text(f"{strategy} for 2 imports", "#status")
        await desk.wait_for_text("2 decided", "#top")
        assert f"● {strategy}" in desk.line_of(9)
        assert desk.list.current == CONFLICT and set(desk.model.marks.ids) == {12}, "marks have no part in it"


@pytest.mark.parametrize("key", ["enter", "y"])
async def test_all_that_fit_are_marked_those_not_shown_too(tmp_path: Path, key: str) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("slash", *"harbor", "enter")
        await desk.wait_until(lambda: list(desk.list.ids) == [CONFLICT])
        await desk.press("equals_sign")
        await desk.wait_for_text("2 imports match", "#alike-note")
        await desk.press(key)
        await desk.wait_until(lambda: at_rest(desk))
        assert set(desk.model.marks.ids) == {7, 9}
        await desk.wait_for_text("2 marked, 1 of them not shown", "#top")
        assert desk.stored() == {}


@pytest.mark.parametrize("key", ["n", "escape", "q"])
async def test_back_changes_nothing(tmp_path: Path, key: str) -> None:
    async with hashed_app(tmp_path) as desk:
        await ask(desk, NEW)
        await desk.press("space", key)
        await desk.wait_until(lambda: at_rest(desk))
        assert desk.stored() == {} and not desk.model.marks.ids


async def test_what_is_proposed_is_taken_and_the_rest_stays_marked(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await ask(desk, 8)
        await switch(desk, 1, 1)
        await desk.wait_for_text("5 imports match", "#alike-note")
        await desk.press("full_stop")
        await desk.wait_for_text("left: to review", "#status")
        await desk.wait_until(desk.stored)
        assert set(desk.stored()) | set(desk.model.marks.ids) == {6, 7, 8, 9, 10}
        assert not set(desk.stored()) & set(desk.model.marks.ids)
        assert CONFLICT in desk.model.marks.ids, "it is to be looked at"
        for pending_id in desk.stored():
            suggestion = desk.library.queue.suggestion(pending_id)
            assert suggestion is not None and suggestion.safe


async def test_what_is_decided_already_is_told(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        await desk.press("m", "j", "s")
        await ask(desk, CONFLICT)
        await desk.wait_for_text("● merge  m decides the same for all", "#like")
        await desk.wait_for_text("2 imports match; 1 of the others already decided (1 skip)", "#alike-note")
        await desk.press(*["j"] * 5, "space")
        await desk.wait_for_text("0 imports match", "#alike-note")
        await desk.press("m")
        assert isinstance(desk.app.screen, BulkDecisionScreen), "there is none"
        await desk.press("space")
        await desk.wait_for_text("2 imports match", "#alike-note")
        await desk.press("m")
        await desk.wait_until(lambda: desk.stored() == {7: Strategy.MERGE, 9: Strategy.MERGE})


async def test_a_click_switches(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await ask(desk, CONFLICT)
        await desk.pilot.click("#criteria", offset=(4, 2))
        await desk.wait_for_text("· same folder", "#criteria")
        await desk.wait_until(lambda: "counting" not in desk.text("#alike-note"))


def nasty(pending_id: int, **other: str) -> PendingImport:
    values = {"type": NASTY, "path": f"/m/{NASTY}/x{pending_id}", **other}
    return PendingImport(pending_id, values["path"], "n", values["type"], 1, 0, {}, (NASTY,))


async def test_any_value_can_be_had_in_common(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        for record in (nasty(101), nasty(102), nasty(103, type=NASTY.upper()), nasty(104, path="/m/x")):
            add_import(library, record)
        async with running(library) as desk:
            await desk.press("G", "k", "k", "k", "equals_sign")
            await desk.wait_for_text("2 imports match", "#alike-note")
            await switch(desk, 3)
            await desk.press("d")
            await desk.wait_until(lambda: desk.stored() == {101: Strategy.DELETE, 102: Strategy.DELETE})


def test_each_criterion_finds_the_import_itself(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        add_import(library, nasty(101))
        for row in library.queue.all():
            for criterion in criteria(row):
                assert row.id in library.queue.search(criterion.word), criterion
        with library.store.read() as db:
            assert len(search.ids(db, parse("state:new"))) == len(library.queue.search())


async def test_thousands_are_decided_at_once(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, 1500)) as library:
        async with running(library) as desk:
            await desk.press("equals_sign")
            await desk.wait_for_text(" match", "#alike-note")
            await switch(desk, 1, 1)
            await desk.wait_until(lambda: "imports match" in desk.text("#alike-note"))
            await desk.press("s")
            await desk.wait_until(lambda: at_rest(desk))
            await desk.wait_for_text(f"skip for {len(library.queue.search('state:missing')):,} imports", "#status")
            await desk.wait_until(lambda: len(desk.stored()) == len(library.queue.search("state:missing")))


async def test_the_epochs_of_one_training_take_one_decision(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "loras"
    for seed, name in enumerate(("koi-000004", "other", "koi-000008")):
        trained = {"ss_session_id": name[:3], "ss_output_name": name[:3]}
        put_model(folder / f"{name}.safetensors", seed=seed, metadata=trained)
    library.model_folders.scan([folder.parent])
    async with running(library) as desk:
        await desk.hashed()
        await ask(desk, desk.list.ids[0])
        assert "· same stack   epochs" in desk.text("#criteria")
        await desk.wait_for_text("3 imports match", "#alike-note")
        await switch(desk, 3)
        await desk.wait_for_text("2 imports match", "#alike-note")
        await desk.press("m")
        await desk.wait_until(lambda: len(desk.stored()) == 2)
        assert {desk.row(pending_id).name for pending_id in desk.stored()} == {
            "koi-000004.safetensors",
            "koi-000008.safetensors",
        }
