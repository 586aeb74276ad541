"""Decisions counted along: for each strategy, whatever is decided anew, taken back, or gone."""

from __future__ import annotations

from core.domain.enums import Strategy
from tui.screens.queue.decision_counts import DecisionCounts


def test_each_decision_is_counted_once() -> None:
    tally = DecisionCounts()
    tally.put([1, 2, 3], Strategy.MERGE)
    tally.put([3, 4], Strategy.DELETE)
    assert tally.counts == {Strategy.MERGE: 2, Strategy.DELETE: 2}
    tally.put([1, 9], None)
    tally.take_out([2, 8])
    assert (set(tally.ids), tally.counts) == ({3, 4}, {Strategy.DELETE: 2})


def test_what_the_database_has_does_not_undo_what_was_decided_since() -> None:
    tally = DecisionCounts()
    tally.put([1], Strategy.SKIP)
    tally.fill([(1, Strategy.MERGE), (2, Strategy.MERGE)])
    assert tally.counts == {Strategy.SKIP: 1, Strategy.MERGE: 1}
