"""The queue model without an app: its state, and the changes it announces."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import pytest

from core.domain.decision import Decision
from core.domain.enums import State, Strategy
from core.domain.records import QueueRow
from core.domain.resolution import Resolution
from core.domain.sort_order import SortKey, SortOrder
from core.domain.stacks import FoldedIds
from core.queue.queue import QueueCounts
from tui.queue_model.model import Part, QueueModel

BY_HAND = Decision(Strategy.MERGE, Resolution(tags=("blurry",)))


def row(
    pending_id: int, decision: Strategy | None = None, *, overrides: bool = False, state: State = State.NEW
) -> QueueRow:
    return QueueRow(
        pending_id, f"m{pending_id}", f"/m/{pending_id}", "lora", 1, None, state, decision, (), (), overrides
    )


def read(model: QueueModel, rows: Iterable[QueueRow]) -> set[int]:
    """Put rows in as an answer to what is asked for now."""
    rows = list(rows)
    ids = [row.id for row in rows]
    return model.put_rows(model.rows.generation, ids, rows, ids)


@pytest.fixture
def model() -> QueueModel:
    model = QueueModel()
    model.put_ids(FoldedIds(array("q", range(1, 7))), all_of_them=True)
    read(model, [row(pending_id) for pending_id in range(1, 7)])
    model.put_counts(QueueCounts(6, 0, {State.NEW: 6}))
    return model


def told(model: QueueModel, parts: Part) -> list[Part]:
    """Return a list to which each of these parts is added whenever it changes."""
    seen: list[Part] = []
    for part in parts:
        model.watch(part, lambda part=part: seen.append(part))  # type: ignore[misc]
    return seen


def test_a_decision_is_in_row_and_counts_before_it_is_stored_and_told_once(model: QueueModel) -> None:
    seen = told(model, Part.DECISIONS | Part.LIST | Part.COUNTS | Part.MARKS)
    model.decide([2, 3], Strategy.MERGE)
    assert seen == [Part.DECISIONS]
    assert [getattr(model.row(pending_id), "decision", "") for pending_id in (1, 2, 3)] == [
        None,
        Strategy.MERGE,
        Strategy.MERGE,
    ]
    assert model.decisions.counts == {Strategy.MERGE: 2}
    model.decide([3], None)
    assert model.row(3) == row(3)
    assert model.decisions.counts == {Strategy.MERGE: 1}


def test_a_row_read_before_its_decision_was_stored_shows_the_decision(model: QueueModel) -> None:
    model.decide([1], Strategy.SKIP)
    batch = model.decisions.next_batch()
    model.decide([1], Strategy.DELETE)  # while the first is being stored
    read(model, [row(1, overrides=True)])
    assert model.row(1) == row(1, Strategy.DELETE)
    model.end_batch(batch)
    assert model.row(1) == row(1, Strategy.DELETE)
    model.end_batch(model.decisions.next_batch())
    assert model.row(1) == row(1, Strategy.DELETE), "it is in the row, until that is read again"


def test_what_was_picked_by_hand_stays_where_the_strategy_does(model: QueueModel) -> None:
    model.decide([1], BY_HAND)
    model.decide([1], Strategy.MERGE)
    assert model.row(1) == row(1, Strategy.MERGE, overrides=True)
    assert model.decisions.coming(1, Strategy.MERGE) == BY_HAND
    assert model.decisions.next_batch() == {1: BY_HAND}, "which is what is stored"
    model.decide([1], Strategy.OVERRIDE)
    assert model.row(1) == row(1, Strategy.OVERRIDE)
    assert model.decisions.coming(1, Strategy.OVERRIDE) is None
    model.decide([1], Strategy.MERGE)
    assert model.row(1) == row(1, Strategy.MERGE, overrides=True), "storing it leaves what was picked by hand"


def test_a_decision_that_cannot_be_stored_goes_back_to_what_the_database_has(model: QueueModel) -> None:
    model.put_decisions([(1, Strategy.SKIP)])
    read(model, [row(1, Strategy.SKIP)])
    model.decide([1, 2], Strategy.DELETE)
    model.decisions.next_batch()
    seen = told(model, Part.ROWS)
    model.end_batch({})
    assert seen == [Part.ROWS]
    assert (model.row(1), model.row(2)) == (row(1, Strategy.SKIP), row(2))
    model.put_decisions([(1, Strategy.SKIP)])
    assert model.decisions.counts == {Strategy.SKIP: 1}


def test_decisions_that_are_read_leave_out_what_left_and_what_is_newer(model: QueueModel) -> None:
    model.decide([1], Strategy.SKIP)
    model.decisions.next_batch()
    model.decide([2], None)
    model.take_out({3}, [row(3)])
    model.put_decisions([(1, Strategy.MERGE), (2, Strategy.MERGE), (3, Strategy.MERGE), (4, Strategy.MERGE)])
    assert model.decisions.counts == {Strategy.SKIP: 1, Strategy.MERGE: 1}
    assert set(model.decisions.ids) == {1, 4}


def test_what_leaves_is_counted_out_once_of_everything(model: QueueModel) -> None:
    model.decide([2, 5], Strategy.MERGE)
    model.marks.mark([2, 3])
    model.fail(2, "its file is missing")
    model.listed.move_to(1)
    seen = told(model, Part.GONE | Part.LIST | Part.COUNTS)
    for _ in range(2):
        model.take_out({2}, [row(2)])
    assert seen == [Part.GONE, Part.COUNTS] * 2
    assert (model.total, model.states) == (5, {State.NEW: 5})
    assert model.decisions.counts == {Strategy.MERGE: 1}
    assert (set(model.marks.ids), model.failures, model.row(2)) == ({3}, {}, None)
    assert (list(model.listed.ids), model.listed.current) == ([1, 3, 4, 5, 6], 3)
    model.put_counts(QueueCounts(5, 1, {State.NEW: 5}))
    model.take_out({2}, [row(2)])
    assert model.total == 4, "after a count it is taken to have been back"


def test_a_new_decision_forgets_why_the_last_one_failed(model: QueueModel) -> None:
    seen = told(model, Part.FAILURES)
    model.fail(1, "its file is missing")
    model.fail(2, "its file is missing")
    model.decide([1], Strategy.SKIP)
    model.fail(2, "")
    assert (model.failures, len(seen)) == ({}, 4)


def test_a_decision_is_about_the_marked_or_the_current(model: QueueModel) -> None:
    model.listed.move_to(4)
    assert model.chosen == [5]
    model.marks.mark([3, 2])
    assert model.chosen == [2, 3]
    empty = QueueModel()
    assert (empty.chosen, empty.current_row, empty.near(), empty.next_undecided(1)) == ([], None, [], None)


def test_the_next_undecided_goes_round_the_end(model: QueueModel) -> None:
    model.decide([1, 4, 5, 6], Strategy.SKIP)
    model.listed.move_to(2)
    assert model.next_undecided(1) == 1
    assert model.next_undecided(-1) == 1
    model.decide([2, 3], Strategy.SKIP)
    assert model.next_undecided(1) is None


def test_all_decided_waits_until_it_is_known_how_many_there_are(model: QueueModel) -> None:
    states = []
    for pending_id in model.listed.ids:
        states.append(model.all_decided)
        model.decide([pending_id], Strategy.SKIP)
    assert [*states, model.all_decided] == [False] * 6 + [True]


def test_all_that_is_listed_is_not_all_there_is() -> None:
    model = QueueModel()
    model.put_ids(FoldedIds(array("q", [1])), all_of_them=False)
    model.decide([1], Strategy.SKIP)
    assert not model.all_decided


def test_in_an_empty_queue_nothing_is_decided() -> None:
    model = QueueModel()
    model.put_counts(QueueCounts(0, 0, {}))
    assert not model.all_decided


def test_the_rows_near_the_cursor_are_those_known_the_nearest_first(model: QueueModel) -> None:
    model.rows.forget([4])
    model.listed.move_to(2)
    assert [near.id for near in model.near()] == [2, 5, 1]


def test_another_order_is_told_and_the_list_stays_until_it_is_read(model: QueueModel) -> None:
    seen = told(model, Part.ORDER | Part.LIST)
    order = SortOrder(SortKey.NAME, descending=True)
    model.sort(order)
    assert (model.order, seen, model.listed.current) == (order, [Part.ORDER], 1)
    model.put_ids(FoldedIds(array("q", [6, 1, 5])), all_of_them=False)
    assert (model.listed.current, model.listed.cursor, model.total) == (1, 1, 6)
