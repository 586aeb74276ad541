"""Another process that writes for long: waiting is shown, and nobody ever sees a locked database."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core import Library
from core.domain.enums import Status
from core.errors import Cancelled, LibraryLocked
from core.locks import waiting
from core.locks.waiting import LockHolder
from tests.support.app import NEW, running, sample
from tests.support.builders import OldRow, add_pending, model_file, old_database
from tests.support.cli import run
from tests.support.other_process import HOLDS_THE_DATABASE, stopped


@contextmanager
def held(root: Path) -> Iterator[threading.Event]:
    """Hold the write lock of a library's database until the event is set or the block ends."""
    with closing(sqlite3.connect(root / "library.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        release = threading.Event()

        def let_go() -> None:
            release.wait(60)
            other.execute("ROLLBACK")

        thread = threading.Thread(target=let_go)
        thread.start()
        try:
            yield release
        finally:
            release.set()
            thread.join()


def test_whoever_waits_is_told_once_and_goes_on(library: Library, tmp_path: Path) -> None:
    pending_id = add_pending(library, model_file(tmp_path, "x"))
    told: list[str] = []
    with held(library.root) as release:

        def tell(_: LockHolder | None) -> None:
            told.append("waiting")
            release.set()

        library.on_wait(tell)
        assert library.processor.process_single_import(pending_id).status is Status.SUCCESS
    assert told == ["waiting"]


@pytest.fixture
def overtaken(library: Library, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let another process lock the library after its turn was awaited; the event is set once somebody waits."""
    monkeypatch.setattr(waiting, "TOLD_AFTER", 0.05)
    monkeypatch.setattr(waiting, "REFUSED_AFTER", 5.0)
    monkeypatch.setattr(library.store, "await_turn", lambda cancel: None)
    cancel = threading.Event()
    library.on_wait(lambda _: cancel.set())
    return cancel


@pytest.mark.parametrize("hashed", [False, True], ids=["its hash", "itself"])
def test_a_promotion_that_waits_to_be_written_can_be_cancelled(
    library: Library, tmp_path: Path, overtaken: threading.Event, hashed: bool
) -> None:
    path = model_file(tmp_path, "x")
    pending_id = add_pending(library, path)
    if hashed:
        library.processor.plan(pending_id)
    with held(library.root), pytest.raises(Cancelled):
        library.processor.process_single_import(pending_id, cancel=overtaken)
    assert list(library.queue.search()) == [pending_id]
    assert not list((library.root / "staging").iterdir())


def test_an_import_that_waits_to_be_written_can_be_cancelled(
    library: Library, tmp_path: Path, overtaken: threading.Event
) -> None:
    old = old_database(tmp_path / "old.db", [OldRow(1, "/m/1")])
    with held(library.root):
        report = library.import_legacy(old, cancel=overtaken)
    assert report.cancelled and report.pending == 0
    assert not list(library.queue.search())


def test_one_that_never_ends_is_an_error_in_a_sentence(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TOLD_AFTER", 0.05)
    monkeypatch.setattr(waiting, "REFUSED_AFTER", 0.3)
    with held(library.root), pytest.raises(LibraryLocked, match=r"has kept the library locked for 0.3 s; wait for it"):
        library.queue.decide([1], None)
    library.queue.decide([1], None)


def test_the_command_line_says_what_it_waits_for(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "TOLD_AFTER", 0.1)
    pending_id = add_pending(library, model_file(tmp_path, "x"))
    with held(library.root) as release:
        threading.Timer(1.0, release.set).start()
        ran = run("promote", pending_id, library=library.root)
    assert ran.code == 0
    assert ran.err == "waiting: another thread of this process has locked the library\n"


async def test_the_app_names_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TOLD_AFTER", 0.1)
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.hashed()
            await desk.go_to(NEW)
            with stopped(HOLDS_THE_DATABASE, library.root) as process:
                await desk.press("d")
                await desk.wait_for_text(f"Waiting: process {process.pid} (", "#status")
            await desk.wait_until(desk.stored)


async def test_the_app_says_so_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TOLD_AFTER", 0.1)
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.hashed()
            await desk.go_to(NEW)
            with held(library.root):
                await desk.press("d")
                assert "● delete" in desk.line_of(NEW), "it is shown at once"
                await desk.wait_for_text("Waiting: another thread of this process has locked the library.", "#status")
            await desk.wait_until(desk.stored)
