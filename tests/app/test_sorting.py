"""The list in every sort order, by keys and by its header."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.enums import State
from core.domain.sort_order import SortKey, SortOrder
from core.library import Library
from tests.bench.libraries import build
from tests.support.app import CONFLICT, AppHarness, hashed_app, running, sample
from tui.theme.themes import themes
from tui.widgets.queue_list.columns import column_at, columns, header


def head(desk: AppHarness) -> str:
    return desk.text("#list").split("\n")[0]


async def sorted_by(desk: AppHarness, column: SortKey, descending: bool = False) -> None:
    order = SortOrder(column, descending)
    await desk.wait_until(lambda: list(desk.list.ids) == list(desk.library.queue.search("", order)))


async def test_a_key_sorts_by_one_column_after_the_other(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        assert "id ▲" in head(desk) or "id▲" in head(desk)
        for column in [*SortKey][1:]:
            await desk.press("t")
            await sorted_by(desk, column)
            assert f"{column} ▲" in head(desk), "a column that is not shown is named all the same"
        await desk.press("t")
        await sorted_by(desk, SortKey.ID)


async def test_a_key_turns_the_order_round(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("T")
        await sorted_by(desk, SortKey.ID, descending=True)
        assert "▼" in head(desk) and "▲" not in head(desk)
        await desk.press("t", "T")
        await sorted_by(desk, SortKey.NAME, descending=True)
        assert "name ▼" in head(desk)
        await desk.press("T")
        await sorted_by(desk, SortKey.NAME)


async def test_keys_that_follow_fast_all_count(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("t", "t", "t", "T")
        await sorted_by(desk, SortKey.SIZE, descending=True)


async def test_the_cursor_stays_on_its_import_and_in_view(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (80, 24)) as desk:
        await desk.go_to(CONFLICT)
        for key in ("T", "t", "t", "t", "T"):
            before = list(desk.list.ids)
            await desk.press(key)
            await desk.wait_until(lambda before=before: list(desk.list.ids) != before)  # type: ignore[misc]
            assert desk.list.current == CONFLICT
            await desk.wait_until(lambda: desk.line_of(CONFLICT).startswith("▌"))


async def test_a_click_on_the_header_sorts_and_another_turns_round(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        for word, column in (("name", SortKey.NAME), ("state", SortKey.STATE), ("decision", SortKey.DECISION)):
            await desk.pilot.click("#list", offset=(head(desk).index(word), 0))
            await sorted_by(desk, column)
            await desk.pilot.click("#list", offset=(head(desk).index(word) + 1, 0))
            await sorted_by(desk, column, descending=True)
        assert len(desk.app.screen_stack) == 1, "two clicks on the header open nothing"


async def test_the_filter_keeps_the_order_and_the_order_the_filter(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("t", "T", "slash", *"downloaded", "enter")
        order = SortOrder(SortKey.NAME, descending=True)
        await desk.wait_until(lambda: list(desk.list.ids) == list(desk.library.queue.search("downloaded", order)))
        await desk.press("T")
        await desk.wait_until(
            lambda: list(desk.list.ids) == list(desk.library.queue.search("downloaded", SortOrder(SortKey.NAME)))
        )


async def test_what_leaves_the_list_leaves_its_order_as_it_is(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("t", "T")
        await sorted_by(desk, SortKey.NAME, descending=True)
        before = list(desk.list.ids)
        await desk.press("g", "j", "j", "d")
        await desk.apply(1)
        await desk.wait_for_text("1 applied", "#status")
        await desk.wait_until(lambda: list(desk.list.ids) == before[:2] + before[3:])
        assert desk.list.current == before[3]


async def test_states_that_hashing_finds_out_are_sorted_by(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press(*"tttt")
            await desk.hashed()
            await sorted_by(desk, SortKey.STATE)
            states = [desk.row(pending_id).state for pending_id in desk.list.ids]
            assert states == sorted(states, key=list(State).index)


async def test_a_long_list_in_another_order_has_every_key(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, 1500)) as library:
        async with running(library) as desk:
            await desk.press("t", "T")
            await sorted_by(desk, SortKey.NAME, descending=True)
            ids = list(desk.list.ids)
            await desk.press("G")
            await desk.wait_until(lambda: desk.list.current == ids[-1] and desk.model.row(ids[-1]))
            await desk.press("g", "pagedown")
            assert desk.list.current == ids[len(desk.list.in_view()) - 1]
            await desk.press("slash", *"model 000004", "enter")
            await desk.wait_until(lambda: list(desk.list.ids) == [4])
            await desk.press("escape")
            await desk.wait_until(lambda: list(desk.list.ids) == ids)
            assert desk.list.current == 4


@pytest.mark.parametrize("width", [42, 54, 66, 84, 120])
@pytest.mark.parametrize("column", SortKey)
def test_the_header_fits_and_each_of_its_words_is_its_column(width: int, column: SortKey) -> None:
    cols = columns(width, 100_000)
    text = "".join(part.text for part in header(cols, themes()[0].palette, SortOrder(column, descending=True)))
    assert "▼" in text[:width]
    for shown in SortKey:
        if f" {shown}" in text and shown not in (column, SortKey.ID):
            assert column_at(cols, text.index(str(shown))) is shown
    assert column_at(cols, 0) is SortKey.ID
    assert column_at(cols, width) is SortKey.DECISION
