"""Themes: all that is drawn takes part, text stays readable, and the palette's command changes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.color import Color

from tests.app_helpers import Desk, at_work, running, sample
from tui import palette, settings
from tui.app import CuratorApp
from tui.settings import Settings
from tui.themes import COLOURS, themes

TEXTS = ("BRIGHT", "TEXT", "GREY", "AMBER", "TEAL", "RED", "BLUE", "VIOLET")
GROUNDS = ("GROUND", "PANEL", "CURSOR", "CURSOR_AWAY", "STRIPE", "HOVER")
LEAST = {"curator": 3.5, "curator-light": 4.5, "curator-contrast": 7.0}
DARK = {palette.GROUND, palette.PANEL, palette.RAISED, palette.CURSOR, palette.CURSOR_AWAY, palette.TEXT, palette.AMBER}
ASIDE = [theme for theme in COLOURS if COLOURS[theme]]


def luminance(colour: Color) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted(luminance(Color.parse(colour)) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def test_every_theme_has_every_colour() -> None:
    named = {value for name, value in vars(palette).items() if name.isupper() and isinstance(value, str)}
    assert tuple(COLOURS) == settings.THEMES == tuple(theme.name for theme in themes())
    for colours in filter(None, COLOURS.values()):
        assert set(colours) == named
        assert not set(colours.values()) & named, "a colour would be taken to another twice"


@pytest.mark.parametrize("theme", COLOURS)
def test_text_can_be_read_on_every_ground(theme: str) -> None:
    colours = COLOURS[theme]
    for text in TEXTS:
        for ground in GROUNDS:
            one, other = (getattr(palette, name) for name in (text, ground))
            assert contrast(colours.get(one, one), colours.get(other, other)) >= LEAST[theme], (text, ground)


def colours_of(desk: Desk) -> set[str]:
    return set(re.findall(r"#[0-9a-f]{6}", desk.app.export_screenshot().lower()))


@pytest.mark.parametrize("theme", ASIDE)
async def test_all_that_is_drawn_takes_part(tmp_path: Path, theme: str) -> None:
    with sample(tmp_path) as library:
        async with running(library, settings=Settings(theme=theme, images="off")) as desk:
            await desk.hashed()
            await desk.until(lambda: desk.text("#comparison").strip())
            for key, words in (("", ""), ("enter", "merge makes"), ("escape", "conflict"), ("question_mark", "Keys")):
                await desk.press(*filter(None, [key]))
                await desk.see(words)
                assert not colours_of(desk) & DARK, key
                assert COLOURS[theme][palette.AMBER] in colours_of(desk)
            await desk.press("escape", "ctrl+p")
            await desk.see("change theme")
            assert not colours_of(desk) & DARK


async def test_the_command_changes_the_theme_there_and_back(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        await change(desk, "light")
        await desk.until(lambda: desk.app.theme == "curator-light" and not colours_of(desk) & DARK)
        assert "textual-dark" not in desk.app.available_themes
        await change(desk, "curator")
        await desk.until(
            lambda: (
                palette.GROUND in colours_of(desk) and COLOURS["curator-light"][palette.GROUND] not in colours_of(desk)
            )
        )


async def change(desk: Desk, name: str) -> None:
    await desk.press("ctrl+p", *"change theme")
    await desk.see("Other colours, until the app is left")
    await desk.press("enter")
    await desk.see("Search for themes")
    await desk.press(*name)
    await desk.see("curator")
    await desk.press("enter")
    await desk.until(lambda: len(desk.app.screen_stack) == 1)


async def test_a_terminal_of_sixteen_colours_has_its_own(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        app = CuratorApp(library, sixteen_colours=True, settings=Settings(theme="curator-light"))
        async with app.run_test():
            assert app.theme == "curator"
            titles = [command.title for command in app.get_system_commands(app.screen)]
            assert "change theme" not in titles
