"""What workers tell screens. A newer message replaces an unread one of its kind where that loses nothing."""

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
    """One decision as it was summed up.

    ``plan`` is what promoting must still find, where something would be lost.
    """

    row: QueueRow
    decision: Decision
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class ApplyState:
    """How far applying is: models done of all, bytes of the one in hand."""

    done: int
    total: int
    name: str
    bytes_done: int = 0
    bytes_total: int = 0


@dataclass
class Hashing(Message):
    """How far hashing ahead is; ``finished`` tells whether files came to an end since the last message."""

    progress: HashProgress
    finished: bool

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Hashing) and (self.finished or not message.finished)


@dataclass
class HashingEnded(Message):
    """All that could be hashed is; ``error`` where hashing itself could not go on."""

    error: str = ""


@dataclass
class Applying(Message):
    """How far applying is."""

    state: ApplyState

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Applying)


@dataclass
class Promoted(Message):
    """One promotion came to an end."""

    decided: Decided
    outcome: Outcome


@dataclass
class ApplyEnded(Message):
    """Applying came to an end: all done, or stopped between models."""

    stopped: bool


@dataclass
class SensitiveTurned(Message, bubble=False):
    """Sensitive samples are shown from now on, or hidden again; ``words`` say which."""

    words: str


class TerminalLost(Message):
    """The terminal, or the page of a browser, that shows the app is gone."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, TerminalLost)


@dataclass
class Waiting(Message):
    """Another process has locked the library for over a second."""

    holder: LockHolder | None

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Waiting)
