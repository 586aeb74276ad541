"""The list in every order, by keys and by its header."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.libraries import build
from core.library import Library
from core.order import Column, Order
from core.records import State
from tests.app_helpers import CONFLICT, Desk, at_work, running, sample
from tui.widgets.columns import column_at, columns, header


def head(desk: Desk) -> str:
    return desk.text("#list").split("\n")[0]


async def sorted_by(desk: Desk, column: Column, descending: bool = False) -> None:
    order = Order(column, descending)
    await desk.until(lambda: list(desk.list.ids) == list(desk.library.queue.ids("", order)))


async def test_a_key_sorts_by_one_column_after_the_other(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        assert "id ▲" in head(desk) or "id▲" in head(desk)
        for column in [*Column][1:]:
            await desk.press("t")
            await sorted_by(desk, column)
            assert f"{column} ▲" in head(desk), "a column that is not shown is named all the same"
        await desk.press("t")
        await sorted_by(desk, Column.ID)


async def test_a_key_turns_the_order_round(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        await desk.press("T")
        await sorted_by(desk, Column.ID, descending=True)
        assert "▼" in head(desk) and "▲" not in head(desk)
        await desk.press("t", "T")
        await sorted_by(desk, Column.NAME, descending=True)
        assert "name ▼" in head(desk)
        await desk.press("T")
        await sorted_by(desk, Column.NAME)


async def test_keys_that_follow_fast_all_count(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        await desk.press("t", "t", "t", "T")
        await sorted_by(desk, Column.SIZE, descending=True)


async def test_the_cursor_stays_on_its_import_and_in_view(tmp_path: Path) -> None:
    async with at_work(tmp_path, (80, 24)) as desk:
        await desk.go_to(CONFLICT)
        for key in ("T", "t", "t", "t", "T"):
            before = list(desk.list.ids)
            await desk.press(key)
            await desk.until(lambda before=before: list(desk.list.ids) != before)  # type: ignore[misc]
            assert desk.list.current == CONFLICT
            await desk.until(lambda: desk.line_of(CONFLICT).startswith("▌"))


async def test_a_click_on_the_header_sorts_and_another_turns_round(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        for word, column in (("name", Column.NAME), ("state", Column.STATE), ("decision", Column.DECISION)):
            await desk.pilot.click("#list", offset=(head(desk).index(word), 0))
            await sorted_by(desk, column)
            await desk.pilot.click("#list", offset=(head(desk).index(word) + 1, 0))
            await sorted_by(desk, column, descending=True)
        assert len(desk.app.screen_stack) == 1, "two clicks on the header open nothing"


async def test_the_filter_keeps_the_order_and_the_order_the_filter(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        await desk.press("t", "T", "slash", *"downloaded", "enter")
        order = Order(Column.NAME, descending=True)
        await desk.until(lambda: list(desk.list.ids) == list(desk.library.queue.ids("downloaded", order)))
        await desk.press("T")
        await desk.until(lambda: list(desk.list.ids) == list(desk.library.queue.ids("downloaded", Order(Column.NAME))))


async def test_what_leaves_the_list_leaves_its_order_as_it_is(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        await desk.press("t", "T")
        await sorted_by(desk, Column.NAME, descending=True)
        before = list(desk.list.ids)
        await desk.press("g", "j", "j", "d", "a")
        await desk.see("Apply 1 decision")
        await desk.press("y")
        await desk.see("1 applied", "#status")
        await desk.until(lambda: list(desk.list.ids) == before[:2] + before[3:])
        assert desk.list.current == before[3]


async def test_states_that_hashing_finds_out_are_sorted_by(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press(*"tttt")
            await desk.hashed()
            await sorted_by(desk, Column.STATE)
            states = [desk.row(id).state for id in desk.list.ids]
            assert states == sorted(states, key=list(State).index)


async def test_a_long_list_in_another_order_has_every_key(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, 1500)) as library:
        async with running(library) as desk:
            await desk.press("t", "T")
            await sorted_by(desk, Column.NAME, descending=True)
            ids = list(desk.list.ids)
            await desk.press("G")
            await desk.until(lambda: desk.list.current == ids[-1] and desk.list.row(ids[-1]))
            await desk.press("g", "pagedown")
            assert desk.list.current == ids[len(desk.list.in_view()) - 1]
            await desk.press("slash", *"model 000004", "enter")
            await desk.until(lambda: list(desk.list.ids) == [4])
            await desk.press("escape")
            await desk.until(lambda: list(desk.list.ids) == ids)
            assert desk.list.current == 4


@pytest.mark.parametrize("width", [42, 54, 66, 84, 120])
@pytest.mark.parametrize("column", Column)
def test_the_header_fits_and_each_of_its_words_is_its_column(width: int, column: Column) -> None:
    cols = columns(width, 100_000)
    text = "".join(part.text for part in header(cols, Order(column, descending=True)))
    assert "▼" in text[:width]
    for shown in Column:
        if f" {shown}" in text and shown not in (column, Column.ID):
            assert column_at(cols, text.index(str(shown))) is shown
    assert column_at(cols, 0) is Column.ID
    assert column_at(cols, width) is Column.DECISION
