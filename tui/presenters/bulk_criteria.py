"""Criteria for similar imports, as terms of the search grammar, and the imports that match."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from core.domain.enums import Strategy
from core.domain.query import Field, exactly, state_word
from core.domain.records import QueueRow
from core.files.paths import folder_of

if TYPE_CHECKING:
    from core.library import Library


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion: its name, its value (data: sanitize it before drawing), and its search term."""

    name: str
    value: str
    word: str
    on: bool
    """Whether it is selected by default."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The matching imports, and the existing decisions on those other than the current one."""

    ids: Sequence[int]
    decided: Mapping[Strategy, int]


class BulkAction(Enum):
    """What else can be done with all matching imports."""

    SUGGESTED = "accept suggestions"
    MARK = "mark them"


@dataclass(frozen=True, slots=True)
class BulkDecision:
    """The choice made for a set of imports: a decision, or another action."""

    ids: Sequence[int]
    act: Strategy | BulkAction


def criteria(row: QueueRow) -> Iterator[Criterion]:
    """Yield the criteria of an import; tags, of which there may be many, are off by default."""
    yield Criterion("same state", row.state, f"state:{state_word(row.state)}", on=True)
    if row.type:
        yield Criterion("same type", row.type, exactly(Field.TYPE, row.type), on=True)
    if folder := folder_of(row.path):
        yield Criterion("same folder", folder, exactly(Field.FOLDER, folder), on=True)
    if row.shown_base:  # a scan has read its tensors
        yield Criterion("same stack", "epochs, versions and precisions of one training", f"stack:{row.id}", on=False)
    for tag in row.tags:
        yield Criterion("same tag", tag, exactly(Field.TAG, tag), on=False)
    yield Criterion("undecided", "only imports without a decision", "decision:none", on=False)


def find_matches(library: Library, words: str, but: int) -> Matches:
    """Return the matching imports and their decisions, except that of ``but``. Blocks: call it in a thread."""
    ids = library.queue.search(words)
    fit = set(ids)
    decided = Counter(
        strategy for pending_id, strategy in library.queue.decisions() if pending_id in fit and pending_id != but
    )
    return Matches(ids, decided)
