"""The three locks: by id without waiting, by SHA-256 with waiting, and by library to detect that it is already open."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.locks.keyed import KeyedLocks
from core.locks.library_lock import LibraryLock, held
from tests.support.paths import ROOT


def test_a_key_has_one_lock_as_long_as_somebody_keeps_it() -> None:
    locks = KeyedLocks[int]()
    first, other = locks.of(1), locks.of(2)
    assert first.acquire(blocking=False) and other.acquire(blocking=False)
    assert locks.of(1) is first and not locks.of(1).acquire(blocking=False)
    first.release()
    assert locks.of(1).acquire(blocking=False)


def test_a_lock_that_nobody_released_goes_with_its_last_holder() -> None:
    locks = KeyedLocks[int]()
    assert locks.of(1).acquire(blocking=False), "this one is forgotten, as an interrupt may have it"
    assert locks.of(1).acquire(blocking=False)


def test_of_many_threads_one_holds_an_id() -> None:
    locks, ready, tried = KeyedLocks[int](), threading.Barrier(8), threading.Barrier(8)

    def one(_: int) -> bool:
        ready.wait()
        lock = locks.of(5)
        free = lock.acquire(blocking=False)
        tried.wait()  # nobody leaves before all have tried
        return free

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == [False] * 7 + [True]


def test_a_sha256_is_held_by_one_at_a_time_and_all_get_their_turn() -> None:
    locks, inside, most, turns = KeyedLocks[str](), 0, 0, 0

    def one(_: int) -> None:
        nonlocal inside, most, turns
        for _turn in range(50):
            with locks.of("a"):
                inside += 1
                most = max(most, inside)
                turns += 1
                inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    assert (most, turns) == (1, 400)


def test_another_sha256_does_not_wait() -> None:
    locks = KeyedLocks[str]()

    def other() -> bool:
        with locks.of("b"):
            return True

    with ThreadPoolExecutor(1) as pool, locks.of("a"):
        assert pool.submit(other).result(timeout=10)


def test_a_sha256_waits_and_is_given_back_after_an_exception() -> None:
    locks, entered, waiting = KeyedLocks[str](), threading.Event(), threading.Event()

    def second() -> None:
        waiting.set()
        with locks.of("a"):
            entered.set()

    thread = threading.Thread(target=second)
    with pytest.raises(RuntimeError), locks.of("a"):
        thread.start()
        waiting.wait(10)
        assert not entered.is_set()
        raise RuntimeError
    thread.join(10)
    assert entered.is_set()


def test_who_opens_a_library_second_is_not_alone(tmp_path: Path) -> None:
    first = LibraryLock(tmp_path)
    assert first.alone
    first.share()
    second = LibraryLock(tmp_path)
    assert not second.alone
    first.close()
    second.close()
    third = LibraryLock(tmp_path)
    assert third.alone
    third.close()


@pytest.mark.parametrize("shared", [False, True])
def test_the_lock_is_on_the_staging_folder_too(tmp_path: Path, shared: bool) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    (one / "staging").mkdir(parents=True)
    first = LibraryLock(one)
    first.share()
    assert first.alone
    if shared:
        other.mkdir()
        (other / "staging").symlink_to(one / "staging")
    else:
        (one / "alive.lock").unlink()
    second = LibraryLock(other if shared else one)
    assert not second.alone
    assert held(other if shared else one)
    first.close()
    second.close()
    assert not held(one)


def test_another_process_counts(tmp_path: Path) -> None:
    lock = LibraryLock(tmp_path)
    lock.share()
    code = "from core.locks.library_lock import *; import sys; print(LibraryLock(Path(sys.argv[1])).alone)"
    arguments = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.run(arguments, cwd=ROOT, capture_output=True, check=True).stdout.strip() == b"False"
    lock.close()
    assert subprocess.run(arguments, cwd=ROOT, capture_output=True, check=True).stdout.strip() == b"True"
