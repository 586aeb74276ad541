"""What a curator decides for one pending import."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.enums import Strategy
from core.domain.resolution import NO_OVERRIDES, Resolution


@dataclass(frozen=True, slots=True)
class Decision:
    """A strategy, with what was picked by hand over what it gives."""

    strategy: Strategy
    resolution: Resolution = NO_OVERRIDES


# A strategy alone leaves what was picked by hand as it is stored, where that was for the same strategy.
Choice = Decision | Strategy | None


def strategy_of(choice: Choice) -> Strategy | None:
    """Return the strategy that was chosen."""
    return choice.strategy if isinstance(choice, Decision) else choice
