"""Decisions by id: those in the database, overlaid by those not stored yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, KeysView, Mapping
from dataclasses import replace

from core.domain.decision import Choice, Decision, strategy_of
from core.domain.enums import Strategy
from core.domain.records import QueueRow


class Decisions:
    """Which imports are decided, and how many per strategy: counts are kept current, so that no key waits for them."""

    def __init__(self) -> None:
        self._of: dict[int, Strategy] = {}
        self._waiting: dict[int, Choice] = {}
        self._storing: Mapping[int, Choice] = {}
        self.counts: Counter[Strategy] = Counter()
        self.batches = 0  # how many were stored or failed: data read before the last one is out of date

    @property
    def ids(self) -> KeysView[int]:
        """The ids of all decided imports."""
        return self._of.keys()

    def put(self, ids: Collection[int], choice: Choice) -> None:
        """Set a decision for each id, or clear it with None."""
        for pending_id in ids:
            waiting = self._waiting.get(pending_id)
            # A strategy alone keeps the manual choices made for it.
            if not (isinstance(waiting, Decision) and waiting.strategy is choice):
                self._waiting[pending_id] = choice
        self.count_out(ids)
        if (strategy := strategy_of(choice)) is not None:
            self._of.update(dict.fromkeys(ids, strategy))
            self.counts[strategy] += len(set(ids))

    def fill(self, decisions: Iterable[tuple[int, Strategy]]) -> None:
        """Replace the decisions by those of the database; decisions not stored yet stay on top."""
        self._of = dict(decisions)
        for pending_id, choice in {**self._storing, **self._waiting}.items():
            if (strategy := strategy_of(choice)) is None:
                self._of.pop(pending_id, None)
            else:
                self._of[pending_id] = strategy
        self.counts = Counter(self._of.values())

    def count_out(self, ids: Iterable[int]) -> None:
        """Remove these ids from the decisions and counts."""
        gone = [self._of.pop(pending_id) for pending_id in ids if pending_id in self._of]
        self.counts.subtract(gone)
        self.counts = +self.counts

    def coming(self, pending_id: int, strategy: Strategy | None) -> Decision | None:
        """Return a decision with manual choices that is not in the database yet, None for any other."""
        for batch in (self._waiting, self._storing):
            choice = batch.get(pending_id)
            if isinstance(choice, Decision) and choice.strategy is strategy:
                return choice
        return None

    def over(self, row: QueueRow) -> QueueRow:
        """Return a row from the database with its decision that is not stored yet, if any."""
        for batch in (self._storing, self._waiting):
            if row.id in batch:
                row = decided(row, batch[row.id])
        return row

    def next_batch(self) -> Mapping[int, Choice]:
        """Return the batch to store next; it overlays the rows until ``end_batch``."""
        self._storing, self._waiting = self._waiting, {}
        return self._storing

    def end_batch(self) -> None:
        """Mark the batch as stored or failed: from now on, the rows from the database count."""
        self._storing = {}
        self.batches += 1


def decided(row: QueueRow, choice: Choice) -> QueueRow:
    """Return a row with a decision; manual choices stay if the strategy stays."""
    strategy = strategy_of(choice)
    kept = row.has_overrides and row.decision is strategy
    return replace(
        row, decision=strategy, has_overrides=bool(choice.resolution) if isinstance(choice, Decision) else kept
    )
