"""Taking promotions back in the app, and the history."""

from __future__ import annotations

import shutil
from pathlib import Path

from core import Library
from core.records import Strategy
from core.sample import sample_library
from tests.app_helpers import CONFLICT, NEW, Desk, at_work, running, sample
from tui.screens.history import HistoryScreen, UndoScreen
from tui.screens.queue import QueueScreen


async def applied(desk: Desk, *decisions: tuple[int, str]) -> None:
    """Decide and apply, and wait until it is done."""
    for id, key in decisions:
        await desk.go_to(id)
        await desk.press(key)
    await desk.press("a")
    await desk.see(f"Apply {len(decisions)} decision")
    await desk.press("y")
    await desk.see("applied", "#status")
    await desk.until(lambda: not set(desk.list.ids) & {id for id, _ in decisions})


async def test_undo_asks_once_and_puts_the_cursor_on_what_came_back(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        await applied(desk, (CONFLICT, "o"))
        await desk.press("g", "u")
        await desk.until(lambda: isinstance(desk.app.screen, UndoScreen))
        assert "overridden" in desk.screen() and "harborlight" in desk.screen()
        await desk.press("y")
        await desk.see("Undone: overridden", "#status")
        await desk.until(lambda: desk.list.current == CONFLICT)
        assert desk.list.has_focus
        await desk.until(lambda: "● override" in desk.line_of(CONFLICT))
        assert desk.stored() == {CONFLICT: Strategy.OVERRIDE}, "the decision is as it was"
        await desk.see("1 decided")


async def test_no_leaves_everything(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        await applied(desk, (NEW, "m"))
        for key in ("n", "escape"):
            await desk.press("u")
            await desk.until(lambda: isinstance(desk.app.screen, UndoScreen))
            await desk.press(key)
            await desk.until(lambda: isinstance(desk.app.screen, QueueScreen))
        assert NEW not in desk.library.queue.ids()
        assert desk.list.has_focus


async def test_an_import_goes_with_its_decisions_and_that_is_told_before(tmp_path: Path) -> None:
    with sample_library(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("m")
            await desk.see("1 decided")
            await desk.press("u")
            await desk.until(lambda: isinstance(desk.app.screen, UndoScreen))
            await desk.see("import of 24 rows from manager.sqlite3")
            assert "5 models, 19 pending imports, 40 images; 1 decision dropped" in desk.screen()
            await desk.press("y")
            await desk.until(lambda: isinstance(desk.app.screen, QueueScreen))
            await desk.see("Undone: import of 24 rows from manager.sqlite3.", "#status")
            await desk.until(lambda: not desk.list.ids)
            assert list(library.queue.ids()) == []


async def test_what_of_an_import_cannot_be_undone_is_told_before(tmp_path: Path) -> None:
    with sample_library(tmp_path) as library:
        library.store.db.execute("UPDATE models SET name = 'edited'")
        async with running(library) as desk:
            await desk.press("u")
            await desk.until(lambda: isinstance(desk.app.screen, UndoScreen))
            await desk.see("Not all of it can be undone")
            await desk.press("y")
            await desk.until(lambda: isinstance(desk.app.screen, QueueScreen))
            await desk.see("its models were changed since", "#status")


async def test_nothing_to_undo(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        async with running(library) as desk:
            await desk.press("u")
            await desk.see("There is nothing to undo.", "#status")


async def test_what_cannot_be_undone_says_why(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        await applied(desk, (CONFLICT, "d"))
        for folder in (desk.library.root / "trash").iterdir():
            shutil.rmtree(folder)
        await desk.press("u")
        await desk.until(lambda: isinstance(desk.app.screen, UndoScreen))
        await desk.press("y")
        await desk.see("its files have left the trash", "#status")
        assert CONFLICT not in desk.library.queue.ids()


async def test_the_history_lists_and_undoes(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        await applied(desk, (NEW, "m"), (CONFLICT, "d"))
        await desk.press("U")
        await desk.until(lambda: isinstance(desk.app.screen, HistoryScreen))
        await desk.see("quartz-garden")
        lines = [line.split() for line in desk.text("#lines").splitlines() if line.strip()]
        assert [line[3] for line in lines[:2]] == ["inserted", "deleted"]
        await desk.press("u")
        await desk.until(lambda: isinstance(desk.app.screen, UndoScreen))
        assert "inserted" in desk.screen()
        await desk.press("y")
        await desk.until(lambda: NEW in desk.list.ids)
        await desk.press("U")
        await desk.see("undone by")
        undone, *_, first = [line for line in desk.text("#lines").splitlines() if line.strip()]
        assert "undid inserted" in undone
        assert "quartz-garden" in undone
        assert "imported" in first
        assert "manager.sqlite3" in first
        await desk.press("escape")
        await desk.until(lambda: isinstance(desk.app.screen, QueueScreen))


async def test_undo_reaches_across_restarts(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        library.processor.process_single_import(CONFLICT, Strategy.DELETE)
        async with running(library) as desk:
            assert CONFLICT not in desk.list.ids
            await desk.press("u")
            await desk.until(lambda: isinstance(desk.app.screen, UndoScreen))
            await desk.press("y")
            await desk.until(lambda: CONFLICT in desk.list.ids)


async def test_what_another_process_took_leaves_the_list(tmp_path: Path) -> None:
    async with at_work(tmp_path) as desk:
        desk.library.processor.process_single_import(NEW, Strategy.DELETE)
        await desk.press("r")
        await desk.until(lambda: NEW not in desk.list.ids)
        desk.library.undo()
        await desk.press("r")
        await desk.until(lambda: NEW in desk.list.ids)
        await desk.until(lambda: desk.list.row(NEW))
