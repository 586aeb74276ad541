"""The sort order of the queue: column and direction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SortKey(StrEnum):
    """What the queue can be sorted by; ``IMAGES`` is the number of images, ``BASE`` the base model."""

    ID = "id"
    NAME = "name"
    TYPE = "type"
    SIZE = "size"
    STATE = "state"
    DECISION = "decision"
    IMAGES = "images"
    PATH = "path"
    BASE = "base"


@dataclass(frozen=True, slots=True)
class SortOrder:
    """A column and a direction; ties are always sorted by id.

    Texts are compared ignoring ASCII case; an unknown base model is last. States and decisions are sorted in the order
    of their enums, with undecided imports after decided ones; within a state, imports of the same file are adjacent.
    """

    column: SortKey = SortKey.ID
    descending: bool = False


DEFAULT_ORDER = SortOrder()
