"""On a terminal with few colours the palette keeps its meanings, and no unsupported colour is sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.color import Color, ColorSystem

from tests.support.app import AppHarness, copy_sample, sample
from tests.support.pseudo_terminal import terminal
from tui.app import CuratorApp
from tui.theme.depth import ANSI_16, ColourDepth, xterm, xterm_entries
from tui.theme.themes import PALETTES

FEW = (ColourDepth.XTERM_256, ColourDepth.ANSI_16)


@pytest.mark.parametrize("depth", FEW)
async def test_all_that_is_drawn_is_of_the_palette(tmp_path: Path, depth: ColourDepth) -> None:
    (usual, *_) = PALETTES[depth].values()
    with sample(tmp_path) as library:
        app = CuratorApp(library, depth=depth)
        async with app.run_test(size=(140, 42)) as pilot:
            desk = AppHarness(pilot, library)
            await desk.hashed()
            for key, words in (("", ""), ("enter", "after merge"), ("escape", "conflict"), ("question_mark", "Keys")):
                await desk.press(*filter(None, [key]))
                await desk.wait_for_text(words)
                pictures = [box.region for box in app.screen.query("ImageBox")]
                drawn = set()
                for y, strip in enumerate(app.screen._compositor.render_strips()):
                    x = 0
                    for text, style, _ in strip:
                        if style and not any(region.contains(x, y) for region in pictures):
                            drawn |= {colour.name for colour in (style.color, style.bgcolor) if colour}
                        x += len(text)
                assert usual.ground in drawn or usual.panel in drawn
                assert drawn <= set(usual.colours().values()), key


def test_each_of_the_sixteen_and_of_the_256_is_sent_as_itself() -> None:
    numbers = [Color.parse(colour).downgrade(ColorSystem.STANDARD).number for colour in ANSI_16.values()]
    assert numbers == list(range(16))
    assert len(xterm_entries()) == 240 - 4
    for number in xterm_entries():
        assert Color.parse(xterm(number)).downgrade(ColorSystem.EIGHT_BIT).number == number
    for number in (7, 59, 102):
        with pytest.raises(ValueError, match=f"entry {number}"):
            xterm(number)


@pytest.mark.parametrize("depth", FEW)
def test_no_palette_has_a_colour_that_the_terminal_has_not(depth: ColourDepth) -> None:
    there = set(ANSI_16.values()) if depth is ColourDepth.ANSI_16 else set(map(xterm, xterm_entries()))
    for palette in PALETTES[depth].values():
        assert palette.depth is depth
        assert set(palette.colours().values()) <= there


@pytest.mark.parametrize(("term", "foreign"), [("xterm", rb"[34]8;[25];"), ("xterm-256color", rb"[34]8;2;")])
def test_a_terminal_of_few_colours_gets_no_others(tmp_path: Path, term: str, foreign: bytes) -> None:
    folder = copy_sample(tmp_path)
    with terminal("--library", str(folder), home=tmp_path, TERM=term, COLORTERM="") as seen:
        seen.see("5 conflicts")
        seen.press("q")
        assert seen.end() == 0
    assert not re.search(foreign, seen.bytes)
    assert b"\x1b[" in seen.bytes
