"""The order of the queue: by which column, and which way round."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SortKey(StrEnum):
    """What the queue can be sorted by; ``IMAGES`` is how many there are."""

    ID = "id"
    NAME = "name"
    TYPE = "type"
    SIZE = "size"
    STATE = "state"
    DECISION = "decision"
    IMAGES = "images"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class SortOrder:
    """Among equals it is always by id.

    Texts are compared without letter case, as far as ASCII goes. States and decisions come in the order of their
    enums, what is not decided after what is; within a state the same file lies together.
    """

    column: SortKey = SortKey.ID
    descending: bool = False


DEFAULT_ORDER = SortOrder()
