"""Walking along the list from another screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.records import Strategy


@dataclass(frozen=True, slots=True)
class Place:
    """Where the curator stands: the import, its place in the list from 1, how long the list is, what is decided."""

    id: int
    number: int
    of: int
    decision: Strategy | None


@dataclass(frozen=True, slots=True)
class Walk:
    """What a screen asks of the list it was opened from."""

    place: Callable[[], Place | None]
    step: Callable[[int], None]
    decide: Callable[[Strategy | None], None]
