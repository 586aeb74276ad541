"""Background hashing: visible rows first, with progress, cancellable between two reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core import Library
from core.domain.enums import State
from core.errors import LibraryError
from core.hashing import background
from core.hashing.background import BackgroundHasher, HashProgress
from core.hashing.hasher import Hasher
from core.storage.caches import HashCache
from tests.support.builders import add_pending, digest, model_file, snapshot


def queue_of(library: Library, folder: Path, count: int) -> list[int]:
    return [add_pending(library, model_file(folder, f"{n}", bytes([n]) * 10)) for n in range(count)]


def run(library: Library, first: Sequence[int] = (), cancel: threading.Event | None = None) -> list[HashProgress]:
    told: list[HashProgress] = []
    library.queue.hash_ahead(lambda: first, cancel or threading.Event(), told.append)
    return told


def test_everything_is_hashed_once(library: Library, tmp_path: Path) -> None:
    ids = queue_of(library, tmp_path, 5)
    before = snapshot(library)
    told = run(library)
    assert sorted(found.finished for found in told if found.finished) == ids
    assert (told[-1].files_done, told[-1].files_total) == (5, 5)
    assert (told[-1].bytes_done, told[-1].bytes_total) == (50, 50)
    assert told[-1].hashing == () and all(len(found.hashing) <= 2 for found in told)
    assert all(found.error is None for found in told)
    assert [row.sha256 for row in library.queue.rows(ids)] == [digest(bytes([n]) * 10) for n in range(5)]
    assert run(library) == [], "nothing is left to hash"
    assert snapshot(library) == before


def in_order(library: Library, ids: Sequence[int], first: Callable[[], Sequence[int]]) -> list[int]:
    """Hash with a single thread, so that files end in the order in which they were taken."""
    told: list[HashProgress] = []
    with ThreadPoolExecutor(1) as pool:
        ahead = BackgroundHasher(library.store, Hasher(HashCache(library.store)), pool)
        ahead.run(ids, first, threading.Event(), told.append)
    return [found.finished for found in told if found.finished]


def test_rows_in_view_come_first(library: Library, tmp_path: Path) -> None:
    ids = queue_of(library, tmp_path, 8)
    wanted = [ids[6], 999, ids[7], ids[4]]
    assert in_order(library, ids, lambda: wanted) == [ids[n] for n in (6, 7, 4, 0, 1, 2, 3, 5)]


def test_the_view_is_asked_before_each_next_file(library: Library, tmp_path: Path) -> None:
    ids = queue_of(library, tmp_path, 6)
    views = [[number] for number in ids]
    assert in_order(library, ids, views.pop) == ids[::-1]
    assert views == []


def test_what_leaves_the_queue_before_its_turn_is_not_read(library: Library, tmp_path: Path) -> None:
    ids = queue_of(library, tmp_path, 3)
    gone = str(tmp_path / "2")

    def leave() -> Sequence[int]:
        with library.store.write() as db:
            db.execute("DELETE FROM pending_import WHERE id = ?", [ids[2]])
        return ()

    assert in_order(library, ids, leave) == ids
    assert Hasher(HashCache(library.store)).cached_hash(gone) is None


def test_a_file_that_cannot_be_hashed_does_not_stop_the_others(library: Library, tmp_path: Path) -> None:
    ids = queue_of(library, tmp_path, 2)
    empty = add_pending(library, model_file(tmp_path, "empty", b""))
    missing = add_pending(library, tmp_path / "missing")
    told = run(library)
    errors = {found.finished: found.error for found in told if found.error}
    assert errors == {empty: "the model file is empty"}
    assert told[-1].files_done == told[-1].files_total == 3, "a missing file is not even tried"
    states = {row.id: row.state for row in library.queue.all()}
    assert states == {ids[0]: State.NEW, ids[1]: State.NEW, empty: State.UNHASHED, missing: State.MISSING}


def test_cancelling_leaves_the_rest_unhashed(library: Library, tmp_path: Path) -> None:
    queue_of(library, tmp_path, 6)
    cancel, told = threading.Event(), []

    def report(found: HashProgress) -> None:
        told.append(found)
        if found.finished:
            cancel.set()

    library.queue.hash_ahead(list, cancel, report)
    done = {found.finished for found in told if found.finished}
    assert 1 <= len(done) <= 2
    assert library.queue.counts().states[State.UNHASHED] >= 4
    assert len(run(library)) > 0
    assert State.UNHASHED not in library.queue.counts().states


def test_cancelled_before_it_begins(library: Library, tmp_path: Path) -> None:
    queue_of(library, tmp_path, 2)
    cancel = threading.Event()
    cancel.set()
    assert run(library, cancel=cancel) == []
    assert library.queue.counts().states == {State.UNHASHED: 2}


def test_an_empty_queue(library: Library) -> None:
    assert run(library) == []


def test_closing_the_library_ends_it(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "closing")
    for n in range(6):
        add_pending(library, model_file(tmp_path, f"m{n}", bytes([n]) * 50_000_000))
    began = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            library.queue.hash_ahead(lambda: (), threading.Event(), lambda _: began.set())
        except LibraryError as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert began.wait(30)
    library.close()
    thread.join(30)
    assert not thread.is_alive()


class Immediate(Executor):
    """Does what it is given at once, in the same thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **more))
        return done


def test_the_first_file_does_not_wait_for_the_last_row(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_WINDOW", 2)
    ids = queue_of(library, tmp_path, 9)
    told: list[HashProgress] = []
    ahead = BackgroundHasher(library.store, Hasher(HashCache(library.store)), Immediate(), at_once=1)
    ahead.run(ids, lambda: ids[7:8], threading.Event(), told.append)
    done = [found.finished for found in told if found.finished]
    assert done == [ids[7], *ids[:7], ids[8]], "a row in view is looked at before its turn"
    assert told[0].files_total == 3, "the first window, and the row in view"
    assert told[-1].files_total == told[-1].files_done == 9
    assert told[-1].bytes_total == told[-1].bytes_done == 90


def test_no_more_files_at_once_than_was_said(tmp_path: Path) -> None:
    for threads in (1, 3):
        with Library.open(tmp_path / f"library{threads}", hash_threads=threads) as library:
            queue_of(library, tmp_path, 6)
            assert {len(found.hashing) for found in run(library)} <= set(range(threads + 1))
