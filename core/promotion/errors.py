"""Why no plan of a promotion can be made."""

from __future__ import annotations

from core.domain.outcomes import Outcome
from core.errors import CuratorError


class PromotionRefused(CuratorError):
    """No plan can be made; ``outcome`` tells why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.error or f"pending import {outcome.id}: {outcome.status.replace('_', ' ')}")
        self.outcome = outcome
