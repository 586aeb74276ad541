"""The app begins where it was left."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.library import Library
from core.order import BY_ID, Column, Order
from core.records import Strategy
from tests.app_helpers import CONFLICT, Desk, copy_sample, sample
from tests.terminal import terminal
from tui import session
from tui.app import CuratorApp
from tui.screens import resuming
from tui.session import Session


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODEL_CURATOR_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@asynccontextmanager
async def resumed(library: Library, *, resume: bool = True) -> AsyncIterator[Desk]:
    """Run the app, resumed; it is there once a row is."""
    async with CuratorApp(library, resume=resume).run_test(size=(140, 42)) as pilot:
        desk = Desk(pilot, library)
        await desk.until(lambda: desk.list.current is not None and desk.list.row(desk.list.current))
        yield desk


async def leave(desk: Desk) -> None:
    await desk.press("q")
    await desk.until(lambda: desk.app._exit)


async def test_row_filter_and_order_are_as_they_were(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with resumed(library) as desk:
            assert desk.list.current == 6
            await desk.press("t", "T", "slash", *"downloaded", "enter")
            order = Order(Column.NAME, descending=True)
            await desk.until(lambda: list(desk.list.ids) == list(library.queue.ids("downloaded", order)))
            await desk.press("j", "j")
            row = desk.list.current
            await leave(desk)
        assert session.read(library.root) == Session(row, "downloaded", order)
        async with resumed(library) as desk:
            await desk.until(lambda: list(desk.list.ids) == list(library.queue.ids("downloaded", order)))
            assert desk.list.current == row and desk.app.focused is desk.list
            await desk.see("name ▼", "#list")
            await desk.see("downloaded", "#words")
            await desk.see("of 19", "#found")
            await desk.press("escape")
            await desk.until(lambda: list(desk.list.ids) == list(library.queue.ids("", order)))
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
        session.write(library.root, Session(CONFLICT, "clay", Order(Column.NAME)))
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
            await desk.see("The list begins anew", "#status")
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
    monkeypatch.setattr(resuming, "_PATIENCE", 0.05)
    with sample(tmp_path) as library:
        try:
            async with resumed(library) as desk:
                await desk.see("it took too long", "#status")
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
            assert "could not be kept" in str(desk.app._exit_renderables[0])


def test_the_real_program_begins_where_it_was_left(tmp_path: Path, state: Path) -> None:
    folder = copy_sample(tmp_path)
    with terminal("--library", str(folder), home=tmp_path, MODEL_CURATOR_STATE=str(state)) as seen:
        seen.see("▌    6")
        seen.press("jjT")
        seen.see("▼")
        seen.press("q")
        assert seen.end() == 0
    assert session.read(folder) == Session(8, "", Order(BY_ID.column, descending=True))
    with terminal("--library", str(folder), home=tmp_path, MODEL_CURATOR_STATE=str(state)) as seen:
        seen.see("▌    8")
        seen.press("q")
        assert seen.end() == 0
