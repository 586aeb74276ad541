"""What a model file's header holds, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class HeaderUnreadable(Exception):
    """The header cannot be read; the text is a short reason. ``unread`` where it is only too large to be looked at."""

    def __init__(self, reason: str, *, unread: bool = False) -> None:
        super().__init__(reason)
        self.unread = unread


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor's type, as the file spells it (``F16``, ``Q4_K``), and its shape."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """A header: its metadata, its tensors by name, where the body begins, and the size that the file must have.

    ``size`` is 0 where the header does not tell it. Offsets and sizes are in bytes.
    """

    metadata: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    body: int = 0
    size: int = 0
