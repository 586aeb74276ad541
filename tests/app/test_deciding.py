"""Deciding: what is shown immediately, and what is stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.domain.enums import Strategy
from core.errors import LibraryError
from core.library import Library
from core.storage import pending
from tests.support.app import CONFLICT, NEW, copy_sample, hashed_app, running, sample

KEYS = {"m": Strategy.MERGE, "o": Strategy.OVERRIDE, "d": Strategy.DELETE, "s": Strategy.SKIP}


@pytest.mark.parametrize("key", KEYS)
async def test_a_decision_is_shown_stored_and_outlives_the_app(tmp_path: Path, key: str) -> None:
    folder = copy_sample(tmp_path)
    with Library.open(folder) as library:
        async with running(library) as desk:
            await desk.go_to(CONFLICT)
            await desk.press(key)
            assert f"● {KEYS[key]}" in desk.line_of(CONFLICT)
            assert desk.list.current == CONFLICT + 1, "a decision moves the cursor on"
            await desk.wait_for_text("1 decided", "#top")
            await desk.wait_until(lambda: desk.stored() == {CONFLICT: KEYS[key]})
    with Library.open(folder) as library:
        assert library.queue.decisions() == [(CONFLICT, KEYS[key])]
        async with running(library) as desk:
            await desk.wait_for_text("1 decided", "#top")
            assert f"● {KEYS[key]}" in desk.line_of(CONFLICT)
            await desk.go_to(CONFLICT)
            await desk.wait_for_text(f"✓{KEYS[key]}", "#comparison")


async def test_clear_takes_a_decision_back(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("o", "k")
            await desk.wait_until(desk.stored)
            await desk.press("c")
            assert "●" not in desk.text("#list")
            assert desk.list.cursor == 0, "clearing stays on the row"
            await desk.wait_for_text("0 decided", "#top")
            await desk.wait_until(lambda: desk.stored() == {})


async def test_a_decision_that_cannot_be_stored_is_taken_back_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise LibraryError("the library could not be written")

    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("g", "s")
            await desk.wait_until(desk.stored)
            first, second = desk.list.ids[:2]
            await desk.wait_until(lambda: "● skip" in desk.line_of(first))
            with monkeypatch.context() as patched:
                patched.setattr(pending, "decide", full)
                await desk.press("g", "o", "m")
                await desk.wait_for_text("the library could not be written", "#status")
                await desk.wait_for_text("1 decided", "#top")
            await desk.wait_until(lambda: "● skip" in desk.line_of(first) and "●" not in desk.line_of(second))
            await desk.press("m")
            await desk.wait_for_text("2 decided", "#top")
            await desk.wait_until(lambda: len(desk.stored()) == 2)


async def test_the_last_of_several_decisions_counts(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("m", "k", "o", "k", "d", "k", "s")
            first = desk.list.ids[0]
            assert "● skip" in desk.line_of(first)
            await desk.wait_until(lambda: desk.stored() == {first: Strategy.SKIP})


async def test_the_last_row_can_be_decided_on(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("G", "m")
            last = desk.list.ids[-1]
            assert desk.list.current == last
            assert "● merge" in desk.line_of(last)
            await desk.wait_until(lambda: desk.stored() == {last: Strategy.MERGE})


async def test_a_decision_takes_the_marked_rows_and_no_other(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("j", "space", "j", "space")
            marked = {desk.list.ids[1], desk.list.ids[3]}
            assert set(desk.model.marks.ids) == marked
            assert desk.list.cursor == 4, "marking moves on"
            assert [pending_id for pending_id in desk.list.ids if "✓" in desk.line_of(pending_id)] == sorted(marked)
            await desk.press("d")
            await desk.wait_until(lambda: desk.stored() == dict.fromkeys(marked, Strategy.DELETE))
            assert [pending_id for pending_id in desk.list.ids if "● delete" in desk.line_of(pending_id)] == sorted(
                marked
            )
            assert not desk.model.marks.ids
            assert "✓" not in desk.text("#list")
            assert desk.list.cursor == 4


async def test_a_mark_is_taken_back(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("space", "k", "space")
            assert not desk.model.marks.ids
            await desk.press("space", "space", "escape")
            assert not desk.model.marks.ids


async def test_all_shown_are_marked_and_unmarked(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("asterisk")
            assert set(desk.model.marks.ids) == set(desk.list.ids)
            await desk.press("asterisk")
            assert not desk.model.marks.ids
            await desk.press("asterisk", "s")
            await desk.wait_until(lambda: desk.stored() == dict.fromkeys(desk.list.ids, Strategy.SKIP))
            await desk.wait_for_text("All are decided: a applies them.", "#status")


async def test_only_what_the_filter_shows_is_marked(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("slash", *"vae", "enter")
            await desk.wait_until(lambda: list(desk.list.ids) == [10, 15])
            await desk.press("asterisk", "m")
            await desk.press("escape")
            await desk.wait_until(lambda: len(desk.list.ids) == 19)
            await desk.wait_until(lambda: desk.stored() == dict.fromkeys([10, 15], Strategy.MERGE))
            assert [pending_id for pending_id in desk.list.ids if "●" in desk.line_of(pending_id)] == [10, 15]


async def test_keys_do_not_wait_for_a_database_that_another_process_holds(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        with closing(sqlite3.connect(tmp_path / "library" / "library.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await desk.press("m", "o")
            assert "● merge" in desk.line_of(CONFLICT)
            assert "● override" in desk.line_of(CONFLICT + 1)
            await desk.press("G", "k")
            assert desk.list.cursor == 17
            await desk.press("slash", *"clay", "enter")
            await desk.wait_until(lambda: list(desk.list.ids) == [8, 19])
            assert "● override" in desk.line_of(8), "rows read meanwhile do not hide what is still to be stored"
            assert desk.stored() == {}
            other.execute("ROLLBACK")
        await desk.wait_until(lambda: desk.stored() == {CONFLICT: Strategy.MERGE, 8: Strategy.OVERRIDE})


async def test_quitting_waits_until_decisions_are_stored(tmp_path: Path) -> None:
    folder = copy_sample(tmp_path)
    with Library.open(folder) as library:
        async with running(library) as desk:
            await desk.press("m", "d", "q")
        assert library.queue.decisions() == [(6, Strategy.MERGE), (7, Strategy.DELETE)]
        assert desk.app.return_code == 0


async def test_deciding_shows_what_the_decision_would_do(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(NEW)
        await desk.press("d", "k")
        await desk.wait_for_text("✓delete", "#comparison")
        await desk.wait_for_text("this import goes away, with its 2 tags and 3 images", "#comparison")
        await desk.press("tab")
        await desk.wait_for_text("[skip]", "#comparison")
        await desk.press("c")
        await desk.wait_for_text("[merge]", "#comparison")
