"""Applying: the summary, the answers to it, and how each outcome is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.domain.enums import State, Strategy
from tests.support.app import CONFLICT, NEW, AppHarness, hashed_app, running, sample

SPARSE = 64 * 2**30  # bytes: reading it takes far longer than any test


def at_rest(desk: AppHarness) -> bool:
    """Whether the list has the focus and no dialog is left."""
    return len(desk.app.screen_stack) == 1 and desk.app.focused is desk.list


async def summed_up(desk: AppHarness) -> None:
    """Press ``a`` and wait for the dialog with its numbers."""
    await desk.press("a")
    await desk.wait_until(lambda: len(desk.app.screen_stack) == 2)
    await desk.wait_for_text(" decision")
    await desk.wait_until(lambda: "more plans" not in desk.text("#note"))


async def test_the_whole_job(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        await desk.press("m", "d", "o", "j", "m", "s")
        await summed_up(desk)
        await desk.wait_for_text("Apply 5 decisions")
        groups = desk.text("#groups")
        heads = [line.split()[:2] for line in groups.split("\n") if line.split()[:1] and line.split()[0].isdigit()]
        assert heads == [["1", "delete"], ["1", "override"], ["2", "merge"], ["1", "skip"]], "what destroys comes first"
        await desk.wait_for_text("6 fields and 1 image of the library overwritten", "#groups")
        assert "leave the queue with 2 images, kept in the trash" in groups
        await desk.press("y")
        await desk.wait_for_text("✓ 5 applied", "#status")
        assert at_rest(desk)
        left = list(desk.library.queue.search())
        assert {7, 8, 9, 11}.isdisjoint(left)
        assert 12 in left, "skipped: it stays"
        await desk.wait_until(lambda: list(desk.list.ids) == left)
        await desk.wait_for_text("15 pending", "#top")
        images = {name: count_images(desk, name) for name in ("harborlight_xl_v3", "cinder_neon_v4", "quartz-garden")}
        assert images == {"harborlight_xl_v3": 6, "cinder_neon_v4": 2, "quartz-garden": 3}
        await desk.press("L")
        await desk.wait_for_text("What was applied")
        words = {7: "merged", 8: "deleted", 9: "overridden", 11: "inserted", 12: "nothing changed, stays in the queue"}
        lines = [line.split() for line in desk.text("#lines").split("\n")]
        assert {int(line[1]): line[0] for line in lines} == dict.fromkeys(words, "✓")
        for line in lines:
            assert words[int(line[1])] in " ".join(line)
        await desk.press("escape")
        assert at_rest(desk)


def count_images(desk: AppHarness, name: str) -> int:
    """Return how many images the library has of the model of that name."""
    with desk.library.store.read() as db:
        (sha256,) = db.execute("SELECT sha256 FROM models WHERE name = ?", [f"{name}.safetensors"]).fetchone()
    return len(desk.library.image_scanner.get_image_list(sha256))


@pytest.mark.parametrize("key", ["n", "escape"])
async def test_no_changes_nothing(tmp_path: Path, key: str) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("d", "d")
        await summed_up(desk)
        await desk.press("j", "k", "m", "o", key)
        await desk.wait_until(lambda: at_rest(desk))
        await desk.pilot.pause()
        assert len(desk.library.queue.search()) == 19
        assert desk.stored() == {6: Strategy.DELETE, 7: Strategy.DELETE}
        await desk.press("j")
        assert desk.list.current == 9


async def test_a_second_a_asks_again_only_when_the_first_is_answered(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("s")
        await summed_up(desk)
        await desk.press("a", "n")
        await desk.wait_until(lambda: at_rest(desk))


async def test_a_failure_stays_with_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(NEW)
        await desk.press("m", "m", "m")
        await desk.wait_until(lambda: len(desk.stored()) == 3)
        os.unlink(desk.row(12).path)
        await summed_up(desk)
        await desk.press("y")
        await desk.wait_for_text("✓ 2 applied   ✕ 1 failed and stays in the queue", "#status")
        assert at_rest(desk)
        await desk.wait_until(lambda: "missing" in desk.line_of(12))
        assert "✕ merge" in desk.line_of(12)
        assert {11, 13}.isdisjoint(desk.list.ids)
        assert desk.stored() == {12: Strategy.MERGE}
        await desk.go_to(12)
        await desk.wait_for_text("✕ the model file is missing", "#facts")
        await desk.press("L")
        await desk.wait_for_text("the model file is missing", "#lines")
        assert "stop" not in desk.text("Answers"), "nothing is left to stop"
        await desk.press("escape")
        await desk.press("s")
        assert "✕" not in desk.line_of(12), "a new decision takes the failure away"


async def test_a_plan_that_changed_since_the_summary_is_not_applied(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        await desk.press("o")
        await summed_up(desk)
        await desk.wait_for_text("of the library overwritten")
        before = desk.row(CONFLICT)
        with desk.library.store.write() as db:
            db.execute("UPDATE models SET meta_json = '{}' WHERE sha256 = ?", [before.sha256])
        await desk.press("y")
        await desk.wait_for_text("1 failed and stays in the queue", "#status")
        assert "✕ override" in desk.line_of(CONFLICT)
        await desk.go_to(CONFLICT)
        await desk.wait_for_text("has changed since", "#facts")
        assert desk.stored() == {CONFLICT: Strategy.OVERRIDE}
        with desk.library.store.read() as db:
            assert db.execute("SELECT meta_json FROM models WHERE sha256 = ?", [before.sha256]).fetchone() == ("{}",)
        await summed_up(desk)
        await desk.press("y")
        await desk.wait_for_text("✓ 1 applied", "#status")
        await desk.wait_until(lambda: CONFLICT not in desk.list.ids)


async def test_two_copies_of_one_file_are_merged_in_one_go(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        for pending_id in (16, 17):  # the second is new in the summary, and a conflict by the time its turn comes
            await desk.go_to(pending_id)
            await desk.press("m")
        await summed_up(desk)
        await desk.press("y")
        await desk.wait_for_text("✓ 2 applied", "#status")
        assert not {16, 17} & set(desk.library.queue.search())


async def test_the_counts_are_true_before_they_are_counted_again(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.wait_for_text("19 pending   5 conflicts   1 missing", "#top")
        await desk.wait_until(lambda: not desk.queue._listing._counts.busy)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(desk.queue._listing, "recount", lambda: None)
            await desk.go_to(CONFLICT)
            await desk.press("m", "d", "G", *"k" * 6, "d")
            await summed_up(desk)
            await desk.press("y")
            await desk.wait_for_text("3 applied", "#status")
            await desk.wait_for_text("16 pending   3 conflicts   2 duplicates   11 new   0 decided", "#top")


async def test_nothing_decided(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("a")
        await desk.wait_for_text("Nothing is decided yet", "#status")
        assert at_rest(desk)
        await desk.press("L", "x")
        assert at_rest(desk), "there is no log and nothing to stop yet"


async def test_stopping_gives_up_a_file_that_is_being_hashed(tmp_path: Path) -> None:
    with sample(tmp_path, keep=6) as library:
        os.truncate(library.queue.rows([10])[0].path, SPARSE)
        library.queue.decide([6, 10, 11], Strategy.MERGE)
        async with running(library) as desk:
            await desk.wait_until(lambda: "3 decided" in desk.text("#top"))
            await desk.wait_until(lambda: desk.row(11).state is State.NEW)
            await desk.press("a")
            await desk.wait_for_text("1 not hashed yet")
            await desk.press("y")
            await desk.wait_for_text("applying", "#status")
            await desk.wait_until(lambda: 6 not in desk.list.ids)
            await desk.press("a", "j")
            assert at_rest(desk), "one batch at a time, and the list works on"
            assert desk.list.current == 8
            await desk.press("L")
            await desk.wait_for_text("x stop", "Answers")
            await desk.press("x")
            await desk.wait_until(lambda: "stop" not in desk.text("Answers"))
            await desk.press("escape")
            await desk.wait_for_text("stopped", "#status")
            assert desk.stored() == {10: Strategy.MERGE, 11: Strategy.MERGE}


async def test_a_decision_taken_back_while_applying_is_left_out(tmp_path: Path) -> None:
    with sample(tmp_path, keep=6) as library:
        big = library.queue.rows([10])[0].path
        os.truncate(big, SPARSE)
        library.queue.decide([10, 11], Strategy.MERGE)
        async with running(library) as desk:
            await desk.wait_until(lambda: "2 decided" in desk.text("#top"))
            await desk.wait_until(lambda: desk.row(11).state is State.NEW)
            await desk.press("G", "a")
            await desk.wait_for_text("1 not hashed yet")
            await desk.press("y")
            await desk.wait_for_text("applying", "#status")
            assert desk.list.current == 11
            await desk.press("c")
            await desk.wait_until(lambda: desk.stored() == {10: Strategy.MERGE})
            os.truncate(big, 1000)
            await desk.wait_for_text("1 failed and stays in the queue", "#status")
            assert list(desk.list.ids) == [6, 7, 8, 9, 10, 11]
            await desk.press("k")
            await desk.wait_for_text("✕ the model file changed", "#facts")
