"""A short curation session in a real terminal: forty imports of every kind are worked off by keys, with suggestions."""

from __future__ import annotations

from pathlib import Path

from core.domain.enums import Action, OperationKind, Strategy
from core.library import Library
from tests.bench.curation_session import CurationSession, violations, work_off
from tests.bench.queues import build_queue, expected_strategy, kind_of

COUNT = 40


def test_a_queue_is_worked_off_and_nothing_is_overwritten_unseen(tmp_path: Path) -> None:
    library = build_queue(tmp_path, COUNT)
    evening = work_off(library, COUNT, suggestions=True)
    assert violations(library, evening) == []
    assert evening.keys < COUNT / 2
    with Library.open(library, readonly=True) as opened:
        done = {past.operation.pending_id: past.operation for past in opened.history.operations(2 * COUNT)}
    promoted = {
        pending_id: one.action
        for pending_id, one in done.items()
        if pending_id is not None and one.kind is OperationKind.PROMOTE
    }
    assert sorted(promoted) == list(range(1, COUNT + 1)), "each import once"
    for pending_id, action in promoted.items():
        expected = {Strategy.DELETE: {Action.DELETED}, Strategy.OVERRIDE: {Action.OVERRIDDEN}}
        assert action in expected.get(expected_strategy(pending_id), {Action.INSERTED, Action.MERGED}), kind_of(
            pending_id
        )


def test_what_was_overwritten_without_being_shown_is_found(tmp_path: Path) -> None:
    library = build_queue(tmp_path, 20)
    with Library.open(library) as opened:
        for pending_id in opened.queue.search():
            opened.processor.process_single_import(pending_id, expected_strategy(pending_id))
    found = violations(library, CurationSession(20))
    assert found
    assert all("overwrote" in one and "15" in one for one in found), "the one that is overridden, and nothing else"
