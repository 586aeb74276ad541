"""Which imports are decided, and how many for each strategy: counted along, so that no key waits for a count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, KeysView

from core.domain.enums import Strategy


class DecisionCounts:
    """Decisions by id, those on their way to the database among them."""

    def __init__(self) -> None:
        self._of: dict[int, Strategy] = {}
        self.counts: Counter[Strategy] = Counter()

    @property
    def ids(self) -> KeysView[int]:
        """The ids of all that is decided."""
        return self._of.keys()

    def put(self, ids: Collection[int], strategy: Strategy | None) -> None:
        """Take a decision for each, or take theirs back with None."""
        self.take_out(ids)
        if strategy is not None:
            self._of.update(dict.fromkeys(ids, strategy))
            self.counts[strategy] += len(set(ids))

    def fill(self, decisions: Iterable[tuple[int, Strategy]]) -> None:
        """Take what the database has, where nothing is known yet."""
        self._of = dict(decisions) | self._of
        self.counts = Counter(self._of.values())

    def take_out(self, ids: Iterable[int]) -> None:
        """Forget these."""
        gone = [self._of.pop(id) for id in ids if id in self._of]
        self.counts.subtract(gone)
        self.counts = +self.counts
