"""Running counts of decisions by strategy, as decisions are made, changed, cleared or removed."""

from __future__ import annotations

from core.domain.enums import Strategy
from tui.queue_model.decisions import Decisions


def test_each_decision_is_counted_once() -> None:
    decisions = Decisions()
    decisions.put([1, 2, 3], Strategy.MERGE)
    decisions.put([3, 4], Strategy.DELETE)
    assert decisions.counts == {Strategy.MERGE: 2, Strategy.DELETE: 2}
    decisions.put([1, 9], None)
    decisions.count_out([2, 8])
    assert (set(decisions.ids), decisions.counts) == ({3, 4}, {Strategy.DELETE: 2})


def test_what_the_database_has_does_not_undo_what_was_decided_since() -> None:
    decisions = Decisions()
    decisions.put([1], Strategy.SKIP)
    decisions.fill([(1, Strategy.MERGE), (2, Strategy.MERGE)])
    assert decisions.counts == {Strategy.SKIP: 1, Strategy.MERGE: 1}
