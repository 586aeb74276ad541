"""Summarizes decisions before they are applied: running totals, and the most destructive decisions first.

Adding a plan costs the same whether the summary has ten decisions or ten thousand.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from core.domain.decision import Decision
from core.domain.enums import State, Strategy
from core.domain.plans import Plan
from core.domain.records import QueueRow
from core.text import count_of, sanitize
from tui.presenters.plan_lines import overwritten_fields

if TYPE_CHECKING:
    from core.library import Library
    from core.queue.queue import ImportPreview

_DESTROYS_FIRST = (Strategy.DELETE, Strategy.OVERRIDE, Strategy.MERGE, Strategy.SKIP)
_NOT_WRITTEN = ("path", "size", "created", "type", "name")  # values that people rarely write: named last
_LABELS = 12  # names of fields in a note; a line holds fewer


class Impact(IntEnum):
    """How destructive a decision is, the worst first."""

    LOSES = 0  # something of the library is overwritten or emptied
    UNKNOWN = 1
    WAITING = 2  # its plan is not known yet
    DROPS = 3  # something of the import is dropped
    NOTHING = 4


@dataclass(slots=True)
class Group:
    """The decisions for one strategy: their number, their total effect, and their order."""

    strategy: Strategy
    count: int = 0
    by_hand: int = 0
    images: int = 0  # of the imports
    fields: int = 0  # of the library, overwritten or emptied
    replaced: int = 0  # images of the library
    added: int = 0
    order: list[tuple[Impact, int, int]] = field(default_factory=list)
    """The impact, the negated number of things affected, and the id; sorted."""

    def move(self, pending_id: int, hurt: Impact, much: int) -> None:
        """Move a decision whose plan is now known to its place in the order."""
        del self.order[bisect_left(self.order, (Impact.WAITING, 0, pending_id))]
        insort(self.order, (hurt, -much, pending_id))


class ApplySummary:
    """The decisions that are about to be applied."""

    def __init__(self, decisions: Mapping[int, Decision], rows: Iterable[QueueRow]) -> None:
        self.decisions = decisions
        self.rows = {row.id: row for row in rows}
        self.plans: dict[int, Plan] = {}
        self.notes: dict[int, str] = {}
        self.missing = self.unhashed = self.unhashed_bytes = 0
        groups = {strategy: Group(strategy) for strategy in _DESTROYS_FIRST}
        for row in self.rows.values():
            self._put(row, groups[decisions[row.id].strategy])
        self.groups = [group for group in groups.values() if group.count]
        for group in self.groups:
            group.order.sort()
        waiting = (pending_id for group in self.groups for hurt, _, pending_id in group.order if hurt is Impact.WAITING)
        self.wanted = sorted(waiting, key=lambda pending_id: not self.may_lose(pending_id))
        self.must_see = sum(map(self.may_lose, self.wanted))
        """How many of ``wanted``, from the first, must be read before anything can be confirmed."""

    @classmethod
    def read(cls, library: Library) -> ApplySummary:
        """Read all decisions. Blocks: call it in a thread."""
        decisions = library.queue.full_decisions()
        return cls(decisions, library.queue.rows(list(decisions)))

    def may_lose(self, pending_id: int) -> bool:
        """Return whether promoting must still find the plan that was shown; a plain merge loses nothing."""
        decision = self.decisions[pending_id]
        return decision.strategy is Strategy.OVERRIDE or bool(decision.resolution)

    def take(self, pending_id: int, look: ImportPreview | None) -> None:
        """Add the preview of one of ``wanted``."""
        group = next(group for group in self.groups if group.strategy is self.decisions[pending_id].strategy)
        if look is None or look.plan is None:
            self.notes[pending_id] = sanitize(look.reason, 60) if look else "it has left the queue"
            group.move(pending_id, Impact.UNKNOWN, 0)
            return
        plan = look.plan
        if self.may_lose(pending_id):
            self.plans[pending_id] = plan
        fields = sorted(overwritten_fields(plan), key=_NOT_WRITTEN.__contains__)
        group.fields += len(fields)
        group.replaced += len(plan.images.replaced)
        group.added += len(plan.images.added)
        if lost := len(fields) + len(plan.images.replaced):
            counts = _counted((len(fields), "field"), (len(plan.images.replaced), "image"))
            names = f": {sanitize(', '.join(fields[:_LABELS]), 200)}" if fields else ""
            self.notes[pending_id] = f"{counts}{names}"
            group.move(pending_id, Impact.LOSES, lost)
            return
        dropped = (len(plan.images.refused), "refused image"), (len(plan.images.left_out), "image left out")
        self.notes[pending_id] = _counted(*dropped)
        much = sum(number for number, _ in dropped)
        group.move(pending_id, Impact.DROPS if much else Impact.NOTHING, much)

    def _put(self, row: QueueRow, group: Group) -> None:
        group.count += 1
        group.by_hand += bool(self.decisions[row.id].resolution)
        group.images += len(row.images)
        hurt, much = Impact.NOTHING, 0
        if group.strategy is Strategy.DELETE:
            much = len(row.images) + len(row.tags)
            hurt = Impact.DROPS if much else Impact.NOTHING
            self.notes[row.id] = _counted((len(row.images), "image"), (len(row.tags), "tag"))
        elif group.strategy is not Strategy.SKIP:
            hurt = Impact.WAITING if row.sha256 else Impact.UNKNOWN
            self.notes[row.id] = "" if row.sha256 else self._unread(row)
        group.order.append((hurt, -much, row.id))

    def _unread(self, row: QueueRow) -> str:
        if row.state is State.MISSING:
            self.missing += 1
            return "its model file is missing"
        self.unhashed += 1
        self.unhashed_bytes += row.size_bytes
        return "not hashed yet"


def _counted(*pairs: tuple[int, str]) -> str:
    return ", ".join(count_of(number, noun) for number, noun in pairs if number)


def looks(library: Library, summary: ApplySummary, ids: Sequence[int]) -> dict[int, ImportPreview | None]:
    """Return the previews of some decisions. Blocks: call it in a thread."""
    return {pending_id: library.queue.preview(pending_id, summary.decisions[pending_id].strategy) for pending_id in ids}
