"""Lists of pending imports in which each training takes one line."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FoldedIds:
    """Listed ids, and for the final file of a stack the ids of all its listed files, itself included, in their order.

    The others of a stack are not among ``ids``.
    """

    ids: array[int]
    stacks: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
