"""Decisions by id: those of the database, and over them those on their way to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, KeysView, Mapping
from dataclasses import replace

from core.domain.decision import Choice, Decision, strategy_of
from core.domain.enums import Strategy
from core.domain.records import QueueRow


class Decisions:
    """Which imports are decided, and how many for each strategy: counted along, so that no key waits for a count."""

    def __init__(self) -> None:
        self._of: dict[int, Strategy] = {}
        self._waiting: dict[int, Choice] = {}
        self._storing: Mapping[int, Choice] = {}
        self.counts: Counter[Strategy] = Counter()
        self.batches = 0  # how many were stored, or could not be: what was read before the last one is out of date

    @property
    def ids(self) -> KeysView[int]:
        """The ids of all that is decided."""
        return self._of.keys()

    def put(self, ids: Collection[int], choice: Choice) -> None:
        """Take a decision for each, or take theirs back with None."""
        for pending_id in ids:
            waiting = self._waiting.get(pending_id)
            # A strategy alone keeps what was picked by hand for it.
            if not (isinstance(waiting, Decision) and waiting.strategy is choice):
                self._waiting[pending_id] = choice
        self.count_out(ids)
        if (strategy := strategy_of(choice)) is not None:
            self._of.update(dict.fromkeys(ids, strategy))
            self.counts[strategy] += len(set(ids))

    def fill(self, decisions: Iterable[tuple[int, Strategy]]) -> None:
        """Take what the database has; what is on its way to it stays over that."""
        self._of = dict(decisions)
        for pending_id, choice in {**self._storing, **self._waiting}.items():
            if (strategy := strategy_of(choice)) is None:
                self._of.pop(pending_id, None)
            else:
                self._of[pending_id] = strategy
        self.counts = Counter(self._of.values())

    def count_out(self, ids: Iterable[int]) -> None:
        """Count these no more."""
        gone = [self._of.pop(pending_id) for pending_id in ids if pending_id in self._of]
        self.counts.subtract(gone)
        self.counts = +self.counts

    def coming(self, pending_id: int, strategy: Strategy | None) -> Decision | None:
        """Return a decision with what was picked by hand that has not reached the database, None for any other."""
        for batch in (self._waiting, self._storing):
            choice = batch.get(pending_id)
            if isinstance(choice, Decision) and choice.strategy is strategy:
                return choice
        return None

    def over(self, row: QueueRow) -> QueueRow:
        """Return a row from the database with what has not reached it yet."""
        for batch in (self._storing, self._waiting):
            if row.id in batch:
                row = decided(row, batch[row.id])
        return row

    def next_batch(self) -> Mapping[int, Choice]:
        """Return what is to be stored next: over the rows until ``end_batch``."""
        self._storing, self._waiting = self._waiting, {}
        return self._storing

    def end_batch(self) -> None:
        """Take note that the batch is stored, or cannot be: from now on rows from the database tell."""
        self._storing = {}
        self.batches += 1


def decided(row: QueueRow, choice: Choice) -> QueueRow:
    """Return a row with a decision; what was picked by hand stays where the strategy does."""
    strategy = strategy_of(choice)
    kept = row.has_overrides and row.decision is strategy
    return replace(
        row, decision=strategy, has_overrides=bool(choice.resolution) if isinstance(choice, Decision) else kept
    )
