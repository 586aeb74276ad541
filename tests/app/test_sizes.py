"""The app at every terminal size, and resized at any time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.app import CONFLICT, AppHarness, hashed_app

SIZES = [(80, 24), (140, 42), (200, 60), (20, 5), (140, 42), (1, 1), (60, 10), (80, 24)]


def fills_the_screen(desk: AppHarness, size: tuple[int, int]) -> bool:
    lines = [strip.cell_length for strip in desk.app.screen._compositor.render_strips()]
    return lines == [size[0]] * size[1]


async def through_all_sizes(desk: AppHarness) -> None:
    for size in SIZES:
        await desk.pilot.resize_terminal(*size)
        await desk.wait_until(lambda size=size: fills_the_screen(desk, size))  # type: ignore[misc]


async def test_resizing_the_queue(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        await through_all_sizes(desk)
        assert desk.list.current == CONFLICT
        assert desk.line_of(CONFLICT).startswith("▌"), "the cursor stays in view"
        await desk.wait_for_text("9 fields kept", "#comparison")
        await desk.wait_for_text("1 of 4", "#caption")


async def test_the_cursor_stays_in_view_when_the_terminal_shrinks(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (140, 60)) as desk:
        await desk.press("G")
        await desk.pilot.resize_terminal(80, 24)
        await desk.wait_until(lambda: "▌   24" in desk.text("#list"))


async def test_resizing_with_the_filter_open(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (80, 24)) as desk:
        await desk.press("slash", "c", "l")
        await through_all_sizes(desk)
        assert "cl" in desk.text("#words")
        await desk.press("a", "y", "enter")
        await desk.wait_until(lambda: list(desk.list.ids) == [8, 19])


@pytest.mark.parametrize("key, words", [("a", "Apply 1 decision"), ("question_mark", "Keys")])
async def test_resizing_under_a_dialog(tmp_path: Path, key: str, words: str) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("m", key)
        await desk.wait_for_text(words)
        await through_all_sizes(desk)
        await desk.wait_for_text(words)
        await desk.press("escape")
        await desk.wait_until(lambda: len(desk.app.screen_stack) == 1)
        await desk.wait_until(lambda: fills_the_screen(desk, SIZES[-1]))


@pytest.mark.parametrize("size", [(20, 5), (80, 24)])
async def test_the_whole_job_in_a_small_terminal(tmp_path: Path, size: tuple[int, int]) -> None:
    async with hashed_app(tmp_path, size) as desk:
        await desk.press("d")
        await desk.apply(1)
        await desk.wait_until(lambda: 6 not in desk.library.queue.search())
        await desk.wait_until(lambda: 6 not in desk.list.ids)
        assert desk.app.focused is desk.list


async def test_what_matters_is_seen_at_80_by_24(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (80, 24)) as desk:
        await desk.go_to(CONFLICT)
        await desk.wait_for_text("9 fields kept", "#comparison")
        await desk.wait_for_text("1 of 4   library 3", "#caption")
        assert "▀" in desk.text("#picture")
        assert "conflict" in desk.line_of(CONFLICT)
        assert "lowres, watermark" in desk.text("#comparison")
        for key in ("m merge", "o override", "d delete", "s skip", "a apply", "? help", "q quit"):
            assert key in desk.text("#keys")
