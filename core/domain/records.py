"""Frozen dataclasses for models, pending imports, their images, and rows of the queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain.decision import Decision
from core.domain.enums import State, Strategy, Tier
from core.domain.generation import ImageGeneration
from core.domain.knowledge import NOTHING_KNOWN, Knowledge
from core.domain.verdict import Verdict

JsonObject = Mapping[str, Any]
MAX_LISTED_DUPLICATES = 5  # imports of the same file that a row of the queue lists


@dataclass(frozen=True, slots=True)
class Model:
    """A row of ``models``; ``sha256`` has 64 lower-case hex digits, ``created_at`` is in ms."""

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
    """One image of a model's sequence, with the SHA-256 of its source's bytes and of each tier's file."""

    seq: int
    source_sha256: str
    digests: Mapping[Tier, str]


@dataclass(frozen=True, slots=True)
class PendingImage:
    """One image of a pending import, kept unchanged in ``pending/<file>``.

    ``sha256`` is the digest of its bytes. ``refused`` says why the image cannot be promoted; ``None`` if it can, or has
    not been decoded yet.
    """

    n: int
    file: str
    sha256: str
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class PendingImport:
    """A row of ``pending_import`` with its tags and images.

    ``claimed_sha256`` is a hash that came with the row: shown, never trusted. ``decision`` is the stored decision.
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
    """A record with its images, in order (``<sha256>_<seq>.webp``, or names in ``pending/``), and what is known.

    ``generations`` are of those images whose files say what they were made with.
    """

    record: Model | PendingImport
    images: tuple[str, ...]
    known: Knowledge = NOTHING_KNOWN
    generations: tuple[ImageGeneration, ...] = ()


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One row of the queue. ``sha256`` is the computed hash if the file has not changed since, else ``None``.

    ``base_model`` is the one that is claimed, ``shown_base`` the one that its tensors show; '' where unknown.
    ``verdict`` says whether the file is what is claimed, None if that is not known.
    ``library_tags`` are the tags of the library's model with that hash.
    ``duplicate_ids`` are other pending imports whose file has that hash, at most ``MAX_LISTED_DUPLICATES``.
    ``model_with_weights`` is the hash of the library's model that has the file's weights under another header,
    ``ids_with_weights`` are such pending imports, at most as many; both only where the library has no model of it.
    ``nsfw`` says that a source calls the model that, or the library's model of that file.
    ``stack`` is the same for all files of one training, and empty where that is not known.
    ``damage`` says why a value that another program wrote cannot be read; the value itself is empty here.
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
    base_model: str = ""
    shown_base: str = ""
    verdict: Verdict | None = None
    model_with_weights: str | None = None
    ids_with_weights: tuple[int, ...] = ()
    stack: tuple[str, ...] = ()
    nsfw: bool = False

    @property
    def title(self) -> str:
        """The name, followed by the damage, if any."""
        return f"{self.name} (damaged: {self.damage})".lstrip() if self.damage else self.name


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small image for display: ``pixels`` holds ``width * height`` RGB triples, row by row."""

    width: int
    height: int
    pixels: bytes = field(repr=False)
