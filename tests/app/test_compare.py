"""The full-height comparison: every field, every image with its result, and deciding in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.enums import State, Strategy
from core.domain.records import PendingImage, PendingImport, Thumbnail
from tests.support.app import CONFLICT, MISSING, NEW, AppHarness, add_import, hashed_app, running, sample
from tui.screens.compare import CompareScreen
from tui.screens.queue.screen import QueueScreen
from tui.widgets.images.image_box import ImageBox
from tui.widgets.plan.field_table import FieldTable


async def compare(desk: AppHarness, pending_id: int) -> FieldTable:
    await desk.go_to(pending_id)
    await desk.press("enter")
    await desk.wait_until(lambda: isinstance(desk.app.screen, CompareScreen))
    await desk.wait_until(lambda: table(desk).current)
    return table(desk)


def table(desk: AppHarness) -> FieldTable:
    return desk.app.screen.query_one(FieldTable)


def labels(desk: AppHarness, strip: str) -> list[str]:
    """What stands below each image of a strip."""
    texts = [widget.content for widget in desk.app.screen.query(f"{strip} .fate")]  # type: ignore[attr-defined]
    return [str(text) for text in texts if str(text)]


async def test_a_merge_in_full(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (200, 60)) as desk:
        await compare(desk, CONFLICT)
        await desk.wait_for_text("after merge")
        assert "2 of 19" in desk.text("#head")
        assert labels(desk, "#theirs") == ["0", "1", "2"]
        assert labels(desk, "#ours") == ["+ becomes 3", "= already there", "+ becomes 4", "+ becomes 5"]
        shown = desk.text("#fields")
        assert "0.6 to 0.8 works best." in shown, "long text is wrapped, not cut"
        for label in ("path", "name", "description", "rating", "sampler", "tags", "images", "type", "size"):
            assert f"\n   {label} " in shown or f"▌  {label} " in shown


async def test_an_override_names_what_it_replaces(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (200, 60)) as desk:
        await compare(desk, CONFLICT)
        await desk.press("o")
        await desk.wait_for_text("✓override")
        await desk.wait_until(lambda: labels(desk, "#theirs") == ["0  replaced", "1  replaced", "2  replaced"])
        assert labels(desk, "#ours") == ["▶ replaces 0", "▶ replaces 1", "▶ replaces 2", "+ becomes 3"]
        assert isinstance(desk.app.screen, CompareScreen), "it stays, so that its plan is seen"
        await desk.wait_until(lambda: desk.stored() == {CONFLICT: Strategy.OVERRIDE})
        await desk.press("d")
        await desk.wait_until(lambda: labels(desk, "#ours") == ["✕ to the trash"] * 4)
        await desk.press("s")
        await desk.wait_until(lambda: labels(desk, "#ours") == ["stays"] * 4)
        await desk.press("c")
        await desk.wait_for_text("[merge]")
        await desk.wait_until(lambda: desk.stored() == {})


async def test_where_one_image_has_room_it_is_named_alone(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (80, 24)) as desk:
        await compare(desk, CONFLICT)
        await desk.wait_for_text("3 images · 1 shown")
        await desk.press("l")
        await desk.wait_for_text("3 images · 2 shown")


async def test_a_new_one_has_one_side_only(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await compare(desk, NEW)
        await desk.wait_for_text("not in the library")
        assert labels(desk, "#theirs") == []
        assert labels(desk, "#ours")[0] == "+ becomes 0"


async def test_one_without_a_file_says_why_there_is_no_plan(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await compare(desk, MISSING)
        await desk.wait_for_text("the model file is missing", "#plan")


async def test_pictures_come_on_both_sides(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await compare(desk, CONFLICT)

        def shown() -> list[Thumbnail]:
            boxes = desk.app.screen.query(ImageBox)
            return [box._picture for box in boxes if box._picture is not None]

        await desk.wait_until(lambda: len(shown()) == 6)
        before = shown()
        await desk.press("l")
        await desk.wait_for_text("2 to 4 shown")
        await desk.wait_until(lambda: len(shown()) == 6 and shown() != before)
        assert labels(desk, "#ours")[-1] == "+ becomes 5"
        await desk.press("h")
        await desk.wait_until(lambda: shown() == before)


async def test_the_field_under_the_cursor_is_shown_in_full(tmp_path: Path) -> None:
    story = " ".join(f"word{n}" for n in range(400))
    with sample(tmp_path, keep=1) as library:
        add_import(library, PendingImport(900, "/gone/x", "x", "lora", 1, 1, {"description": story}))
        async with running(library, (80, 24)) as desk:
            await compare(desk, 900)
            for _ in range(20):
                if (field := table(desk).current) and field.label == "description":
                    break
                await desk.press("j")
            seen = ""
            for _ in range(20):
                seen += desk.text("#fields")
                await desk.press("pagedown")
                await desk.pilot.pause()
            assert all(f"word{n}" in seen for n in range(400))


async def test_going_through_the_imports_and_back(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await compare(desk, CONFLICT)
        await desk.press("J")
        await desk.wait_for_text("3 of 19", "#head")
        await desk.press("K", "K")
        await desk.wait_for_text("1 of 19", "#head")
        await desk.press("m", "J")
        await desk.press("escape")
        await desk.wait_until(lambda: isinstance(desk.app.screen, QueueScreen))
        assert desk.list.current == CONFLICT
        assert desk.list.has_focus
        assert "● merge" in desk.line_of(6)


async def test_a_decision_here_leaves_the_marks_alone(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(8)
        await desk.press("space")
        await compare(desk, CONFLICT)
        await desk.press("o")
        await desk.wait_until(lambda: desk.stored() == {CONFLICT: Strategy.OVERRIDE})
        assert set(desk.model.marks.ids) == {8}


@pytest.mark.parametrize("size", [(80, 24), (20, 5), (200, 60)])
async def test_it_holds_at_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    async with hashed_app(tmp_path) as desk:
        await compare(desk, CONFLICT)
        await desk.pilot.resize_terminal(*size)
        await desk.press("j", "j", "l", "o", "G", "g")
        await desk.wait_until(lambda: desk.stored() == {CONFLICT: Strategy.OVERRIDE})
        await desk.pilot.resize_terminal(140, 42)
        await desk.wait_for_text("✓override")


async def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    bad = "[@click=app.quit]x[/nope]\x1b]52;c;AAAA\x07\x9b31m\u202e"
    image = PendingImage(0, "../" + bad, "0" * 64)
    with sample(tmp_path, keep=1) as library:
        record = PendingImport(901, "/gone/" + bad, bad, bad, 1, 1, {bad: {"x": bad}}, (bad,), (image,))
        add_import(library, record)
        async with running(library) as desk:
            await compare(desk, 901)
            await desk.wait_for_text("[@click=app.quit]x[/nope]", "#fields")
            assert not any(mark in desk.screen() for mark in "\x1b\x07\x9b\u202e")
            assert desk.row(901).state is State.MISSING
