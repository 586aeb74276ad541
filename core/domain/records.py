"""The words everything speaks in: enums, and frozen dataclasses for records, plans and outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain.decision import Decision
from core.domain.enums import State, Strategy, Tier

JsonObject = Mapping[str, Any]
MAX_LISTED_DUPLICATES = 5  # imports of one file that a row of the queue names


@dataclass(frozen=True, slots=True)
class Model:
    """A row of ``models``; ``sha256`` is 64 lower-case hex digits, ``created_at`` is in ms."""

    sha256: str
    path: str
    name: str
    type: str
    size_bytes: int
    created_at: int
    meta_json: JsonObject
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelImage:
    """One image of a model's sequence: the SHA-256 of its source's bytes and of each tier's file."""

    seq: int
    source_sha256: str
    digests: Mapping[Tier, str]


@dataclass(frozen=True, slots=True)
class PendingImage:
    """One image of a pending import, kept as it came in ``pending/<file>``.

    ``sha256`` is the digest of its bytes; ``refused`` says why promotion will not take it, ``None`` if it will
    (or nobody has tried to decode it yet).
    """

    n: int
    file: str
    sha256: str
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class PendingImport:
    """A row of ``pending_import`` with its tags and images.

    ``claimed_sha256`` is a hash that came with the row: shown, never believed. ``decision`` is the one that is stored
    with it.
    """

    id: int
    path: str
    name: str
    type: str
    size_bytes: int
    created_at: int
    meta_json: JsonObject
    tags: tuple[str, ...] = ()
    images: tuple[PendingImage, ...] = ()
    claimed_sha256: str | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class RecordWithImages:
    """A record with the names of its images, in order: identifiers ``<sha256>_<seq>`` or files of ``pending/``."""

    record: Model | PendingImport
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of the queue. ``sha256`` is a computed hash that still fits the file, else ``None``.

    ``library_tags`` are those of the model that the library has under that hash.
    ``duplicate_ids`` are the pending imports whose file has that hash too: all, or ``MAX_LISTED_DUPLICATES``.
    ``damage`` says why a value cannot be read, and is empty here, in a row that something else wrote.
    """

    id: int
    name: str
    path: str
    type: str
    size_bytes: int
    sha256: str | None
    state: State
    decision: Strategy | None
    tags: tuple[str, ...]
    images: tuple[str, ...]
    has_overrides: bool = False
    library_tags: tuple[str, ...] = ()
    duplicate_ids: tuple[int, ...] = ()
    damage: str = ""

    @property
    def title(self) -> str:
        """The name, and what is damaged."""
        return f"{self.name} (damaged: {self.damage})".lstrip() if self.damage else self.name


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture for a screen: ``pixels`` holds ``width * height`` RGB triples, row by row."""

    width: int
    height: int
    pixels: bytes = field(repr=False)
