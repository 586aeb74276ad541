"""Callbacks that raise: the exception reaches the caller, nothing is half done, and the library stays usable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from core import Library, Strategy
from core.domain.enums import Status
from core.hashing.background import HashProgress
from core.locks import waiting
from tests.support.builders import OldRow, add_model, add_pending, digest, model_file, old_database, png, snapshot
from tests.support.other_process import HOLDS_THE_DATABASE, HOLDS_THE_LIBRARY, stopped
from tests.unit.hashing.test_background import run as hash_all


class Broken(Exception):
    """What a callback raises."""


def broken(*_: object) -> Any:
    raise Broken


class Event(threading.Event):
    """A cancel event that breaks when it is asked for the n-th time."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    def is_set(self) -> bool:
        self.left -= 1
        if self.left <= 0:
            raise Broken
        return False


def queued(library: Library, folder: Path) -> int:
    path = model_file(folder, "m", b"m" * 3_000_000)
    add_model(library, digest(path.read_bytes()), path, images=[png(8)])
    return add_pending(library, path, images=[png(n) for n in range(3)])


def test_progress_of_a_promotion(library: Library, tmp_path: Path) -> None:
    number = queued(library, tmp_path)
    before = snapshot(library)
    for work in (library.processor.process_single_import, library.processor.dry_run):
        with pytest.raises(Broken):
            work(number, Strategy.MERGE, progress=broken)
    assert snapshot(library) == before
    assert library.processor.process_single_import(number, Strategy.MERGE).status is Status.SUCCESS


def test_a_cancel_event_of_a_promotion_wherever_it_is_asked(library: Library, tmp_path: Path) -> None:
    number = queued(library, tmp_path)
    before = snapshot(library)
    asked = 0
    while True:
        asked += 1
        library.store.db.execute("DELETE FROM file_hashes")
        library.store.db.execute("DELETE FROM image_verdicts")
        try:
            outcome = library.processor.process_single_import(number, Strategy.MERGE, cancel=Event(asked))
        except Broken:
            assert snapshot(library) == before
            continue
        break
    assert outcome.status is Status.SUCCESS
    assert asked > 6, "while hashing, judging and encoding"


def test_progress_of_an_import_leaves_whole_batches(library: Library, tmp_path: Path) -> None:
    rows = [OldRow(n, f"/m/{n}") for n in range(1, 501)]
    database = old_database(tmp_path / "old.db", rows)
    with pytest.raises(Broken):
        library.import_legacy(database, progress=broken)
    assert list(library.queue.search()) == list(range(1, 201)), "one batch"
    assert not list((library.root / "staging").iterdir())
    for left in range(1, 4):
        with pytest.raises(Broken):
            library.import_legacy(database, cancel=Event(left))
    assert library.import_legacy(database).pending <= 300
    assert list(library.queue.search()) == list(range(1, 501))


@pytest.mark.parametrize("after", [1, 2, 7])
def test_those_of_hashing_ahead(library: Library, tmp_path: Path, after: int) -> None:
    ids = [add_pending(library, model_file(tmp_path, f"{n}", bytes([n]) * 2_000_000)) for n in range(6)]
    calls = 0

    def counted(*_: object) -> Any:
        nonlocal calls
        calls += 1
        if calls >= after:
            raise Broken
        return ()

    def first() -> Sequence[int]:
        return ()

    def ignore(_: HashProgress) -> None: ...

    runs: list[Callable[[], None]] = [
        lambda: library.queue.hash_ahead(first, threading.Event(), counted),
        lambda: library.queue.hash_ahead(first, Event(after), ignore),
    ]
    if after < 7:  # it is asked once for each file
        runs.append(lambda: library.queue.hash_ahead(counted, threading.Event(), ignore))
    for run in runs:
        calls = 0
        with pytest.raises(Broken):
            run()
        seen = calls
        library.store.db.execute("DELETE FROM file_hashes")
        assert calls == seen, "no thread works on behind its caller's back"
    assert sorted(found.finished for found in hash_all(library) if found.finished) == ids


def test_whoever_is_told_of_a_wait(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TOLD_AFTER", 0.05)
    number = queued(library, tmp_path)
    before = snapshot(library)
    library.on_wait(broken)
    with stopped(HOLDS_THE_DATABASE, library.root):
        for use in (
            lambda: library.queue.decide([number], None),
            lambda: library.processor.process_single_import(number, Strategy.DELETE),
            lambda: library.processor.process_single_import(number, Strategy.MERGE),
        ):
            with pytest.raises(Broken):
                use()
    assert snapshot(library) == before
    library.queue.decide([number], Strategy.SKIP)
    library.close()
    with stopped(HOLDS_THE_LIBRARY, library.root), pytest.raises(Broken):
        Library.open(library.root, on_wait=broken)
    with Library.open(library.root) as again:
        assert again.processor.process_single_import(number, Strategy.MERGE).status is Status.SUCCESS
