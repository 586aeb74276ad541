"""On a terminal of 16 colours the palette keeps its meanings, and text stays readable on its ground."""

from __future__ import annotations

import re
from pathlib import Path

from rich.color import Color, ColorType

from core.records import State
from tests.app_helpers import copy_sample, sample
from tests.terminal import terminal
from tui import palette
from tui.app import CuratorApp
from tui.sixteen_colours import SixteenColours
from tui.widgets.pending_list import PendingList


async def test_the_cursor_and_the_states_can_be_told(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        app = CuratorApp(library, sixteen_colours=True)
        async with app.run_test(size=(140, 42)) as pilot:
            listed = app.screen.query_one(PendingList)
            while not (row := listed.row(6)) or row.state is not State.CONFLICT:
                await pilot.pause()
            (filter,) = [one for one in app._filters if isinstance(one, SixteenColours)]
            lines = [filter.apply(list(listed.render_line(y)), app.screen.background_colors[1]) for y in (1, 3)]
    for line, ground in zip(lines, ("blue", None), strict=True):
        for segment in line:
            style = segment.style
            assert style is not None
            if segment.text.strip() and style.color is not None:
                assert style.color.type is ColorType.STANDARD
                assert style.color != style.bgcolor
            if ground and segment.text.strip():
                assert style.bgcolor == Color.parse(ground)


def test_every_colour_of_the_palette_has_one() -> None:
    named = {value for name, value in vars(palette).items() if name.isupper() and isinstance(value, str)}
    from tui.sixteen_colours import _SIXTEEN

    assert set(_SIXTEEN) == named


def test_a_terminal_of_sixteen_colours_gets_no_others(tmp_path: Path) -> None:
    folder = copy_sample(tmp_path)
    with terminal("--library", str(folder), home=tmp_path, TERM="xterm", COLORTERM="") as seen:
        seen.see("5 conflicts")
        seen.press("q")
        assert seen.end() == 0
    assert not re.search(rb"[34]8;[25];", seen.bytes)
    assert b"\x1b[" in seen.bytes
