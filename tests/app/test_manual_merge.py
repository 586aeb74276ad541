"""Manual merge in the comparison: choosing sides, leaving tags and images out, applying, and undo."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.enums import Side, Strategy
from core.domain.records import PendingImport
from core.domain.resolution import NO_OVERRIDES, Resolution
from tests.support.app import CONFLICT, NEW, AppHarness, hashed_app
from tui.presenters.plan_lines import EditKind
from tui.screens.compare import CompareScreen
from tui.screens.queue.screen import QueueScreen
from tui.widgets.plan.field_table import FieldTable

DESCRIPTION, RATING = ("meta_json", "description"), ("meta_json", "rating")


async def compare(desk: AppHarness, pending_id: int) -> None:
    await desk.go_to(pending_id)
    await desk.press("enter")
    await desk.wait_until(lambda: isinstance(desk.app.screen, CompareScreen))
    await desk.wait_until(lambda: table(desk).current)


def table(desk: AppHarness) -> FieldTable:
    return desk.app.screen.query_one(FieldTable)


async def stand_on(desk: AppHarness, *path: str) -> None:
    """Move the cursor of the comparison to a field, a tag or an image."""
    targets = [line.target.path if line.target else () for line in table(desk)._fields]
    table(desk).action_move(targets.index(path) - table(desk)._cursor)
    await desk.pilot.pause()


def picks(desk: AppHarness, pending_id: int) -> Resolution:
    entry = desk.library.show(str(pending_id))
    assert entry is not None and isinstance(entry.record, PendingImport)
    return entry.record.decision.resolution if entry.record.decision else NO_OVERRIDES


def first_image(desk: AppHarness, pending_id: int) -> str:
    return desk.row(pending_id).images[0]


async def settled(desk: AppHarness) -> None:
    """Wait until what was decided is stored, and the screen has taken note."""
    await desk.pilot.pause()
    await desk.queue._listing.decisions.settled()
    await desk.pilot.pause()


def shown(desk: AppHarness) -> tuple[str, bool]:
    """What the line under the cursor makes of its field, and whether that was picked."""
    line = table(desk).current
    assert line is not None
    return line.result, line.picked


MINE = "Soft coastal light; made for wide scenes."
ITS = "Harbour light in film grain style, trained on 48 frames of Kodak 5219; 0.6 to 0.8 works best."


async def test_enter_turns_a_field_and_back_again(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (140, 50)) as desk:
        await compare(desk, CONFLICT)
        await stand_on(desk, *DESCRIPTION)
        assert shown(desk) == (MINE, False)
        await desk.press("enter")
        await desk.wait_until(lambda: shown(desk) == (ITS, True))
        await desk.wait_for_text("1 field overwritten", "#plan")
        await desk.wait_for_text("✓merge", "#plan")
        await desk.wait_until(lambda: picks(desk, CONFLICT) == Resolution(((DESCRIPTION, Side.PENDING),)))
        await desk.press("enter")
        await desk.wait_until(lambda: shown(desk) == (f"{MINE}\n\n{ITS}", True))
        await desk.wait_for_text("nothing overwritten", "#plan")
        await desk.press("enter")
        await desk.wait_until(lambda: shown(desk) == (MINE, False))
        await desk.wait_until(lambda: picks(desk, CONFLICT) == NO_OVERRIDES)
        assert desk.stored() == {CONFLICT: Strategy.MERGE}


async def test_turned_fast_no_key_is_lost(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (140, 50)) as desk:
        await compare(desk, CONFLICT)
        await stand_on(desk, *DESCRIPTION)
        await desk.press("enter", "enter")
        await desk.wait_until(lambda: picks(desk, CONFLICT).side(DESCRIPTION) is Side.BOTH)
        await desk.wait_until(lambda: shown(desk)[0].startswith(f"{MINE}\n\n"))


async def test_tags_and_images_are_left_out_and_taken_again(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (180, 60)) as desk:
        await compare(desk, CONFLICT)
        await stand_on(desk, "downloaded")
        await desk.press("enter")
        await desk.wait_until(lambda: shown(desk) == ("left out", True))
        await stand_on(desk, first_image(desk, CONFLICT))
        assert shown(desk) == ("becomes 3", False)
        await desk.press("enter")
        await desk.wait_until(lambda: shown(desk) == ("left out", True))
        await desk.wait_for_text("1 tag and 1 image left out", "#plan")
        assert "1 left out" in desk.text("#ours .strip-title")
        await desk.wait_until(
            lambda: picks(desk, CONFLICT) == Resolution((), ("downloaded",), (first_image(desk, CONFLICT),))
        )
        await desk.press("enter")
        await desk.wait_until(lambda: shown(desk) == ("becomes 3", False))
        await desk.wait_until(lambda: picks(desk, CONFLICT).images == ())


async def test_an_override_by_hand_keeps_what_was_picked(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (140, 50)) as desk:
        await compare(desk, CONFLICT)
        await desk.press("o")
        await desk.wait_for_text("✓override")
        await stand_on(desk, *RATING)
        assert shown(desk) == ("5", False)
        await desk.press("enter")
        await desk.wait_until(lambda: shown(desk) == ("4", True))
        await desk.wait_until(lambda: desk.stored() == {CONFLICT: Strategy.OVERRIDE})
        await desk.press("m")
        await desk.wait_for_text("✓merge")
        await desk.wait_until(lambda: picks(desk, CONFLICT) == NO_OVERRIDES)


@pytest.mark.parametrize("key", ["d", "s"])
async def test_nothing_can_be_turned_where_nothing_is_taken(tmp_path: Path, key: str) -> None:
    async with hashed_app(tmp_path, (140, 50)) as desk:
        await compare(desk, CONFLICT)
        await desk.press(key)
        await desk.wait_until(desk.stored)
        await settled(desk)
        await desk.press("j", "enter")
        await settled(desk)
        assert picks(desk, CONFLICT) == NO_OVERRIDES
        assert isinstance(desk.app.screen, CompareScreen)


async def test_of_a_new_model_only_tags_and_images_can_be_left_out(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (140, 60)) as desk:
        await compare(desk, NEW)
        await stand_on(desk, "name")
        await desk.press("enter")
        await stand_on(desk, first_image(desk, NEW))
        await desk.press("enter")
        await desk.wait_until(lambda: shown(desk) == ("left out", True))
        await desk.wait_until(lambda: picks(desk, NEW) == Resolution(images=(first_image(desk, NEW),)))


async def test_the_list_says_what_was_made_by_hand(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (140, 50)) as desk:
        await compare(desk, CONFLICT)
        await stand_on(desk, *DESCRIPTION)
        await desk.press("enter", "escape")
        await desk.wait_until(lambda: isinstance(desk.app.screen, QueueScreen))
        await desk.wait_for_text("● merge*")
        await desk.wait_for_text("1 field overwritten", "#comparison")
        await desk.press("m", "k")
        await desk.wait_until(lambda: picks(desk, CONFLICT).side(DESCRIPTION) is Side.PENDING)
        await desk.wait_for_text("● merge*")
        await desk.press("c")
        await desk.wait_until(lambda: picks(desk, CONFLICT) == NO_OVERRIDES)
        assert "merge*" not in desk.text("#list")


async def test_what_was_made_by_hand_is_summed_up_applied_and_taken_back(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (140, 60)) as desk:
        await compare(desk, CONFLICT)
        for path in (DESCRIPTION, ("downloaded",), (first_image(desk, CONFLICT),)):
            await stand_on(desk, *path)
            await desk.press("enter")
        sha256 = desk.row(CONFLICT).sha256
        assert sha256 is not None
        await desk.press("escape", "a")
        await desk.wait_for_text("1 field of the library overwritten")
        assert "1 manual" in desk.screen()
        await desk.press("y")
        await desk.wait_until(lambda: CONFLICT not in desk.list.ids)
        entry = desk.library.show(sha256)
        assert entry is not None
        assert entry.record.meta_json["description"] == ITS
        assert "downloaded" not in entry.record.tags
        assert len(entry.images) == 5, "of four one was left out and one is there already"
        await desk.wait_for_text("1 applied")
        await desk.press("u")
        await desk.wait_for_text("Undo")
        await desk.press("y")
        await desk.wait_until(lambda: CONFLICT in desk.list.ids)
        assert picks(desk, CONFLICT).tags == ("downloaded",)
        entry = desk.library.show(sha256)
        assert entry is not None and entry.record.meta_json["description"] == MINE


async def test_an_import_that_changed_since_the_summary_is_not_promoted(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (140, 60)) as desk:
        await compare(desk, CONFLICT)
        await stand_on(desk, *DESCRIPTION)
        await desk.press("enter", "escape", "a")
        await desk.wait_for_text("1 field of the library overwritten")
        with desk.library.store.write() as db:
            db.execute("UPDATE models SET meta_json = json_set(meta_json, '$.description', 'another')")
        await desk.press("y")
        await desk.wait_for_text("1 failed")
        assert CONFLICT in desk.list.ids


async def test_lines_stay_where_they_are_when_turned(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (140, 50)) as desk:
        await compare(desk, CONFLICT)
        before = [line.target for line in table(desk)._fields]
        fields = [target for target in before if target and target.part is EditKind.FIELD]
        assert [target.path[-1] for target in fields][-2:] == ["type", "size_bytes"], "what is the same comes last"
        for target in fields:
            await stand_on(desk, *target.path)
            await desk.press("enter")
        await settled(desk)
        assert [line.target for line in table(desk)._fields] == before


async def test_metadata_is_a_tree_and_long_texts_are_compared(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (140, 60)) as desk:
        await compare(desk, CONFLICT)
        await desk.wait_for_text("prompts")
        text = desk.text("#fields")
        assert "\n     positive " in text and "\n     negative " in text
        await stand_on(desk, *DESCRIPTION)
        await desk.wait_for_text("- Soft coastal light;", "#fields")
        assert "+ Harbour light in film grain style," in desk.text("#fields")
