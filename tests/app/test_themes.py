"""Themes: everything drawn follows them, text stays readable, and the palette's command changes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.color import Color as RichColour
from rich.color import ColorSystem
from rich.style import Style
from textual.color import Color

from core.domain.records import Thumbnail
from tests.support.app import AppHarness, hashed_app, running, sample
from tui.app import CuratorApp
from tui.config import settings
from tui.config.settings import Settings
from tui.theme.depth import ColourDepth
from tui.theme.themes import PALETTES, themes
from tui.widgets.images.half_cells import half_cells
from tui.widgets.images.image_box import ImageBox

TEXTS = ("bright", "foreground", "grey", "amber", "teal", "red", "blue", "violet")
GROUNDS = ("ground", "panel", "raised", "cursor", "cursor_away", "stripe", "hover")
LEAST = {"curator": 4.5, "curator-light": 4.5, "curator-contrast": 7.0}
COLOURS = PALETTES[ColourDepth.TRUE]
DARK = COLOURS["curator"]
OF_DARK = {DARK.ground, DARK.panel, DARK.raised, DARK.cursor, DARK.cursor_away, DARK.foreground, DARK.amber}
ASIDE = [theme for theme in COLOURS if theme != "curator"]


def luminance(colour: Color) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted(luminance(Color.parse(colour)) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def shown(colour: str, depth: ColourDepth) -> str:
    """Return what a terminal of some depth shows for a colour; of the sixteen what Rich takes them to be."""
    if depth is not ColourDepth.XTERM_256:
        return colour
    sent = RichColour.parse(colour).downgrade(ColorSystem.EIGHT_BIT)
    return sent.get_truecolor().hex


def test_every_theme_can_be_set() -> None:
    for depth in (ColourDepth.TRUE, ColourDepth.XTERM_256):
        assert tuple(PALETTES[depth]) == settings.THEMES == tuple(theme.name for theme in themes(depth))
    assert tuple(PALETTES[ColourDepth.ANSI_16]) == settings.THEMES[:1]


@pytest.mark.parametrize(("depth", "theme"), [(depth, theme) for depth in PALETTES for theme in PALETTES[depth]])
def test_text_can_be_read_on_every_ground(depth: ColourDepth, theme: str) -> None:
    palette = PALETTES[depth][theme]
    least = 4.0 if depth is ColourDepth.ANSI_16 else LEAST[theme]  # of the sixteen there is no choice
    for ground in GROUNDS:
        for text in TEXTS:
            ink = (ground == "cursor" and palette.cursor_ink) or getattr(palette, text)
            found = contrast(shown(ink, depth), shown(getattr(palette, ground), depth))
            assert found >= least, (text, ground, found)


@pytest.mark.parametrize("depth", PALETTES)
def test_a_picture_has_the_same_colours_in_every_theme(depth: ColourDepth) -> None:
    picture = Thumbnail(2, 2, bytes.fromhex("f0b35a") * 4)
    drawn = [
        {
            (part.style.color, part.style.bgcolor)
            for strip in half_cells(picture, palette)
            for part in strip
            if part.style
        }
        for palette in PALETTES[depth].values()
    ]
    assert all(one == drawn[0] for one in drawn)
    if depth is ColourDepth.TRUE:
        assert drawn[0] == {(RichColour.parse("#f0b35a"), RichColour.parse("#f0b35a"))}


async def test_the_app_draws_a_picture_as_it_is(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library, settings=Settings(theme="curator-light")) as desk:
            box = desk.queue.query_one(ImageBox)
            box.show(Thumbnail(2, 2, bytes.fromhex("f0b35a") * 4))
            await desk.wait_until(lambda: "▀▀" in desk.text("#picture"))
            (part,) = {part for line in desk.segments("#picture") for part in line if "▀" in part.text}
            assert part.style == Style(color="#f0b35a", bgcolor="#f0b35a")


def colours_of(desk: AppHarness) -> set[str]:
    return set(re.findall(r"#[0-9a-f]{6}", desk.app.export_screenshot().lower()))


@pytest.mark.frames
@pytest.mark.parametrize("theme", ASIDE)
async def test_all_that_is_drawn_takes_part(tmp_path: Path, theme: str) -> None:
    with sample(tmp_path) as library:
        async with running(library, settings=Settings(theme=theme, graphics="off")) as desk:
            await desk.hashed()
            await desk.wait_until(lambda: desk.text("#comparison").strip())
            for key, words in (("", ""), ("enter", "after merge"), ("escape", "conflict"), ("question_mark", "Keys")):
                await desk.press(*filter(None, [key]))
                await desk.wait_for_text(words)
                assert not colours_of(desk) & OF_DARK, key
                assert COLOURS[theme].amber in colours_of(desk)
            await desk.press("escape", "ctrl+p")
            await desk.wait_for_text("change theme")
            assert not colours_of(desk) & OF_DARK


@pytest.mark.frames
async def test_the_command_changes_the_theme_there_and_back(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await change(desk, "light")
        await desk.wait_until(lambda: desk.app.theme == "curator-light" and not colours_of(desk) & OF_DARK)
        assert "textual-dark" not in desk.app.available_themes
        await change(desk, "curator")
        await desk.wait_until(
            lambda: DARK.ground in colours_of(desk) and COLOURS["curator-light"].ground not in colours_of(desk)
        )


async def change(desk: AppHarness, name: str) -> None:
    await desk.press("ctrl+p", *"change", "space", *"theme")
    await desk.wait_for_text("Other colours, until you quit")
    await desk.press("enter")
    await desk.wait_for_text("Search for themes")
    await desk.press(*name)
    await desk.wait_for_text("curator")
    await desk.press("enter")
    await desk.wait_until(lambda: len(desk.app.screen_stack) == 1)


async def test_a_terminal_of_sixteen_colours_has_its_own(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        app = CuratorApp(library, depth=ColourDepth.ANSI_16, settings=Settings(theme="curator-light"))
        async with app.run_test():
            assert app.theme == "curator"
            titles = [command.title for command in app.get_system_commands(app.screen)]
            assert "change theme" not in titles
