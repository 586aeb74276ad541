"""The mouse in the list, and how lines are told apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.strip import Strip

from core.domain.enums import Strategy
from core.library import Library
from tests.bench.libraries import build
from tests.support.app import AppHarness, hashed_app, running, sample
from tui.screens.compare import CompareScreen
from tui.screens.viewer import ViewerScreen
from tui.theme.depth import ColourDepth
from tui.theme.themes import PALETTES, themes

DARK = themes()[0].palette
FIRST = 6  # id of the first import in the sample's queue


def ground(desk: AppHarness, line: int) -> str:
    """The one background of a line of the list."""
    grounds = {part.style.bgcolor.name for part in desk.segments("#list")[line] if part.style and part.style.bgcolor}
    assert len(grounds) == 1, grounds
    return grounds.pop()


def place_of(desk: AppHarness, selector: str, word: str) -> tuple[int, int]:
    """Where a word is drawn in a widget."""
    lines = desk.text(selector).split("\n")
    return next((line.index(word), y) for y, line in enumerate(lines) if word in line)


async def test_every_second_line_has_a_ground_of_its_own(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        grounds = [ground(desk, line) for line in range(1, 8)]
        assert grounds[0] == DARK.cursor
        assert grounds[1::2] == [DARK.stripe] * 3
        assert len({*grounds[2::2]}) == 1 and grounds[2] != DARK.stripe
        await desk.press("j", "j")
        assert [ground(desk, line) for line in (2, 3, 4)] == [DARK.stripe, DARK.cursor, DARK.stripe]


async def test_the_line_under_the_mouse_is_told_and_only_it(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        before = [ground(desk, line) for line in range(1, 19)]
        await desk.pilot.hover("#list", offset=(10, 5))
        await desk.wait_until(lambda: ground(desk, 5) == DARK.hover)
        now = [ground(desk, line) for line in range(1, 19)]
        assert now == [*before[:4], DARK.hover, *before[5:]]
        assert desk.list.current == FIRST, "hovering moves nothing"
        await desk.pilot.hover("#list", offset=(10, 6))
        await desk.wait_until(lambda: (ground(desk, 5), ground(desk, 6)) == (before[4], DARK.hover))
        await desk.pilot.hover("#comparison")
        await desk.wait_until(lambda: [ground(desk, line) for line in range(1, 19)] == before)


@pytest.mark.frames
async def test_hovering_draws_two_lines_and_a_still_mouse_none(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.pilot.hover("#list", offset=(10, 5))
        drawn: list[int] = []
        whole = desk.list.render_line

        def noting(y: int) -> Strip:
            drawn.append(y)
            return whole(y)

        desk.list.render_line = noting  # type: ignore[method-assign]
        await desk.pilot.hover("#list", offset=(11, 5))
        await desk.pilot.hover("#list", offset=(12, 7))
        await desk.wait_until(lambda: {*drawn} == {5, 7})


async def test_a_double_click_opens_the_comparison(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.pilot.click("#list", offset=(10, 3), times=2)
        await desk.wait_until(lambda: isinstance(desk.app.screen, CompareScreen))
        assert desk.list.current == FIRST + 2
        await desk.press("escape")
        assert desk.stored() == {}


async def test_a_click_below_the_last_row_does_nothing(tmp_path: Path) -> None:
    with sample(tmp_path, keep=3) as library:
        async with running(library) as desk:
            for times in (1, 2):
                await desk.pilot.click("#list", offset=(10, 9), times=times)
            await desk.pilot.hover("#list", offset=(10, 9))
            assert desk.list.current == FIRST and len(desk.app.screen_stack) == 1


async def test_ctrl_and_a_click_mark_and_unmark(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        for line in (3, 5, 6, 5):
            await desk.pilot.click("#list", offset=(10, line), control=True)
        assert set(desk.model.marks.ids) == {FIRST + 2, FIRST + 5}
        await desk.wait_until(lambda: "✓" in desk.line_of(FIRST + 5) and "✓" not in desk.line_of(FIRST + 4))
        await desk.press("d")
        await desk.wait_until(lambda: desk.stored() == dict.fromkeys((FIRST + 2, FIRST + 5), Strategy.DELETE))


async def test_the_wheel_scrolls_and_the_next_key_comes_back(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, 300)) as library:
        async with running(library) as desk:
            await wheel_down(desk, 20)
            assert desk.list.current == 1
            await desk.wait_until(lambda: desk.model.row(desk.list.ids[desk.list.scroll_offset.y]))
            await desk.press("j")
            assert desk.list.current == 2
            await desk.wait_until(lambda: desk.line_of(2).startswith("▌"))


async def test_what_leaves_the_queue_does_not_call_back_who_has_scrolled_away(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, 300)) as library:
        async with running(library) as desk:
            await wheel_down(desk, 20)
            top = desk.list.scroll_offset.y
            desk.model.take_out({1, 2})
            await desk.wait_until(lambda: desk.line_of(desk.list.ids[top]))
            await desk.pilot.pause()
            assert (desk.list.scroll_offset.y, desk.list.current) == (top, 3)


async def wheel_down(desk: AppHarness, rows: int) -> None:
    """Turn the wheel until more than so many rows have gone by; a list that is not laid out yet does not scroll."""

    def turn() -> bool:
        desk.list.post_message(events.MouseScrollDown(desk.list, 10, 5, 0, 1, 0, False, False, False, 10, 5))
        return desk.list.scroll_offset.y > rows

    await desk.wait_until(turn)
    await desk.pilot.pause()


async def test_the_scroll_bar_ends_where_the_list_does(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, 300)) as library:
        async with running(library) as desk:
            rows = desk.list.size.height - 1
            await desk.press("G")
            await desk.wait_until(lambda: desk.list.scroll_offset.y == desk.list.max_scroll_y == 300 - rows)
            bar = desk.list.vertical_scrollbar
            assert (bar.window_size, bar.window_virtual_size, bar.position) == (rows + 1, 301, 300 - rows)
            await desk.press("slash", *"ember", "enter")
            found = len(library.queue.search("ember"))
            await desk.wait_until(lambda: bar.window_virtual_size == found + 1)


def test_sixteen_colours_have_no_stripes() -> None:
    (few,) = PALETTES[ColourDepth.ANSI_16].values()
    assert few.ground == few.stripe == few.hover


async def test_a_click_on_a_strategy_decides_in_the_queue_and_in_the_comparison(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.wait_for_text("[merge]", "#comparison")
        await desk.pilot.click("#comparison", offset=place_of(desk, "#comparison", "override"))
        await desk.wait_until(lambda: desk.stored() == {FIRST: Strategy.OVERRIDE})
        await desk.press("g", "enter")
        await desk.wait_for_text("✓override", "#plan")
        await desk.pilot.click("#plan", offset=place_of(desk, "#plan", "delete"))
        await desk.wait_until(lambda: desk.stored() == {FIRST: Strategy.DELETE})


async def test_the_answers_of_a_dialog_can_be_clicked(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("d", "a")
        await desk.wait_for_text("back to the list", ".answers")
        line = desk.text(".answers").split("\n")[-1]
        await desk.pilot.click(".answers", offset=(line.index("back"), 0))
        await desk.wait_until(lambda: len(desk.app.screen_stack) == 1)
        assert desk.stored() == {FIRST: Strategy.DELETE}
        await desk.press("a")
        await desk.wait_for_text("y apply", ".answers")
        await desk.pilot.click(".answers", offset=(0, 0))
        await desk.wait_for_text("1 applied")


async def test_the_first_line_counts_each_strategy_where_there_is_room(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("m", "d", "m")
        await desk.wait_for_text("3 decided (1 delete, 2 merge)", "#top")
        await desk.pilot.resize_terminal(100, 40)
        await desk.wait_for_text("3 decided", "#top")
        assert "delete" not in desk.text("#top")


async def test_a_click_on_a_picture_shows_it_large(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("j")
        await desk.wait_for_text("1 of 4", "#caption")
        await desk.pilot.click("#picture")
        await desk.wait_until(lambda: isinstance(desk.app.screen, ViewerScreen))
        await desk.pilot.click("#ours ImageBox")
        await desk.press("escape")
        await desk.wait_until(lambda: len(desk.app.screen_stack) == 1)
