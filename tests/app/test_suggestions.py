"""Suggestions: shown dim in the decision column, with their reason, and accepted with a key."""

from __future__ import annotations

from pathlib import Path

from core.domain.enums import Strategy
from tests.support.app import CONFLICT, MISSING, NEW, AppHarness, hashed_app


async def proposed(desk: AppHarness) -> None:
    await desk.wait_until(lambda: "· merge" in desk.line_of(24) and "· review" in desk.line_of(CONFLICT))


async def test_what_is_in_view_has_a_proposal_and_the_one_in_hand_its_reason(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await proposed(desk)
        assert "·" not in desk.line_of(MISSING)
        await desk.go_to(CONFLICT)
        await desk.wait_for_text("its description differs", "#facts")
        await desk.go_to(8)
        await desk.wait_for_text("adds 2 images", "#facts")
        assert desk.stored() == {}, "a proposal is no decision"


async def test_a_key_takes_it_and_moves_on(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await proposed(desk)
        await desk.go_to(NEW)
        await desk.press("full_stop")
        await desk.wait_until(lambda: desk.stored() == {NEW: Strategy.MERGE})
        await desk.wait_until(lambda: desk.list.current == NEW + 1)
        assert "● merge" in desk.line_of(NEW)


async def test_one_to_look_at_is_not_taken(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await proposed(desk)
        await desk.go_to(CONFLICT)
        await desk.press("full_stop")
        await desk.wait_for_text("this import needs review", "#status")
        assert desk.stored() == {} and desk.list.current == CONFLICT


async def test_of_several_only_what_loses_nothing_is_taken_and_the_others_stay_marked(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await proposed(desk)
        await desk.press("asterisk", "full_stop")
        await desk.wait_for_text("left: to review", "#status")
        await desk.wait_until(lambda: len(desk.stored()) + len(desk.model.marks.ids) == 19)
        assert f"{len(desk.stored())} accepted" in desk.text("#status")
        assert {CONFLICT, 16, 17, MISSING} <= set(desk.model.marks.ids)
        assert {NEW, 8} <= set(desk.stored())
        assert set(desk.stored().values()) <= {Strategy.MERGE, Strategy.DELETE}
        for pending_id in desk.stored():
            suggestion = desk.library.queue.suggestion(pending_id)
            assert suggestion is not None and suggestion.safe


async def test_what_the_library_learns_changes_what_is_proposed(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await proposed(desk)
        await desk.go_to(16)
        await desk.press("m")
        await desk.apply(1)
        await desk.wait_for_text("1 applied", "#status")
        await desk.wait_until(lambda: "conflict" in desk.line_of(17))
        await desk.wait_until(lambda: "· " in desk.line_of(17))
        one = desk.library.queue.suggestion(17)
        assert one is not None
        await desk.wait_until(lambda: f"· {one.strategy or 'review'}" in desk.line_of(17))


async def test_at_80_by_24_too(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (80, 24)) as desk:
        await desk.wait_until(lambda: "· review" in desk.line_of(CONFLICT))
