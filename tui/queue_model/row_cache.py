"""The rows that were lately in view, and which of them may have changed since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from core.domain.decision import Choice
from core.domain.records import QueueRow
from tui.queue_model.decisions import decided
from tui.queue_model.id_index import around

PAGE = 64
_KEPT = 64 * PAGE


class RowCache:
    """Rows by id, read a page at a time; known rows stay until newer ones arrive."""

    def __init__(self) -> None:
        self._rows: dict[int, QueueRow] = {}
        self._fresh: set[int] = set()
        self.generation = 0

    def get(self, pending_id: int) -> QueueRow | None:
        """Return the row of an import, ``None`` if it is not loaded yet."""
        return self._rows.get(pending_id)

    def take(
        self, generation: int, asked: Collection[int], rows: Iterable[QueueRow], in_view: Iterable[int]
    ) -> set[int]:
        """Store rows that were requested in a generation, and return the ids of those that changed.

        Rows requested before the last ``expire`` only fill gaps. If there are too many, those in view are kept.
        """
        late = generation != self.generation
        changed = set()
        for row in rows:
            if not (late and row.id in self._rows) and self._rows.get(row.id) != row:
                self._rows[row.id] = row
                changed.add(row.id)
        if not late:
            self._fresh.update(asked)
        if len(self._rows) > _KEPT:
            keep = {*asked, *in_view}
            self._rows = {pending_id: row for pending_id, row in self._rows.items() if pending_id in keep}
            self._fresh &= keep
        return changed

    def expire(self) -> None:
        """Mark all rows as possibly changed."""
        self.generation += 1
        self._fresh.clear()

    def forget(self, gone: Iterable[int]) -> None:
        """Drop the rows of imports that are gone."""
        for pending_id in gone:
            self._rows.pop(pending_id, None)
            self._fresh.discard(pending_id)

    def decide(self, stored: Mapping[int, Choice]) -> None:
        """Update rows with decisions that are now in the database."""
        for pending_id, choice in stored.items():
            if row := self._rows.get(pending_id):
                self._rows[pending_id] = decided(row, choice)

    def wanted(self, ids: Sequence[int], first: int, last: int) -> Sequence[int]:
        """Return the ids to read when these places are in view: whole pages, empty if all are up to date."""
        places = [place for place in range(first, last + 1) if ids[place] not in self._fresh]
        if not places:  # then prefetch the adjacent page on either side
            near = around(first, last, len(ids))
            places = [n for n in near if ids[n] not in self._rows and ids[n] not in self._fresh]
        return ids[places[0] // PAGE * PAGE : (places[-1] // PAGE + 1) * PAGE] if places else ()
