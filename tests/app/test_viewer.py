"""The image viewer: images as large as possible, and side by side with the library's."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.records import Thumbnail
from tests.support.app import CONFLICT, NEW, AppHarness, hashed_app
from tui.screens.compare import CompareScreen
from tui.screens.queue.screen import QueueScreen
from tui.screens.viewer import ViewerScreen
from tui.widgets.images.image_box import ImageBox


def shown(desk: AppHarness, side: str) -> Thumbnail | None:
    return desk.app.screen.query_one(side).query_one(ImageBox)._picture


async def view(desk: AppHarness, pending_id: int) -> None:
    await desk.go_to(pending_id)
    await desk.press("v")
    await desk.wait_until(lambda: isinstance(desk.app.screen, ViewerScreen))
    await desk.wait_until(lambda: shown(desk, "#ours"))


async def test_the_incoming_images_one_by_one(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await view(desk, CONFLICT)
        first = shown(desk, "#ours")
        assert first is not None and first.height > 70
        assert not desk.app.screen.query_one("#theirs").display
        assert "1 of 4" in desk.text("#ours .strip-title") and "becomes 3" in desk.text("#ours .strip-title")
        await desk.press("l")
        await desk.wait_for_text("2 of 4")
        await desk.wait_until(lambda: shown(desk, "#ours") not in (None, first))
        await desk.press("l", "l", "l", "l")
        await desk.wait_for_text("4 of 4")
        await desk.press("h", "h", "h", "h", "h")
        await desk.wait_until(lambda: shown(desk, "#ours") == first)


async def test_beside_the_librarys(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await view(desk, CONFLICT)
        await desk.press("tab")
        await desk.wait_until(lambda: shown(desk, "#theirs"))
        assert desk.text("#theirs .strip-title").split() == ["library", "1", "of", "3", "image", "0"]
        await desk.press("l", "l", "l")
        await desk.wait_for_text("4 of 4")
        assert "3 of 3" in desk.text("#theirs .strip-title"), "the shorter sequence stays on its last"
        await desk.press("tab")
        await desk.wait_until(lambda: not desk.app.screen.query_one("#theirs").display)


async def test_through_the_imports_and_back_where_one_came_from(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await view(desk, CONFLICT)
        await desk.press("j", "j", "j", "j")
        await desk.wait_for_text("6 of 19", "#head")
        await desk.wait_for_text("quartz-garden", "#head")
        await desk.press("v")
        await desk.wait_until(lambda: isinstance(desk.app.screen, QueueScreen))
        assert desk.list.current == NEW


async def test_from_the_comparison_both_sides_are_shown(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        await desk.press("enter")
        await desk.wait_until(lambda: isinstance(desk.app.screen, CompareScreen))
        await desk.press("v")
        await desk.wait_until(lambda: isinstance(desk.app.screen, ViewerScreen))
        await desk.wait_until(lambda: shown(desk, "#theirs") and shown(desk, "#ours"))
        await desk.press("escape")
        await desk.wait_until(lambda: isinstance(desk.app.screen, CompareScreen))


@pytest.mark.parametrize("size", [(80, 24), (20, 5), (200, 60)])
async def test_it_holds_at_any_size_and_without_images(tmp_path: Path, size: tuple[int, int]) -> None:
    async with hashed_app(tmp_path) as desk:
        await view(desk, CONFLICT)
        await desk.pilot.resize_terminal(*size)
        await desk.press("tab", "l", "k", "tab", "l", "h")
        await desk.wait_until(lambda: "no images" in desk.text("#ours .strip-title") or size[0] < 40)
        await desk.press("escape")
        await desk.wait_until(lambda: isinstance(desk.app.screen, QueueScreen))
