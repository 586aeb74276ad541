"""Walking along the list from another screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.domain.enums import Strategy
from core.domain.records import QueueRow
from core.domain.resolution import Resolution


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """Where the curator stands: the import, its place in the list from 1, how long the list is, what is decided.

    ``picks`` are those that are still on their way to the database, None where that knows them.
    """

    id: int
    number: int
    of: int
    decision: Strategy | None
    picks: Resolution | None = None


@dataclass(frozen=True, slots=True)
class QueueNavigator:
    """What a screen asks of the list it was opened from."""

    place: Callable[[], QueuePosition | None]
    step: Callable[[int], None]
    decide: Callable[[Strategy | None], None]
    pick: Callable[[Strategy, Resolution], None]
    near: Callable[[], Sequence[QueueRow]]
