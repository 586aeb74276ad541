"""The app starts where it was left."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.domain.enums import Strategy
from core.domain.sort_order import DEFAULT_ORDER, SortKey, SortOrder
from core.library import Library
from tests.support.app import CONFLICT, AppHarness, copy_sample, sample
from tests.support.pseudo_terminal import terminal
from tui.app import CuratorApp
from tui.config import session
from tui.config.session import Session
from tui.screens.queue import session_controller


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODEL_CURATOR_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@asynccontextmanager
async def resumed(library: Library, *, resume: bool = True) -> AsyncIterator[AppHarness]:
    """Run the app, resumed; it is there once a row is."""
    async with CuratorApp(library, resume=resume).run_test(size=(140, 42)) as pilot:
        desk = AppHarness(pilot, library)
        await desk.wait_until(lambda: desk.list.current is not None and desk.model.row(desk.list.current))
        yield desk


async def leave(desk: AppHarness) -> None:
    await desk.press("q")
    await desk.wait_until(lambda: desk.app._exit)


async def test_row_filter_and_order_are_as_they_were(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with resumed(library) as desk:
            assert desk.list.current == 6
            await desk.press("t", "T", "slash", *"downloaded", "enter")
            order = SortOrder(SortKey.NAME, descending=True)
            await desk.wait_until(lambda: list(desk.list.ids) == list(library.queue.search("downloaded", order)))
            await desk.press("j", "j")
            row = desk.list.current
            await leave(desk)
        assert session.read(library.root) == Session(row, "downloaded", order)
        async with resumed(library) as desk:
            await desk.wait_until(lambda: list(desk.list.ids) == list(library.queue.search("downloaded", order)))
            assert desk.list.current == row and desk.app.focused is desk.list
            await desk.wait_for_text("name ▼", "#list")
            await desk.wait_for_text("downloaded", "#words")
            await desk.wait_for_text("of 19", "#found")
            await desk.press("escape")
            await desk.wait_until(lambda: list(desk.list.ids) == list(library.queue.search("", order)))
            assert desk.list.current == row


async def test_a_row_that_is_gone_is_no_reason_to_complain(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        session.write(library.root, Session(CONFLICT))
        library.processor.process_single_import(CONFLICT, Strategy.DELETE)
        async with resumed(library) as desk:
            assert desk.list.current == 6
            assert not desk.text("#status").strip()


async def test_nothing_is_kept_of_an_app_that_is_not_to_resume(tmp_path: Path, state: Path) -> None:
    with sample(tmp_path) as library:
        session.write(library.root, Session(CONFLICT, "clay", SortOrder(SortKey.NAME)))
        async with resumed(library, resume=False) as desk:
            assert desk.list.current == 6 and len(desk.list.ids) == 19
            await leave(desk)
        assert session.read(library.root).words == "clay"


@pytest.mark.parametrize("content", [b"", b"\xff{", b'{"row": []}'])
async def test_a_broken_file_is_told_and_mended(tmp_path: Path, state: Path, content: bytes) -> None:
    with sample(tmp_path) as library:
        session.write(library.root, Session(CONFLICT))
        (file,) = (state / "sessions").iterdir()
        file.write_bytes(content)
        async with resumed(library) as desk:
            await desk.wait_for_text("The list starts at the top", "#status")
            assert len(desk.list.ids) == 19
            await desk.press("j")
            await leave(desk)
        assert session.read(library.root) == Session(CONFLICT)


async def test_a_disk_that_does_not_answer_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()

    def slow(_: Path) -> Session:
        answer.wait(30)
        return Session(CONFLICT, "clay")

    monkeypatch.setattr(session, "read", slow)
    monkeypatch.setattr(session_controller, "_PATIENCE", 0.05)
    with sample(tmp_path) as library:
        try:
            async with resumed(library) as desk:
                await desk.wait_for_text("it took too long", "#status")
                answer.set()
                await desk.press("j")
                assert len(desk.list.ids) == 19
        finally:
            answer.set()


async def test_what_cannot_be_kept_is_said_once_the_app_is_left(tmp_path: Path, state: Path) -> None:
    state.write_text("a file where the folder should be")
    with sample(tmp_path) as library:
        async with resumed(library) as desk:
            await leave(desk)
            assert "could not be saved" in str(desk.app._exit_renderables[0])


def test_the_real_program_begins_where_it_was_left(tmp_path: Path, state: Path) -> None:
    folder = copy_sample(tmp_path)
    with terminal("--library", str(folder), home=tmp_path, MODEL_CURATOR_STATE=str(state)) as seen:
        seen.see("▌    6")
        seen.press("jjT")
        seen.see("▼")
        seen.press("q")
        assert seen.end() == 0
    assert session.read(folder) == Session(8, "", SortOrder(DEFAULT_ORDER.column, descending=True))
    with terminal("--library", str(folder), home=tmp_path, MODEL_CURATOR_STATE=str(state)) as seen:
        seen.see("▌    8")
        seen.press("q")
        assert seen.end() == 0
