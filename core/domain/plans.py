"""The plan of a promotion, built by ``core.planning``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain.enums import Action, Side, Strategy


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One leaf of the comparison: ``path`` is ``("name",)`` or ``("meta_json", "prompts", "positive")``."""

    path: tuple[str, ...]
    existing: Any
    pending: Any
    result: Any
    side: Side


@dataclass(frozen=True, slots=True)
class TagPlan:
    """Tag names, each group sorted: kept from the model, added by the import, excluded manually."""

    kept: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """Sequence numbers kept, replaced and added; file names of pending images not taken."""

    kept: tuple[int, ...] = ()
    replaced: tuple[int, ...] = ()
    added: tuple[int, ...] = ()
    duplicate: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What one promotion would do, as used by the screen, the dry run and the promotion itself.

    ``alias_of`` is the hash of a model with the same weights under another header, if it is merged into that.
    """

    strategy: Strategy | None
    action_taken: Action
    fields: tuple[FieldPlan, ...] = ()
    tags: TagPlan = TagPlan()
    images: ImagePlan = ImagePlan()
    alias_of: str | None = None


@dataclass(frozen=True, slots=True)
class PromotionPlan:
    """A plan with the data needed to write it; ``row`` and ``targets`` are empty if nothing is written.

    ``row`` is the complete new row of ``models`` (without ``sha256`` for an insert); ``targets`` maps each file taken
    from ``pending/`` to its number in the sequence.
    """

    plan: Plan
    row: Mapping[str, Any] = field(default_factory=dict)
    targets: Mapping[str, int] = field(default_factory=dict)
