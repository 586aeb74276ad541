"""The marks of the list: a set of ids, and a range that grows with the cursor until it is ended.

All operations work on whole sets, so that marking 100,000 ids takes about as long as drawing a page.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable

from tui.queue_model.listed_ids import ListedIds


class Selection:
    """The marked ids, including those not shown.

    A range extends from where it was begun to the cursor, and counts as marked. Any other marking ends it first.
    """

    def __init__(self, listed: ListedIds, changed: Callable[[], None]) -> None:
        self._listed = listed
        self._changed = changed
        self._ids: set[int] = set()
        self._hidden: int | None = 0  # None: counted on demand
        self._from: int | None = None  # the id at which the range was begun
        self._from_place: int | None = None  # its place; None: looked up on demand

    # Queries

    @property
    def ids(self) -> Collection[int]:
        """All marked ids, including the open range."""
        return self._ids.union(self._range_ids()) if self.in_range else self._ids

    @property
    def count(self) -> int:
        """The number of marked ids, including the open range."""
        ranged = self._range_ids()
        return len(self._ids) + len(ranged) - (len(self._ids.intersection(ranged)) if self._ids and ranged else 0)

    @property
    def hidden(self) -> int:
        """The number of marked ids that are not shown."""
        if self._hidden is None:
            self._hidden = len(self._ids) - len(self._ids.intersection(self._listed.ids)) if self._ids else 0
        return self._hidden

    @property
    def in_range(self) -> bool:
        """Whether a range is open."""
        return self._from is not None

    @property
    def range(self) -> range:
        """The places of the open range, empty without one."""
        if self._from is None:
            return range(0)
        if self._from_place is None:
            self._from_place = self._listed.place_of(self._from)
        cursor = self._listed.cursor
        start = cursor if self._from_place is None else self._from_place
        return range(min(start, cursor), max(start, cursor) + 1)

    def holds(self, pending_id: int, place: int) -> bool:
        """Return whether the id at a place is marked."""
        return pending_id in self._ids or place in self.range

    # Changes of the list

    def list_others(self, ids: array[int]) -> None:
        """Prepare for other ids. An open range ends: its rows stay marked."""
        if ids != self._listed.ids:
            self._close_range()
        self._hidden = self._from_place = None

    def leave(self, gone: Collection[int]) -> None:
        """Unmark ids that are about to leave the list; a range that begins at one of them ends."""
        if self._from in gone:
            self._close_range()
        self._from_place = None
        self._take(gone)

    def follow(self) -> None:
        """Report that the cursor has moved, if a range moved with it."""
        if self.in_range:
            self._changed()

    # Marking

    def toggle_range(self) -> None:
        """Begin a range at the cursor, or end it: its rows stay marked."""
        if self.in_range:
            self._close_range()
        elif self._listed.ids:
            self._from, self._from_place = self._listed.current, self._listed.cursor
        self._changed()

    def end_range(self) -> None:
        """End the range, if one is open; its rows stay marked."""
        self._close_range()
        self._changed()

    def drop_range(self) -> None:
        """Drop the range; its rows are unmarked, except those marked before."""
        self._from = None
        self._changed()

    def toggle(self, pending_id: int) -> None:
        """Toggle the mark of a shown id."""
        self._close_range()
        self._ids ^= {pending_id}
        self._changed()

    def toggle_shown(self) -> None:
        """Mark all shown ids, or unmark them if all are marked."""
        self._close_range()
        shown = set(self._listed.ids)
        self._ids = self._ids - shown if shown <= self._ids else self._ids | shown
        self._changed()

    def invert_shown(self) -> None:
        """Invert the marks of all shown ids."""
        self._close_range()
        self._ids.symmetric_difference_update(self._listed.ids)
        self._changed()

    def mark(self, ids: Iterable[int]) -> None:
        """Mark these ids, shown or not."""
        self._close_range()
        self._ids.update(ids)
        self._hidden = None
        self._changed()

    def unmark(self, ids: Collection[int]) -> None:
        """Unmark these ids."""
        self._close_range()
        self._take(ids)
        self._changed()

    def clear(self) -> None:
        """Unmark everything, including the range."""
        self._from, self._ids, self._hidden = None, set(), 0
        self._changed()

    def _take(self, ids: Collection[int]) -> None:
        if not self._ids.isdisjoint(ids):
            self._ids.difference_update(ids)
            self._hidden = None

    def _close_range(self) -> None:
        self._ids.update(self._range_ids())
        self._from = None

    def _range_ids(self) -> array[int]:
        places = self.range
        return self._listed.ids[places.start : places.stop]
