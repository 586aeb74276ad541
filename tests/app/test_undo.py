"""Undoing promotions in the app, and the history."""

from __future__ import annotations

import asyncio
import shutil
import threading
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import core.importing.importer
from core import Library
from core.domain.enums import Strategy
from core.domain.records import QueueRow
from core.domain.sort_order import SortOrder
from core.queue.queue import Queue
from core.sample.library import sample_library
from core.storage import import_batches
from core.verify import check_library
from tests.support.app import CONFLICT, NEW, PATIENCE, AppHarness, hashed_app, running, sample
from tests.support.builders import OldRow, old_database
from tui.screens.history import HistoryScreen, UndoScreen
from tui.screens.queue.screen import QueueScreen


async def applied(desk: AppHarness, *decisions: tuple[int, str]) -> None:
    """Decide and apply, and wait until it is done."""
    for pending_id, key in decisions:
        await desk.go_to(pending_id)
        await desk.press(key)
    await desk.apply(len(decisions))
    await desk.wait_for_text("applied", "#status")
    await desk.wait_until(lambda: not set(desk.list.ids) & {pending_id for pending_id, _ in decisions})


async def test_undo_asks_once_and_puts_the_cursor_on_what_came_back(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await applied(desk, (CONFLICT, "o"))
        await desk.press("g", "u")
        await desk.wait_until(lambda: isinstance(desk.app.screen, UndoScreen))
        await desk.wait_for_text("overridden")
        assert "harborlight" in desk.screen()
        await desk.press("y")
        await desk.wait_for_text("Undone: overridden", "#status")
        await desk.wait_until(lambda: desk.list.current == CONFLICT)
        assert desk.list.has_focus
        await desk.wait_until(lambda: "● override" in desk.line_of(CONFLICT))
        assert desk.stored() == {CONFLICT: Strategy.OVERRIDE}, "the decision is as it was"
        await desk.wait_for_text("1 decided")


async def test_no_leaves_everything(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await applied(desk, (NEW, "m"))
        for key in ("n", "escape"):
            await desk.press("u")
            await desk.wait_until(lambda: isinstance(desk.app.screen, UndoScreen))
            await desk.press(key)
            await desk.wait_until(lambda: isinstance(desk.app.screen, QueueScreen))
        assert NEW not in desk.library.queue.search()
        assert desk.list.has_focus


async def test_an_import_goes_with_its_decisions_and_that_is_told_before(tmp_path: Path) -> None:
    with sample_library(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("m")
            await desk.wait_for_text("1 decided")
            await desk.press("u")
            await desk.wait_until(lambda: isinstance(desk.app.screen, UndoScreen))
            await desk.wait_for_text("import of 24 rows from manager.sqlite3")
            assert "5 models, 19 pending imports, 40 images; 1 decision dropped" in desk.screen()
            await desk.press("y")
            await desk.wait_until(lambda: isinstance(desk.app.screen, QueueScreen))
            await desk.wait_for_text("Undone: import of 24 rows from manager.sqlite3.", "#status")
            await desk.wait_until(lambda: not desk.list.ids)
            assert list(library.queue.search()) == []


async def test_what_of_an_import_cannot_be_undone_is_told_before(tmp_path: Path) -> None:
    with sample_library(tmp_path) as library:
        library.store.db.execute("UPDATE models SET name = 'edited'")
        async with running(library) as desk:
            await desk.press("u")
            await desk.wait_until(lambda: isinstance(desk.app.screen, UndoScreen))
            await desk.wait_for_text("Not all of it can be undone")
            await desk.press("y")
            await desk.wait_until(lambda: isinstance(desk.app.screen, QueueScreen))
            await desk.wait_for_text("its models were changed since", "#status")


async def test_nothing_to_undo(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        async with running(library) as desk:
            await desk.press("u")
            await desk.wait_for_text("There is nothing to undo.", "#status")


async def test_what_cannot_be_undone_says_why(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await applied(desk, (CONFLICT, "d"))
        for folder in (desk.library.root / "trash").iterdir():
            shutil.rmtree(folder)
        await desk.press("u")
        await desk.wait_until(lambda: isinstance(desk.app.screen, UndoScreen))
        await desk.press("y")
        await desk.wait_for_text("its files are no longer in the trash", "#status")
        assert CONFLICT not in desk.library.queue.search()


async def test_the_history_lists_and_undoes(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await applied(desk, (NEW, "m"), (CONFLICT, "d"))
        await desk.press("U")
        await desk.wait_until(lambda: isinstance(desk.app.screen, HistoryScreen))
        await desk.wait_for_text("quartz-garden")
        lines = [line.split() for line in desk.text("#lines").splitlines() if line.strip()]
        assert [line[3] for line in lines[:2]] == ["inserted", "deleted"]
        await desk.press("u")
        await desk.wait_until(lambda: isinstance(desk.app.screen, UndoScreen))
        await desk.wait_until(lambda: "inserted" in desk.screen())
        await desk.press("y")
        await desk.wait_until(lambda: NEW in desk.list.ids)
        await desk.press("U")
        await desk.wait_for_text("undone by")
        undone, *_, first = [line for line in desk.text("#lines").splitlines() if line.strip()]
        assert "undid inserted" in undone
        assert "quartz-garden" in undone
        assert "imported" in first
        assert "manager.sqlite3" in first
        await desk.press("escape")
        await desk.wait_until(lambda: isinstance(desk.app.screen, QueueScreen))


async def test_undo_reaches_across_restarts(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        library.processor.process_single_import(CONFLICT, Strategy.DELETE)
        async with running(library) as desk:
            assert CONFLICT not in desk.list.ids
            await desk.press("u")
            await desk.wait_until(lambda: isinstance(desk.app.screen, UndoScreen))
            await desk.press("y")
            await desk.wait_until(lambda: CONFLICT in desk.list.ids)


async def test_what_another_process_took_leaves_the_list(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        desk.library.processor.process_single_import(NEW, Strategy.DELETE)
        await desk.press("r")
        await desk.wait_until(lambda: NEW not in desk.list.ids)
        desk.library.undo()
        await desk.press("r")
        await desk.wait_until(lambda: NEW in desk.list.ids)
        await desk.wait_until(lambda: desk.model.row(NEW))


class SlowRows:
    """Has a queue read the row of NEW before the list, and has what was read first wait until it is let."""

    def __init__(self, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0  # NEW's row was read
        self._read, self.go = threading.Event(), threading.Event()
        self._rows, self._search = queue.rows, queue.search
        monkeypatch.setattr(queue, "rows", self.rows)
        monkeypatch.setattr(queue, "search", self.search)

    def rows(self, ids: Sequence[int]) -> list[QueueRow]:
        rows = self._rows(ids)
        if NEW in ids:
            self.times += 1
            self._read.set()
            assert self.times > 1 or self.go.wait(PATIENCE)
        return rows

    def search(self, words: str, order: SortOrder, cancel: threading.Event) -> array[int]:
        assert self._read.wait(PATIENCE)
        return self._search(words, order, cancel)


async def test_what_came_back_is_not_taken_out_by_rows_read_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hashed_app(tmp_path) as desk:
        desk.library.processor.process_single_import(NEW, Strategy.DELETE)
        slow = SlowRows(desk.library.queue, monkeypatch)
        await desk.press("r")
        await desk.wait_until(lambda: NEW not in desk.list.ids)
        desk.library.undo()
        await desk.press("r")
        await desk.wait_until(lambda: NEW in desk.list.ids)
        slow.go.set()
        await desk.wait_until(lambda: slow.times > 1 and desk.model.row(NEW))
        assert NEW in desk.list.ids


class SlowBatches:
    """Has ``import_batches.take_back`` wait in the second batch until it is let."""

    def __init__(self) -> None:
        self.begun, self.go = 0, threading.Event()
        self._take_back = import_batches.take_back

    def __call__(self, *arguments: Any) -> None:
        self.begun += 1
        assert self.begun < 2 or self.go.wait(30)
        self._take_back(*arguments)


async def test_leaving_stops_the_undo_of_an_import_between_two_batches_and_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.importing.importer, "_BATCH_ROWS", 2)
    slow = SlowBatches()
    with Library.open(tmp_path / "library") as library:
        library.import_legacy(old_database(tmp_path / "old.db", [OldRow(n, f"/m/{n}") for n in range(1, 11)]))
        with patch.object(import_batches, "take_back", slow):
            async with running(library) as desk:
                await desk.press("u")
                await desk.wait_for_text("10 pending imports")
                await desk.press("y")
                await desk.wait_until(lambda: slow.begun == 2)
                leaving = asyncio.create_task(desk.press("q"))
                # Not through the pilot: it waits for the app, which waits for the undo.
                assert await asyncio.to_thread(desk.queue._promoting._leaving.wait, PATIENCE)
                slow.go.set()
                await leaving
                await desk.wait_until(lambda: desk.app._exit)
                told = str(desk.app._exit_renderables[0])
        assert slow.begun == 2, "the batch in hand is finished, no other begun"
        assert len(library.queue.search()) == 6
        assert "import of 4 rows from old.db" in told and "undo again" in told
        assert check_library(library).ok
        assert library.undo().undone and not len(library.queue.search()), "and it goes on from there"
