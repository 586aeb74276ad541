"""The remaining time of a job, estimated from its progress so far."""

from __future__ import annotations

import time
from collections.abc import Callable

_SETTLING = 2.0  # seconds before an estimate is stable


class EtaEstimator:
    """Estimates the remaining seconds of one job from its progress since it began."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._done_before: float | None = None

    def left(self, done: float, total: float) -> float | None:
        """Return the seconds left, ``None`` while there is too little progress to estimate them."""
        if self._done_before is None:
            self._done_before, self._started = done, self._clock()
        gone, seconds = done - self._done_before, self._clock() - self._started
        if gone <= 0 or seconds < _SETTLING:
            return None
        return max(total - done, 0) * seconds / gone


def format_eta(seconds: float | None) -> str:
    """Return the time left in words, empty if it is unknown."""
    if seconds is None:
        return ""
    if seconds < 55:
        return f"{max(5, round(seconds / 5) * 5):.0f} s left"
    if seconds < 3600:
        return f"{max(1, round(seconds / 60)):.0f} min left"
    return f"{seconds / 3600:.1f} h left"
