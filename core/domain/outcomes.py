"""How a request for a promotion ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from core.domain.enums import Action, Status
from core.domain.plans import Plan
from core.domain.records import RecordWithImages


@dataclass(frozen=True, slots=True)
class RefusedImage:
    """A pending image that could not be promoted, and why."""

    image: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Ended:
    """Attributes common to all outcomes; each kind of outcome overrides its own as fields.

    A field without a default is written ``field()``: otherwise the property that it overrides would be its default.
    """

    status: ClassVar[Status]
    id: int

    @property
    def sha256(self) -> str | None:
        """The hash of the model file, if known."""
        return None

    @property
    def action_taken(self) -> Action | None:
        """What was done, or would be done."""
        return None

    @property
    def images(self) -> tuple[str, ...]:
        """The model's images afterwards, in order."""
        return ()

    @property
    def refused(self) -> tuple[RefusedImage, ...]:
        """The pending images that cannot be promoted."""
        return ()

    @property
    def in_place(self) -> bool:
        """Whether all files have been moved into place; any others follow at the next opening."""
        return True

    @property
    def claimed_sha256(self) -> str | None:
        """The hash that came with the import, if the file has a different one."""
        return None

    @property
    def plan(self) -> Plan | None:
        """The plan of a dry run, or the new plan if it differs from the confirmed one."""
        return None

    @property
    def error(self) -> str | None:
        """The reason for a failure, in one sentence."""
        return None


@dataclass(frozen=True, slots=True)
class Promoted(_Ended):
    """The strategy was applied; ``action_taken`` is None only if a damaged journal does not record it."""

    status = Status.SUCCESS
    sha256: str | None = field()
    action_taken: Action | None = field()
    images: tuple[str, ...] = ()
    refused: tuple[RefusedImage, ...] = ()
    in_place: bool = True
    claimed_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Planned(_Ended):
    """A dry run found that the strategy can be applied."""

    status = Status.SUCCESS
    sha256: str | None = field()
    plan: Plan = field()
    refused: tuple[RefusedImage, ...] = ()
    claimed_sha256: str | None = None

    @property
    def action_taken(self) -> Action:
        """What would be done."""
        return self.plan.action_taken


@dataclass(frozen=True, slots=True)
class Changed(_Ended):
    """The plan differs from the one that was confirmed; nothing was done."""

    status = Status.CHANGED
    sha256: str = field()
    plan: Plan = field()
    refused: tuple[RefusedImage, ...] = ()
    claimed_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Conflict(_Ended):
    """The library has the model, and no strategy was given."""

    status = Status.CONFLICT
    sha256: str = field()
    existing: RecordWithImages | None
    pending: RecordWithImages


@dataclass(frozen=True, slots=True)
class Locked(_Ended):
    """Another call is processing the same pending import."""

    status = Status.LOCKED


@dataclass(frozen=True, slots=True)
class NotFound(_Ended):
    """The pending import does not exist, or has left the queue."""

    status = Status.NOT_FOUND


@dataclass(frozen=True, slots=True)
class Failed(_Ended):
    """The strategy could not be applied."""

    status = Status.ERROR
    error: str = field()


Outcome = Promoted | Planned | Changed | Conflict | Locked | NotFound | Failed
