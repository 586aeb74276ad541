"""The ids of a long list in display order, and the cursor among them."""

from __future__ import annotations

from array import array
from collections.abc import Collection

from tui.queue_model.id_index import cut, place_among, place_of


class ListedIds:
    """Ids, and a cursor that stays on its id or goes to the next remaining one."""

    def __init__(self) -> None:
        self.ids: array[int] = array("q")
        self.cursor = 0  # its place, from 0

    @property
    def current(self) -> int | None:
        """The id under the cursor."""
        return self.ids[self.cursor] if self.ids else None

    def put(self, ids: array[int]) -> None:
        """Replace the list by this array, which is not copied."""
        self.cursor = place_among(ids, self.ids, self.cursor)
        self.ids = ids

    def take_out(self, gone: Collection[int]) -> None:
        """Remove ids from the list."""
        self.cursor = cut(self.ids, gone, self.cursor)

    def place_of(self, pending_id: int) -> int | None:
        """Return the place of an id, None if it is not listed."""
        return place_of(self.ids, pending_id)

    def move_to(self, place: int) -> bool:
        """Move the cursor to a place, or as near as the list allows; return whether it has moved."""
        before, self.cursor = self.cursor, max(0, min(place, len(self.ids) - 1))
        return self.cursor != before
