"""Marking: ranges, inverted marks, marks hidden by a filter, and moving to the next undecided row."""

from __future__ import annotations

from pathlib import Path

from core.domain.enums import Strategy
from core.library import Library
from tests.bench.libraries import build
from tests.support.app import AppHarness, hashed_app, running, sample

COUNT = 1500


def shown_marked(desk: AppHarness) -> list[int]:
    """The ids whose line in the list has the sign of a mark."""
    return [pending_id for pending_id in desk.list.ids if "✓" in desk.line_of(pending_id)[:3]]


async def test_a_range_grows_and_shrinks_with_the_cursor(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            ids = list(desk.list.ids)
            await desk.press("j", "V")
            await desk.wait_for_text("range: 1 row; V ends it, Esc drops it", "#status")
            await desk.press("j", "j")
            await desk.wait_for_text("range: 3 rows; V ends it, Esc drops it", "#status")
            await desk.wait_for_text("3 marked", "#top")
            assert shown_marked(desk) == ids[1:4]
            await desk.press("g")
            await desk.wait_for_text("range: 2 rows", "#status")
            assert shown_marked(desk) == ids[:2], "it turns round where it began"
            await desk.press("G")
            await desk.wait_for_text(f"range: {len(ids) - 1} rows", "#status")
            assert shown_marked(desk) == ids[1:]


async def test_a_range_that_is_ended_stays_marked_and_one_that_is_dropped_does_not(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            ids = list(desk.list.ids)
            await desk.press("V", "j", "V", "j", "j")
            assert shown_marked(desk) == ids[:2]
            await desk.wait_until(lambda: "range" not in desk.text("#status"))
            await desk.press("V", "k", "k", "escape")
            assert shown_marked(desk) == ids[:2], "what was marked before stays"
            await desk.press("j", "escape")
            assert not desk.model.marks.ids
            await desk.wait_until(lambda: "marked" not in desk.text("#top"))


async def test_esc_drops_the_range_then_the_filter_then_the_marks(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("space", "slash", *"vae", "enter")
            await desk.wait_until(lambda: list(desk.list.ids) == [10, 15])
            await desk.press("V", "j")
            assert set(desk.model.marks.ids) == {6, 10, 15}
            await desk.press("escape")
            assert set(desk.model.marks.ids) == {6} and len(desk.list.ids) == 2
            await desk.press("escape")
            await desk.wait_until(lambda: len(desk.list.ids) == 19)
            assert set(desk.model.marks.ids) == {6}
            await desk.press("escape")
            assert not desk.model.marks.ids


async def test_a_decision_takes_marks_and_range_together_and_ends_it(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            ids = list(desk.list.ids)
            await desk.press("space", "j", "V", "j", "s")
            wanted = dict.fromkeys([ids[0], ids[2], ids[3]], Strategy.SKIP)
            await desk.wait_until(lambda: desk.stored() == wanted)
            assert not desk.model.marks.ids and not desk.model.marks.in_range
            await desk.press("j", "j")
            assert not desk.model.marks.ids
            await desk.wait_until(lambda: "range" not in desk.text("#status"))


async def test_what_is_proposed_is_taken_for_a_range(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(11)
        await desk.press("V", "j", "full_stop")
        await desk.wait_until(lambda: desk.stored() == {11: Strategy.MERGE, 12: Strategy.MERGE})
        assert not desk.model.marks.in_range
        await desk.wait_until(lambda: not desk.model.marks.ids)


async def test_other_marks_end_the_range_first(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            ids = list(desk.list.ids)
            await desk.press("V", "j", "j", "space")
            assert shown_marked(desk) == ids[:2], "the row under the cursor was marked, so it is unmarked"
            assert not desk.model.marks.in_range
            await desk.press("V", "j", "I")
            assert shown_marked(desk) == [ids[2], *ids[5:]]
            await desk.press("V", "asterisk")
            assert shown_marked(desk) == ids
            assert not desk.model.marks.in_range


async def test_only_what_is_shown_is_inverted(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("I")
            assert set(desk.model.marks.ids) == set(desk.list.ids)
            await desk.press("I", "space")
            assert set(desk.model.marks.ids) == {6}
            await desk.press("slash", *"vae", "enter")
            await desk.wait_until(lambda: list(desk.list.ids) == [10, 15])
            await desk.press("space", "I")
            assert len({10, 15} & set(desk.model.marks.ids)) == 1
            assert 6 in desk.model.marks.ids


async def test_what_is_marked_and_not_shown_is_told_before_a_decision(tmp_path: Path) -> None:
    for size in ((140, 42), (80, 24)):
        with sample(tmp_path / str(size[0])) as library:
            async with running(library, size) as desk:
                await desk.press("asterisk")
                await desk.wait_for_text("19 marked", "#top")
                assert "not shown" not in desk.text("#top")
                await desk.press("slash", *"vae", "enter")
                await desk.wait_for_text("19 marked, 17 of them not shown", "#top")
                await desk.press("asterisk")
                await desk.wait_for_text("17 marked, 17 of them not shown", "#top")
                await desk.press("escape")
                await desk.wait_until(lambda desk=desk: len(desk.list.ids) == 19)  # type: ignore[misc]
                await desk.wait_until(lambda desk=desk: "not shown" not in desk.text("#top"))  # type: ignore[misc]


async def test_a_filter_ends_a_range_and_what_was_seen_as_marked_stays(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("V", "j", "j", "slash", *"vae", "enter")
            await desk.wait_until(lambda: list(desk.list.ids) == [10, 15])
            assert set(desk.model.marks.ids) == {6, 7, 8} and not desk.model.marks.in_range
            await desk.wait_for_text("3 marked, 3 of them not shown", "#top")


async def test_what_leaves_the_queue_leaves_an_open_range(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            ids = list(desk.list.ids)
            await desk.press("j", "V", "j", "j", "j")
            desk.model.take_out({ids[0], ids[2]})
            assert set(desk.model.marks.ids) == {ids[1], ids[3], ids[4]} and desk.model.marks.in_range
            desk.model.take_out({ids[1]})
            assert set(desk.model.marks.ids) == {ids[3], ids[4]}
            assert not desk.model.marks.in_range, "it began at a row that is gone"


async def test_marks_of_a_long_queue(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, COUNT)) as library:
        async with running(library) as desk:
            await desk.press("V", "G")
            await desk.wait_for_text(f"range: {COUNT:,} rows", "#status")
            await desk.press("V", "k", "space", "I")
            assert set(desk.model.marks.ids) == {COUNT - 1}
            await desk.press("I", "m")
            await desk.wait_until(lambda: len(desk.stored()) == COUNT - 1)


async def test_the_next_and_the_previous_row_without_a_decision(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            ids = list(desk.list.ids)
            await desk.press("s", "s", "j", "s", "g", "n")
            assert desk.list.current == ids[2]
            await desk.press("n")
            assert desk.list.current == ids[4]
            await desk.press("N")
            assert desk.list.current == ids[2]
            await desk.press("N")
            assert desk.list.current == ids[-1]
            await desk.wait_for_text("Continued from the last row.", "#status")
            await desk.press("n")
            assert desk.list.current == ids[2]
            await desk.wait_for_text("Continued from the first row.", "#status")


async def test_there_is_no_row_left_to_decide_on(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("asterisk", "s", "j", "n")
            await desk.wait_for_text("All listed imports are decided.", "#status")
            assert desk.list.cursor == 1
            await desk.press("c", "n")
            await desk.wait_for_text("This is the only row left without a decision.", "#status")
            assert desk.list.cursor == 1
            await desk.press("slash", *"vae", "enter")
            await desk.wait_until(lambda: list(desk.list.ids) == [10, 15])
            await desk.press("N")
            await desk.wait_for_text("All listed imports are decided.", "#status")
