"""The words everything speaks in: enums, and frozen dataclasses for records, plans and outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.picks import NO_PICKS, Picks, Side

JsonObject = Mapping[str, Any]
MOST_ALIKE = 5  # imports of one file that a row of the queue names


class Strategy(StrEnum):
    """What the curator wants for one pending import."""

    OVERRIDE = "override"
    MERGE = "merge"
    DELETE = "delete"
    SKIP = "skip"


class Action(StrEnum):
    """What a promotion did, or would do; ``IMPORTED`` is what an import's batch did."""

    INSERTED = "inserted"
    OVERRIDDEN = "overridden"
    MERGED = "merged"
    DELETED = "deleted"
    IGNORED = "ignored"
    IMPORTED = "imported"


class State(StrEnum):
    """The state of a pending import: the first that fits."""

    MISSING = "missing"
    CONFLICT = "conflict"
    DUPLICATE = "duplicate"
    NEW = "new"
    UNHASHED = "unhashed"


class Status(StrEnum):
    """How a call for a promotion ended."""

    SUCCESS = "success"
    CONFLICT = "conflict"
    CHANGED = "changed"
    LOCKED = "locked"
    NOT_FOUND = "not_found"
    ERROR = "error"


class Tier(StrEnum):
    """One stored size of a sample image."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Kind(StrEnum):
    """What kind of operation a journal entry records."""

    PROMOTE = "promote"
    UNDO = "undo"
    IMPORT = "import"
    IMAGE = "image"


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

    ``claimed_sha256`` is a hash that came with the row: shown, never believed. ``picks`` were made by hand, and are
    part of the decision.
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
    decision: Strategy | None = None
    picks: Picks = NO_PICKS


@dataclass(frozen=True, slots=True)
class Entry:
    """A record with the names of its images, in order: identifiers ``<sha256>_<seq>`` or files of ``pending/``."""

    record: Model | PendingImport
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of the queue. ``sha256`` is a computed hash that still fits the file, else ``None``.

    ``library_tags`` are those of the model that the library has under that hash.
    ``alike`` are other pending imports whose file has that hash, by id: all of them, or ``MOST_ALIKE``.
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
    by_hand: bool = False
    library_tags: tuple[str, ...] = ()
    alike: tuple[int, ...] = ()
    damage: str = ""

    @property
    def title(self) -> str:
        """The name, and what is damaged."""
        return f"{self.name} (damaged: {self.damage})".lstrip() if self.damage else self.name


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
    """Tag names, sorted: those the model has, those that come, and those that were left out by hand."""

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
class RefusedImage:
    """A pending image that could not be taken, and why."""

    image: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call for a promotion (or for its plan) ended.

    ``in_place`` is false where it has happened but the files follow at the next opening. ``existing`` and ``pending``
    come with a conflict, ``plan`` with a dry run and with *changed*, ``error`` with an error.
    """

    status: Status
    id: int
    sha256: str | None = None
    action_taken: Action | None = None
    images: tuple[str, ...] = ()
    refused: tuple[RefusedImage, ...] = ()
    in_place: bool = True
    claimed_sha256: str | None = None
    error: str | None = None
    existing: Entry | None = None
    pending: Entry | None = None
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One file to be moved by an operation; paths are relative to the library.

    If something stands at ``dst`` it goes to ``keep`` first; ``had`` tells whether something stood there.
    """

    src: str
    dst: str
    keep: str
    had: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of the journal: what recovery finishes and undo reverts. ``at`` is in ms.

    ``unsafe`` says why nothing of the entry may be done or undone, where it is none that this program wrote; then it
    has no moves.
    """

    n: int
    op: str
    kind: Kind
    action: Action | None
    pending_id: int | None
    sha256: str | None
    moves: tuple[Move, ...]
    open: bool
    at: int
    undone_by: int | None = None
    lost: tuple[str, ...] = ()
    unsafe: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What Stage 1 could not take: the old row's id, the field, the reason."""

    row: int | None
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What one run of Stage 1 added, skipped (rows known from an earlier run), and could not take."""

    models: int = 0
    pending: int = 0
    tags: int = 0
    images: int = 0
    skipped: int = 0
    problems: tuple[Problem, ...] = ()
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture for a screen: ``pixels`` holds ``width * height`` RGB triples, row by row."""

    width: int
    height: int
    pixels: bytes = field(repr=False)
