"""Walking along the list from another screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.domain.decision import Choice
from core.domain.records import QueueRow


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """Where the curator stands: the import, its place in the list from 1, how long the list is, what is decided.

    What was picked by hand is part of the choice while it is on its way to the database, which knows it afterwards.
    """

    id: int
    number: int
    of: int
    choice: Choice


@dataclass(frozen=True, slots=True)
class QueueNavigator:
    """What a screen asks of the list it was opened from."""

    place: Callable[[], QueuePosition | None]
    step: Callable[[int], None]
    decide: Callable[[Choice], None]
    near: Callable[[], Sequence[QueueRow]]
