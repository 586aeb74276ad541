"""Moving along the list from another screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.domain.decision import Choice
from core.domain.records import QueueRow


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """The position of the cursor: the import, its place in the list from 1, the list's length, and the decision.

    Manual choices are part of ``choice`` only until they are stored; afterwards, the database has them.
    """

    id: int
    number: int
    of: int
    choice: Choice


@dataclass(frozen=True, slots=True)
class QueueNavigator:
    """What a screen can do with the list it was opened from."""

    place: Callable[[], QueuePosition | None]
    step: Callable[[int], None]
    decide: Callable[[Choice], None]
    near: Callable[[], Sequence[QueueRow]]
