"""The error raised if a promotion cannot be planned."""

from __future__ import annotations

from core.domain.outcomes import Outcome
from core.errors import CuratorError


class PromotionRefused(CuratorError):
    """No plan can be made; ``outcome`` says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.error or f"pending import {outcome.id}: {outcome.status.replace('_', ' ')}")
        self.outcome = outcome
