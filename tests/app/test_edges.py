"""An empty queue, background hashing, leaving during it, help, and the commands in the palette."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from textual.widgets import Static

from core.domain.enums import State
from core.library import Library
from core.queue.queue import QueueCounts
from core.sample.library import build_sample
from tests.support.app import AppHarness, hashed_app, running, sample
from tests.support.import_dialog import ASKED, Dialog
from tui.keys import documented

SPARSE = 64 * 2**30  # bytes: reading it takes far longer than any test


async def test_an_empty_queue_says_how_to_fill_it(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        async with running(library) as desk:
            await desk.wait_for_text("The queue is empty.", "#list")
            await desk.wait_for_text("0 pending", "#top")
            await desk.press(*"jkgGhlmodscaxL", "space", "asterisk", "tab", "escape", "pagedown", "pageup", "enter")
            await desk.press("slash", "m", "escape")
            assert desk.app.focused is desk.list
            assert len(desk.app.screen_stack) == 1


async def test_the_last_import_applied_leaves_an_empty_queue(tmp_path: Path) -> None:
    with sample(tmp_path, keep=1) as library:
        async with running(library) as desk:
            await desk.press("d")
            await desk.wait_for_text("All are decided: a applies them.", "#status")
            await desk.apply(1)
            await desk.wait_for_text("The queue is empty.", "#list")
            await desk.wait_for_text("✓ 1 applied", "#status")
            await desk.wait_for_text("0 pending", "#top")
            await desk.wait_until(lambda: not desk.text("#comparison").strip() and not desk.text("#facts").strip())


async def test_that_all_are_decided_is_said_before_the_states_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sample(tmp_path, keep=1) as library:
        let_go, count = threading.Event(), library.queue.counts

        def slowly(cancel: threading.Event | None = None) -> QueueCounts:
            let_go.wait()
            return count(cancel)

        monkeypatch.setattr(library.queue, "counts", slowly)
        async with running(library) as desk:
            try:
                await desk.press("d")
                await desk.wait_for_text("All are decided: a applies them.", "#status")
            finally:
                let_go.set()


async def test_states_come_in_by_themselves(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        os.truncate(library.queue.rows([24])[0].path, SPARSE)
        async with running(library) as desk:
            await desk.wait_until(lambda: "hashing" in desk.line_of(24))
            await desk.wait_until(lambda: desk.row(7).state is State.CONFLICT and desk.row(16).state is State.DUPLICATE)
            await desk.wait_until(lambda: desk.row(11).state is State.NEW)
            assert "missing" in desk.line_of(18)
            await desk.wait_for_text("hashing ━", "#top")
            await desk.wait_for_text("5 conflicts", "#top")
            os.truncate(library.queue.rows([24])[0].path, 0)
            await desk.wait_until(lambda: "hashing" not in desk.text("#top"))
            assert "unhashed" in desk.line_of(24)


async def test_quitting_while_hashing_leaves_at_once(tmp_path: Path) -> None:
    with sample(tmp_path, keep=6) as library:
        os.truncate(library.queue.rows([8])[0].path, SPARSE)
        async with running(library) as desk:
            await desk.wait_until(lambda: "hashing" in desk.line_of(8))
            await desk.press("q")
        assert desk.app.return_code == 0
    with closing(sqlite3.connect(tmp_path / "library" / "library.db")) as db:
        hashed = {path for (path,) in db.execute("SELECT path FROM file_hashes")}
    assert not any(path.endswith("clay-figurine.safetensors") for path in hashed), "nobody waited for the big file"


async def test_help_shows_every_key_and_any_way_closes_it(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (140, 100)) as desk:
        for key in ("escape", "question_mark", "q"):
            await desk.press("question_mark")
            await desk.wait_until(lambda: "Quit; decisions are kept" in written(desk))
            for words in ("keep library values", "Filter the list", "Yes, do it"):
                assert words in written(desk)
            await desk.press(key)
            assert desk.app.focused is desk.list


def written(desk: AppHarness) -> str:
    """All of the help, what is scrolled out of view as well."""
    return "\n".join(str(one.content) for one in desk.app.screen.query("#help Static").results(Static))


async def test_the_palette_offers_what_is_possible_now(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        titles = [command.title for command in desk.app.get_system_commands(desk.app.screen)]
        assert "merge  (m)" in titles
        assert not any(title.startswith("stop") for title in titles)
        await desk.press("ctrl+p")
        await desk.wait_until(lambda: len(desk.app.screen_stack) == 2)
        await desk.press(*"override")
        await desk.wait_for_text("override  (o)")
        await desk.press("enter")
        await desk.wait_until(lambda: len(desk.app.screen_stack) == 1)
        await desk.wait_until(
            lambda: {pending_id: f"{s}" for pending_id, s in desk.stored().items()} == {6: "override"}
        )


async def test_a_file_deleted_while_the_app_is_open_is_seen(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        os.unlink(desk.row(11).path)
        await desk.go_to(11)
        await desk.press("m")
        await desk.wait_until(lambda: "missing" in desk.line_of(11))


async def test_a_picture_deleted_while_the_app_is_open(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        (tmp_path / "library" / "pending" / desk.row(12).images[0]).unlink()
        await desk.go_to(12)
        await desk.wait_for_text("no picture", "#picture")


def test_every_binding_has_an_id_and_says_what_it_does() -> None:
    ids = [binding.id for binding in documented()]
    assert None not in ids
    assert len(ids) == len(set(ids))
    assert all(binding.tooltip for binding in documented())


async def test_a_key_opens_it_over_the_empty_queue_and_what_came_is_there_and_hashed(
    tmp_path: Path, library: Library
) -> None:
    old = build_sample(tmp_path)
    async with running(library) as running_desk:
        desk = Dialog(running_desk.pilot, library)
        await desk.wait_for_text("i brings models in: a folder, or an old manager's database.", "#list")
        await desk.press("i")
        await desk.wait_for_text(ASKED)
        await desk.give(old.database, old.images)
        await desk.wait_for_text("The import is done")
        await desk.press("y")
        await desk.wait_until(lambda: len(desk.app.screen_stack) == 1)
        await desk.wait_until(lambda: len(desk.list.ids) == 19)
        await desk.wait_until(lambda: desk.model.row(6))
        await desk.hashed()
        await desk.wait_for_text("5 conflicts", "#top")
        assert desk.list.has_focus
