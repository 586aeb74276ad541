"""Walking along the list from another screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.picks import Picks
from core.records import QueueRow, Strategy


@dataclass(frozen=True, slots=True)
class Place:
    """Where the curator stands: the import, its place in the list from 1, how long the list is, what is decided.

    ``picks`` are those that are still on their way to the database, None where that knows them.
    """

    id: int
    number: int
    of: int
    decision: Strategy | None
    picks: Picks | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """What a screen asks of the list it was opened from."""

    place: Callable[[], Place | None]
    step: Callable[[int], None]
    decide: Callable[[Strategy | None], None]
    pick: Callable[[Strategy, Picks], None]
    near: Callable[[], Sequence[QueueRow]]
