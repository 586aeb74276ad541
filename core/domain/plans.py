"""The plan of a promotion, made by ``core.planning``."""

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
    """What one promotion would do: what the screen shows, the dry run prints and the promotion does."""

    strategy: Strategy | None
    action_taken: Action
    fields: tuple[FieldPlan, ...] = ()
    tags: TagPlan = TagPlan()
    images: ImagePlan = ImagePlan()


@dataclass(frozen=True, slots=True)
class PromotionPlan:
    """A plan, and what writing it needs besides; ``row`` and ``targets`` are empty where nothing is written.

    ``row`` is the whole row of ``models`` as it would be (an insert has no ``sha256`` in it); ``targets`` holds the
    number in the sequence that each file taken from ``pending/`` would get.
    """

    plan: Plan
    row: Mapping[str, Any] = field(default_factory=dict)
    targets: Mapping[str, int] = field(default_factory=dict)
