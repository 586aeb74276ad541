"""The facets of the list: counts, and one of them as a term of the filter."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.records import PendingImport
from core.library import Library
from tests.support.app import AppHarness, add_import, hashed_app, running
from tui.screens.facets_dialog import FacetsScreen


async def ask(desk: AppHarness) -> None:
    """Open the dialog, and wait until everything is counted."""
    await desk.press("F")
    await desk.wait_until(lambda: isinstance(desk.app.screen, FacetsScreen))
    await desk.wait_for_text("▌ ", "#facets")


def lines(desk: AppHarness) -> list[str]:
    return [" ".join(line.split()) for line in desk.text("#facets").split("\n")]


@pytest.mark.parametrize("size", [(80, 24), (140, 60)])
async def test_a_value_becomes_a_term_of_the_filter(tmp_path: Path, size: tuple[int, int]) -> None:
    async with hashed_app(tmp_path, size) as desk:
        await ask(desk)
        assert lines(desk)[:3] == ["state", "▌ new 11", "conflict 5"]
        await desk.press("j", "enter")
        await desk.wait_until(lambda: len(desk.list.ids) == 5)
        assert desk.model.words == "state:conflict" and desk.app.focused is desk.list
        await desk.wait_for_text("5 of 19", "#found")
        await ask(desk)
        assert lines(desk)[:2] == ["state", "▌ conflict 5"], "counted within the filter"
        await desk.press("j", "j", "minus")
        await desk.wait_until(lambda: "-type:=" in desk.model.words)
        await desk.wait_until(lambda: 0 < len(desk.list.ids) < 5)


async def test_leaving_changes_nothing(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        for key in ("escape", "q", "F"):
            await ask(desk)
            await desk.press("G", key)
            await desk.wait_until(lambda: len(desk.app.screen_stack) == 1)
            assert desk.model.words == "" and len(desk.list.ids) == 19


async def test_a_decision_that_is_not_stored_yet_counts(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (140, 60)) as desk:
        await desk.press("asterisk", "s")
        await ask(desk)
        assert "skip 19" in lines(desk)


async def test_values_are_shown_as_they_are_and_cannot_do_anything(library: Library) -> None:
    add_import(library, PendingImport(1, "/m/1", "1", "[bold]x[/]", 1, 1, {}, ("a\x1b[31m\nb", "plain"), ()))
    async with running(library) as desk:
        await ask(desk)
        shown = lines(desk)
        assert "[bold]x[/] 1" in shown and "a␛[31m␊b 1" in shown
        await desk.press("G")
        assert "▌ plain 1" in lines(desk), "a value that nobody can type is passed over"
        await desk.press("enter")
        await desk.wait_until(lambda: desk.model.words == 'tag:="plain"')


async def test_a_filter_that_is_none_is_answered(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("slash")
        await desk.paste("size:x")  # at once: the words on the way to it would find nothing
        await desk.press("enter", "F")
        await desk.wait_for_text("size: takes > or <", "#facets-note")
        await desk.press("enter", "minus", "j", "escape")
        await desk.wait_until(lambda: len(desk.app.screen_stack) == 1)
        assert desk.model.words == "size:x"
