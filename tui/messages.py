"""Messages from workers to screens. A newer one replaces an unread one of its kind if nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from core.domain.decision import Decision
from core.domain.outcomes import Outcome
from core.domain.plans import Plan
from core.domain.records import QueueRow

if TYPE_CHECKING:
    from core.hashing.background import HashProgress
    from core.locks.waiting import LockHolder


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as the summary showed it.

    ``plan`` is the plan that promoting must still find, if something could be lost.
    """

    row: QueueRow
    decision: Decision
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class ApplyState:
    """The progress of applying: models done of the total, bytes hashed of the current one."""

    done: int
    total: int
    name: str
    bytes_done: int = 0
    bytes_total: int = 0


@dataclass
class Hashing(Message):
    """The progress of hashing ahead; ``finished`` says whether any file was finished since the last message."""

    progress: HashProgress
    finished: bool

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Hashing) and (self.finished or not message.finished)


@dataclass
class HashingEnded(Message):
    """Everything that can be hashed is hashed; ``error`` is set if hashing itself failed."""

    error: str = ""


@dataclass
class Applying(Message):
    """The progress of applying."""

    state: ApplyState

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Applying)


@dataclass
class Promoted(Message):
    """One promotion has ended."""

    decided: Decided
    outcome: Outcome


@dataclass
class ApplyEnded(Message):
    """Applying has ended: all done, or stopped between models."""

    stopped: bool


@dataclass
class SensitiveTurned(Message, bubble=False):
    """Sensitive samples are now shown or hidden; ``words`` say which."""

    words: str


class TerminalLost(Message):
    """The terminal or browser page that shows the app is gone."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, TerminalLost)


@dataclass
class Waiting(Message):
    """Another process has locked the library for over a second."""

    holder: LockHolder | None

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Waiting)
