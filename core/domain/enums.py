"""The enums of the domain; their values are used in the database and in the command line's JSON."""

from __future__ import annotations

from enum import StrEnum


class Strategy(StrEnum):
    """The strategies for promoting one pending import."""

    OVERRIDE = "override"
    MERGE = "merge"
    DELETE = "delete"
    SKIP = "skip"


class Action(StrEnum):
    """What a promotion did or would do; ``IMPORTED`` is the action of an import's batch."""

    INSERTED = "inserted"
    OVERRIDDEN = "overridden"
    MERGED = "merged"
    DELETED = "deleted"
    IGNORED = "ignored"
    IMPORTED = "imported"


class State(StrEnum):
    """The state of a pending import: the first that applies."""

    MISSING = "missing"
    CONFLICT = "conflict"
    SAME_WEIGHTS = "same weights"
    DUPLICATE = "duplicate"
    NEW = "new"
    UNHASHED = "unhashed"


class Status(StrEnum):
    """How a request for a promotion ended."""

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


class OperationKind(StrEnum):
    """The kind of operation that a journal entry records."""

    PROMOTE = "promote"
    UNDO = "undo"
    IMPORT = "import"
    IMAGE = "image"


class Side(StrEnum):
    """Where the result of one field comes from; ``BOTH`` means equal or combined."""

    EXISTING = "existing"
    PENDING = "pending"
    BOTH = "both"
