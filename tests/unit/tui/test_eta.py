"""The estimated time left for a job, and its wording."""

from __future__ import annotations

import pytest

from tui.jobs.eta import EtaEstimator, format_eta


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_pace_so_far_tells_what_is_left() -> None:
    clock = Clock()
    pace = EtaEstimator(clock)
    assert pace.left(0, 100) is None
    clock.now += 10
    assert pace.left(20, 100) == pytest.approx(40)
    clock.now += 10
    assert pace.left(80, 100) == pytest.approx(5)


def test_no_guess_before_the_job_has_settled_or_moved() -> None:
    clock = Clock()
    pace = EtaEstimator(clock)
    pace.left(0, 100)
    clock.now += 1
    assert pace.left(50, 100) is None
    clock.now += 60
    assert pace.left(0, 100) is None


def test_what_was_done_before_the_job_began_does_not_count() -> None:
    clock = Clock()
    pace = EtaEstimator(clock)
    clock.now += 500  # waiting before the first sign of progress is not work
    pace.left(50, 100)
    clock.now += 10
    assert pace.left(60, 100) == pytest.approx(40)
    clock.now += 10
    assert pace.left(120, 100) == 0


@pytest.mark.parametrize(
    "seconds, words",
    [
        (None, ""),
        (0, "5 s left"),
        (12, "10 s left"),
        (54, "55 s left"),
        (56, "1 min left"),
        (150, "2 min left"),
        (3599, "60 min left"),
        (5400, "1.5 h left"),
    ],
)
def test_time_left_in_words(seconds: float | None, words: str) -> None:
    assert format_eta(seconds) == words
