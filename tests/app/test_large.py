"""A long queue in the app: its ends, its pages, and removed rows."""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.domain.enums import Strategy
from core.library import Library
from tests.bench.libraries import build, name_of
from tests.support.app import AppHarness, running
from tui.queue_model.id_index import cut, place_among, place_of
from tui.queue_model.row_cache import PAGE

COUNT = 1500
IDS = st.lists(st.integers(1, 300), unique=True, max_size=200)


def shown(desk: AppHarness) -> list[str]:
    """The lines of the list that hold something."""
    return [line for line in desk.text("#list").split("\n")[1:] if line.strip()]


async def test_keys_reach_every_end_of_a_long_queue(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, COUNT)) as library:
        async with running(library) as desk:
            await desk.wait_for_text(f"{COUNT:,} pending", "#top")
            await desk.press("G")
            await desk.wait_for_text(name_of(COUNT), "#list")
            assert desk.list.current == COUNT
            assert name_of(COUNT) in shown(desk)[-1]
            await desk.press("g")
            assert desk.list.current == 1
            await desk.wait_until(lambda: name_of(1) in shown(desk)[0])


async def test_the_next_page_is_there_before_it_is_asked_for(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, COUNT)) as library:
        async with running(library) as desk:
            rows = desk.list.size.height - 1
            for _ in range(12):
                top = desk.list.scroll_offset.y
                ahead = desk.list.ids[top : top + 2 * rows - 1]
                await desk.wait_until(lambda ahead=ahead: all(desk.model.row(pending_id) for pending_id in ahead))  # type: ignore[misc]
                await desk.press("pagedown")
                assert "···" not in desk.text("#list")
            assert desk.list.cursor > 2 * PAGE


async def test_a_key_does_not_wait_for_the_frame_after_another_drawing(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, 20)) as library:
        async with running(library) as desk:
            drawing = [task for task in asyncio.all_tasks() if task.get_name() == "screen_update"]
            assert drawing, "the toolkit still draws by a timer of that name"
            assert desk.queue._update_timer._interval < 1 / 500
            assert desk.app.animator._timer._interval >= 1 / 60, "what moves by itself is drawn as ever"


async def test_only_the_lines_that_change_are_drawn(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, 200)) as library:
        async with running(library) as desk:
            await desk.wait_until(lambda: all(desk.model.row(pending_id) for pending_id in desk.list.ids[:PAGE]))
            await desk.wait_until(lambda: "· merge" in desk.line_of(2) and desk.queue._listing.suggesting.complete)
            before = desk.text("#list").split("\n")
            await desk.press("j", "j")
            after = desk.text("#list").split("\n")
            assert [n for n, pair in enumerate(zip(before, after, strict=True)) if len({*pair}) > 1] == [1, 3]
            library.queue.decide([2, 5], Strategy.SKIP)
            await desk.press("r")
            await desk.wait_until(lambda: "skip" in desk.line_of(2) and "skip" in desk.line_of(5))


async def test_what_was_promoted_leaves_a_long_list_in_one_piece(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, 300)) as library:
        async with running(library) as desk:
            await desk.press("G", *["space"] * 3, *["k"] * 3, *["space"] * 2)
            gone = set(desk.model.marks.ids)
            await desk.press("d")
            await desk.apply(len(gone))
            await desk.wait_for_text(f"{len(gone)} applied", "#status")
            left = [pending_id for pending_id in range(1, 301) if pending_id not in gone]
            await desk.wait_until(lambda: list(desk.list.ids) == left)
            assert list(library.queue.search()) == left
            assert desk.list.current in left
            await desk.wait_for_text(f"{len(left)} pending", "#top")


async def test_all_of_a_long_queue_is_decided_at_once(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, COUNT)) as library:
        async with running(library) as desk:
            await desk.press("asterisk", "m")
            await desk.wait_for_text(f"{COUNT:,} decided", "#top")
            await desk.wait_until(lambda: len(desk.stored()) == COUNT)
            assert Counter(desk.stored().values()) == {Strategy.MERGE: COUNT}


@given(IDS, st.data())
def test_a_cursor_stays_on_its_id_or_goes_to_the_next(before: list[int], data: st.DataObject) -> None:
    gone = set(data.draw(st.lists(st.sampled_from(before)))) if before else set()
    cursor = data.draw(st.integers(0, max(len(before) - 1, 0)))
    left = [pending_id for pending_id in before if pending_id not in gone]
    following = [pending_id for pending_id in before[cursor:] if pending_id not in gone]
    stays = following[0] if following else left[-1] if left else None
    among = place_among(array("q", left), array("q", before), cursor)
    assert (left[among] if left else None) == stays
    ids = array("q", before)
    place = cut(ids, gone, cursor)
    assert list(ids) == left
    assert (left[place] if left else None) == stays


@given(IDS, st.data())
def test_any_number_is_taken_out_of_a_list_in_any_order(before: list[int], data: st.DataObject) -> None:
    gone = set(data.draw(st.lists(st.sampled_from(before), max_size=4))) if before else set()
    cursor = data.draw(st.integers(0, max(len(before) - 1, 0)))
    ids = array("q", before)
    place = cut(ids, gone, cursor)
    left = [pending_id for pending_id in before if pending_id not in gone]
    assert list(ids) == left
    assert place == max(0, min(sum(pending_id not in gone for pending_id in before[:cursor]), len(left) - 1))


@given(IDS, st.integers(1, 300))
def test_an_id_is_found_in_any_order(ids: list[int], wanted: int) -> None:
    assert place_of(array("q", ids), wanted) == (ids.index(wanted) if wanted in ids else None)
    ids.sort()
    assert place_of(array("q", ids), wanted) == (ids.index(wanted) if wanted in ids else None)


def test_many_ids_are_taken_out_as_few_are() -> None:
    ids = array("q", range(1, 1001))
    assert cut(ids, set(range(1, 501)), 600) == 100
    assert list(ids) == list(range(501, 1001))
