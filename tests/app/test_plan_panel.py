"""The panel below the list: what each strategy would do, and which side wins."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.style import Style

from core.domain.enums import Strategy
from tests.support.app import CONFLICT, MISSING, NEW, AppHarness, hashed_app
from tui.theme.palette import STRATEGY
from tui.theme.themes import palette_of

WORDS = {
    Strategy.MERGE: "1 tag and 3 images added · 1 image already there",
    Strategy.OVERRIDE: "overwritten",
    Strategy.DELETE: "this import goes away, with its 2 tags and 4 images · the model file stays where it is",
    Strategy.SKIP: "nothing changes · it stays in the queue",
}


def style_of(desk: AppHarness, words: str, *, last: bool = False) -> Style:
    """Return the style in which words are drawn in the comparison, at their first or last place."""
    parts = [part for line in desk.segments("#comparison") for part in line if words in part.text]
    style = parts[-1 if last else 0].style
    assert style is not None
    return style


@pytest.mark.parametrize("strategy", Strategy)
async def test_each_strategy_of_a_conflict_says_what_it_does(tmp_path: Path, strategy: Strategy) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        while f"[{strategy}]" not in desk.text("#comparison"):
            await desk.press("tab")
            await desk.pilot.pause()
        await desk.wait_for_text(WORDS[strategy], "#comparison")
        tab = style_of(desk, f"[{strategy}]")
        assert tab.bold
        if strategy is not Strategy.SKIP:
            assert tab.color is not None
            assert tab.color == palette_of(desk.app).style(STRATEGY[strategy]).color


async def test_a_merge_keeps_what_the_library_has_and_fills_its_gaps(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (200, 60)) as desk:
        await desk.go_to(CONFLICT)
        await desk.wait_for_text("Soft coastal light", "#comparison")
        description = line(desk, "description")
        assert "◀" in description
        assert description.count("Soft coastal light") == 2
        assert description.count("Harbour light in film") == 1
        negative = line(desk, "prompts.negative")
        assert "+" in negative
        assert negative.count("lowres, watermark") == 2
        assert line(desk, "trained_words").count("hrbr, 5219") == 2, "lists are united"
        assert "+ landscape, sdxl + downloaded" in line(desk, "tags")
        assert "0 1 2 + 3 4 5" in line(desk, "images")
        assert not style_of(desk, "Soft coastal light").strike


async def test_an_override_takes_the_incoming_and_strikes_the_librarys(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (200, 60)) as desk:
        await desk.go_to(CONFLICT)
        await desk.press("tab")
        await desk.wait_for_text("after override", "#comparison")
        description = line(desk, "description")
        assert "▶" in description
        assert description.count("Harbour light in film") == 2
        assert style_of(desk, "Soft coastal light").strike
        assert style_of(desk, "Harbour light in film", last=True).bold
        assert "✕" in line(desk, "community_links"), "emptied: the import has none"
        assert "new 0 1 2 3" in line(desk, "images")


def line(desk: AppHarness, label: str) -> str:
    """Return the line of a field."""
    return next(one for one in desk.text("#comparison").split("\n") if one.split()[:1] == [label])


async def test_an_import_the_library_does_not_have(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(NEW)
        await desk.wait_for_text("new in the library", "#comparison")
        assert "2 tags and 3 images added" in desk.text("#comparison")
        assert "+ quartz-garden.safetensors" in line(desk, "name")


async def test_an_import_whose_file_is_missing(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(MISSING)
        await desk.wait_for_text("the model file is missing", "#comparison")
        assert "deleted-last-year" in line(desk, "name"), "what it brings is shown all the same"
        await desk.press("tab", "tab")
        await desk.wait_for_text("this import goes away, with its 1 tag and 1 image", "#comparison")


async def test_a_refused_image_is_told_before(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(19)
        await desk.wait_for_text("1 image refused", "#comparison")
