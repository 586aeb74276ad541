"""A process stopped (Ctrl-Z, a debugger, a frozen container) while it holds a lock: others report that they wait."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from core import Library, Strategy
from core.domain.enums import Status
from core.errors import Cancelled, LibraryError, LibraryLocked
from core.locks import waiting
from core.locks.waiting import LockHolder
from tests.support.builders import add_pending, model_file
from tests.support.cli import run
from tests.support.other_process import HOLDS_THE_DATABASE, HOLDS_THE_LIBRARY, PATIENCE, script, stopped

_OPEN = "import sys; from core import Library; Library.open(sys.argv[1]).close(); print('opened')"
_STOPS_AMID_OPENING = """
import os, signal, sys
from core import Library
from core.operations.journal import Journal
recover = Journal.recover
def stop_first(journal):
    os.kill(os.getpid(), signal.SIGSTOP)
    return recover(journal)
Journal.recover = stop_first
Library.open(sys.argv[1])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Library.open(tmp_path / "library") as library:
        add_pending(library, model_file(tmp_path, "m"))
    return library.root


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TOLD_AFTER", 0.1)
    monkeypatch.setattr(waiting, "REFUSED_AFTER", 0.5)


def test_one_that_is_stopped_while_it_opens_the_library_holds_nobody_up(folder: Path) -> None:
    with stopped(_STOPS_AMID_OPENING, folder):
        assert script(_OPEN, folder) == "opened"


def test_nothing_is_swept_that_was_staged_after_it_looked(folder: Path) -> None:
    """It looked into staging/ when it was alone; what another process stages later is not its to remove."""
    dead, alive = folder / "staging" / ("0" * 32), folder / "staging" / ("1" * 32)
    dead.mkdir()
    with stopped(_STOPS_AMID_OPENING, folder) as process:
        alive.mkdir()
        process.send_signal(signal.SIGCONT)
        assert process.wait(PATIENCE) == 0
    assert (dead.exists(), alive.exists()) == (False, True)


@pytest.mark.usefixtures("impatient")
def test_who_has_the_library_to_itself_is_told_and_then_waiting_is_refused(folder: Path) -> None:
    told: list[LockHolder | None] = []
    with stopped(HOLDS_THE_LIBRARY, folder) as holding, pytest.raises(LibraryLocked) as refused:
        Library.open(folder, on_wait=told.append)
    [holder] = told
    assert holder is not None and (holder.pid, holder.stopped) == (holding.pid, True)
    assert "fcntl.flock(descriptor, fcntl.LOCK_EX)" in holder.command
    assert abs(time.time() - holder.since / 1000) < 60
    assert f"process {holding.pid} (" in str(refused.value)
    assert str(refused.value).endswith(f"for 0.5 s; continue it (kill -CONT {holding.pid}) or end it, then try again")
    with Library.open(folder, on_wait=told.append):
        assert len(told) == 1, "nobody holds it any more"


@pytest.mark.usefixtures("impatient")
def test_the_command_line_names_who_writes_and_gives_up(folder: Path) -> None:
    with stopped(HOLDS_THE_DATABASE, folder) as writing:
        ran = run("promote", 1, library=folder)
        assert ran.code == 1
        first, *_, last = ran.err.splitlines()
    assert first.startswith(f"waiting: process {writing.pid} (") and first.endswith("stopped) has locked the library")
    assert last.startswith(f"1  error: process {writing.pid} (") and "kill -CONT" in last
    assert all(line.isprintable() for line in ran.err.splitlines())


def test_a_command_that_would_act_on_the_terminal_is_shown_plain() -> None:
    assert waiting.describe(LockHolder(1, 0, "evil\x1b[2J")).startswith("process 1 (evil␛[2J, started 19")
    assert waiting.describe(None) == "another process"


@pytest.mark.parametrize(("code", "find"), [(HOLDS_THE_LIBRARY, 0), (HOLDS_THE_DATABASE, 1)])
def test_a_file_system_that_lists_another_device(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: str, find: int
) -> None:
    """As btrfs does: then the holder must have the file open."""
    monkeypatch.setattr(os, "major", lambda device: 0xFFF)
    with Library.open(folder, readonly=True), stopped(code, folder) as process:
        library, database = folder / "alive.lock", folder / "library.db"
        holder = waiting.database_writer(database) if find else waiting.flock_holder(library)
        assert holder is not None and holder.pid == process.pid
    assert waiting.flock_holder(library) is waiting.database_writer(database) is None


@pytest.mark.usefixtures("impatient")
def test_where_the_system_does_not_say_who_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_PROC", folder / "nothing")
    told: list[LockHolder | None] = []
    refused = pytest.raises(LibraryLocked, match="another process has kept the library locked for")
    with stopped(HOLDS_THE_DATABASE, folder), Library.open(folder, on_wait=told.append) as library, refused:
        library.queue.decide([1], Strategy.SKIP)
    assert told == [None]


@pytest.mark.usefixtures("impatient")
def test_no_file_is_read_before_the_write_lock_can_be_had(folder: Path) -> None:
    read: list[int] = []
    with Library.open(folder) as library:
        with stopped(HOLDS_THE_DATABASE, folder):
            outcome = library.processor.process_single_import(1, progress=lambda done, _: read.append(done))
            assert (outcome.status, read) == (Status.ERROR, [])
        assert library.processor.process_single_import(1, progress=lambda done, _: read.append(done)).sha256
        assert read, "now it was"


@pytest.mark.usefixtures("impatient")
def test_a_hash_is_not_computed_again_where_it_could_not_be_kept(folder: Path) -> None:
    """The lock is taken while the file is read: the promotion is refused, and the hash waits in memory."""
    read: list[int] = []
    with Library.open(folder) as library:
        with ExitStack() as holding:

            def meanwhile(done: int, _: int) -> None:
                read.append(done)
                holding.enter_context(stopped(HOLDS_THE_DATABASE, folder))

            assert library.processor.process_single_import(1, progress=meanwhile).status is Status.ERROR
        again = library.processor.process_single_import(1, progress=lambda done, _: read.append(done))
    assert (again.status, len(read)) == (Status.SUCCESS, 1)


def test_a_wait_is_cancelled_within_a_second(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TOLD_AFTER", 0.1)
    cancel = threading.Event()
    with Library.open(folder, on_wait=lambda _: cancel.set()) as library, stopped(HOLDS_THE_DATABASE, folder):
        began = time.monotonic()
        for strategy in (Strategy.DELETE, Strategy.MERGE):
            with pytest.raises(Cancelled):
                library.processor.process_single_import(1, strategy, cancel=cancel)
            cancel.clear()
        assert library.import_legacy(tmp_path / "no such database", cancel=cancel).cancelled
        assert time.monotonic() - began < 10


def test_closing_does_not_wait_for_one_that_waits(folder: Path) -> None:
    ends: list[str] = []
    library = Library.open(folder)
    waits = threading.Event()

    def decide() -> None:
        waits.set()
        try:
            library.queue.decide([1], Strategy.SKIP)
        except LibraryError as error:
            ends.append(str(error))

    with stopped(HOLDS_THE_DATABASE, folder):
        thread = threading.Thread(target=decide)
        thread.start()
        waits.wait()
        began = time.monotonic()
        library.close()
        thread.join()
    assert ends == ["the library is closed"]
    assert time.monotonic() - began < 10


@pytest.mark.usefixtures("impatient")
def test_an_import_copies_nothing_before_the_write_lock_can_be_had(folder: Path, tmp_path: Path) -> None:
    with Library.open(folder) as library, stopped(HOLDS_THE_DATABASE, folder), pytest.raises(LibraryLocked):
        library.import_legacy(tmp_path / "no such database")
