"""Moving through the queue and through a sequence of sample images."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.app import CONFLICT, AppHarness, hashed_app, running, sample
from tui.widgets.images.image_box import ImageBox

FIRST, LAST = 6, 24  # ids of the sample's queue


@pytest.mark.parametrize("down, up", [("j", "k"), ("down", "up")])
async def test_one_row_down_and_up(tmp_path: Path, down: str, up: str) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            assert desk.list.current == FIRST
            await desk.press(down, down)
            assert desk.list.current == FIRST + 2
            assert desk.line_of(FIRST + 2).startswith("▌")
            await desk.wait_for_text("clay-figurine", "#facts")
            await desk.press(up)
            assert desk.list.current == FIRST + 1
            await desk.press(up, up, up)
            assert desk.list.current == FIRST, "it stops at the first row"


@pytest.mark.parametrize("first, last", [("g", "G"), ("home", "end")])
async def test_first_and_last(tmp_path: Path, first: str, last: str) -> None:
    with sample(tmp_path) as library:
        async with running(library, (80, 24)) as desk:
            assert str(LAST) not in desk.text("#list").split()
            await desk.press(last)
            assert desk.list.current == LAST
            assert desk.line_of(LAST).startswith("▌"), "the list scrolls with the cursor"
            await desk.press("j")
            assert desk.list.current == LAST
            await desk.press(first)
            assert desk.list.current == FIRST
            assert desk.line_of(FIRST).startswith("▌")


async def test_a_page_down_and_up(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library, (80, 24)) as desk:
            seen = len(desk.list.in_view())
            assert 3 < seen < 19
            await desk.press("pagedown")
            assert desk.list.cursor == seen - 1, "one row of the page before stays in view"
            assert desk.line_of(FIRST + seen - 1).startswith("▌")
            await desk.press("pagedown", "pagedown")
            assert desk.list.current == LAST
            await desk.press("pageup")
            assert desk.list.current == LAST - (seen - 1)
            await desk.press("pageup", "pageup")
            assert desk.list.current == FIRST


async def test_a_click_moves_the_cursor(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.pilot.click("#list", offset=(10, 4))
            assert desk.list.current == FIRST + 3


@pytest.mark.parametrize("forward, back", [("l", "h"), ("right", "left")])
async def test_the_sample_images_one_after_the_other(tmp_path: Path, forward: str, back: str) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        await picture_is(desk, 0)
        assert "1 of 4" in desk.text("#caption")
        await desk.wait_for_text("library has 3", "#caption")
        for n in (1, 2, 3):
            await desk.press(forward)
            assert f"{n + 1} of 4" in desk.text("#caption")
            await picture_is(desk, n)
        await desk.press(forward)
        assert "4 of 4" in desk.text("#caption"), "the sequence ends where it ends"
        await desk.press(back, back, back, back)
        assert "1 of 4" in desk.text("#caption")
        await picture_is(desk, 0)
        assert desk.list.current == CONFLICT


async def test_another_import_begins_with_its_first_image(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        await desk.press("l", "l")
        assert "3 of 4" in desk.text("#caption")
        await desk.press("j")
        await desk.wait_for_text("1 of 2", "#caption")
        await picture_is(desk, 0)


async def test_no_image_and_half_an_image(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(15)
        await desk.wait_for_text("no sample images", "#picture")
        assert "none" in desk.text("#caption")
        await desk.go_to(19)
        await desk.press("l")
        await desk.wait_for_text("no picture", "#picture")
        assert "2 of 2" in desk.text("#caption")


async def picture_is(desk: AppHarness, n: int) -> None:
    """Wait until the picture on the screen has the colours of the n-th image of the import under the cursor."""
    current = desk.list.current
    assert current is not None
    room = desk.queue.query_one(ImageBox).room
    picture = desk.library.pictures.of_pending(desk.row(current).images[n], *room)
    bands = picture.pixels.hex(" ", 3).split()
    wanted = {f"#{colour}" for colour in bands[:: max(len(bands) // 50, 1)]}

    def drawn() -> bool:
        styles = [part.style for line in desk.segments("#picture") for part in line if part.style]
        colours = {colour.name for style in styles for colour in (style.color, style.bgcolor) if colour}
        return wanted <= colours

    await desk.wait_until(drawn)


async def test_tab_looks_at_each_strategy_and_decides_nothing(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        await desk.wait_for_text("[merge]", "#comparison")
        for strategy in ("override", "delete", "skip", "merge"):
            await desk.press("tab")
            await desk.wait_for_text(f"[{strategy}]", "#comparison")
            assert desk.list.current == CONFLICT
        assert desk.stored() == {}
        assert "●" not in desk.text("#list")


async def test_a_look_is_forgotten_on_the_next_row(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        await desk.press("tab")
        await desk.wait_for_text("[override]", "#comparison")
        await desk.press("j")
        await desk.wait_for_text("[merge]", "#comparison")
