"""Work spread over a thread pool: results in order, and no call runs on after its caller has returned."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from core.errors import LibraryError
from core.pools import Pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(2, "test")
    yield made
    made.close()


def test_results_come_in_order(pool: Pool) -> None:
    assert pool.run_all(divmod, [(n, 7) for n in range(50)]) == [divmod(n, 7) for n in range(50)]
    assert pool.run_all(divmod, []) == []


def test_a_call_that_raises_waits_for_those_at_work_and_drops_the_others(pool: Pool) -> None:
    at_work, raised = threading.Event(), threading.Event()
    begun: list[int] = []
    ended: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            at_work.wait(10)
            raised.set()
            raise ValueError(number)
        at_work.set()
        raised.wait(10)
        threading.Event().wait(0.05)  # still at work when the caller hears of the other
        ended.append(number)

    with pytest.raises(ValueError, match="0"):
        pool.run_all(work, [(n,) for n in range(50)])
    assert sorted(begun) == sorted([0, *ended])
    assert len(begun) < 50
    after = list(begun)
    assert pool.run_all(divmod, [(7, 2)] * 4) == [(3, 1)] * 4
    assert begun == after


def test_a_closed_pool_says_so(pool: Pool) -> None:
    pool.close()
    with pytest.raises(LibraryError, match="closed"):
        pool.run_all(divmod, [(1, 1)])
