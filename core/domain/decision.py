"""The curator's decision on one pending import."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.enums import Strategy
from core.domain.resolution import NO_OVERRIDES, Resolution


@dataclass(frozen=True, slots=True)
class Decision:
    """A strategy with the manual choices that override it."""

    strategy: Strategy
    resolution: Resolution = NO_OVERRIDES


# A strategy alone keeps the stored manual choices if they were made for the same strategy.
Choice = Decision | Strategy | None


def strategy_of(choice: Choice) -> Strategy | None:
    """Return the strategy of a choice, None if there is none."""
    return choice.strategy if isinstance(choice, Decision) else choice
