"""What imports may have in common with one of them, as words of the search grammar; and how many do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from core.domain.enums import Strategy
from core.domain.query import Field, exactly
from core.domain.records import QueueRow
from core.files.paths import folder_of

if TYPE_CHECKING:
    from core.library import Library


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing to have in common: its name, its value (data: whoever draws it makes it plain), and the word for it."""

    name: str
    value: str
    word: str
    on: bool
    """Whether it counts unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The imports that fit, and the decisions that those other than the one in hand have already."""

    ids: Sequence[int]
    decided: Mapping[Strategy, int]


class BulkAction(Enum):
    """What else than a decision may be done for all that fit."""

    SUGGESTED = "accept suggestions"
    MARK = "mark them"


@dataclass(frozen=True, slots=True)
class BulkDecision:
    """What was chosen for so many imports: a decision, or something else."""

    ids: Sequence[int]
    act: Strategy | BulkAction


def criteria(row: QueueRow) -> Iterator[Criterion]:
    """Go through what others may have in common with an import; tags, which may be many, only where asked for."""
    yield Criterion("same state", row.state, f"state:{row.state}", on=True)
    if row.type:
        yield Criterion("same type", row.type, exactly(Field.TYPE, row.type), on=True)
    if folder := folder_of(row.path):
        yield Criterion("same folder", folder, exactly(Field.FOLDER, folder), on=True)
    for tag in row.tags:
        yield Criterion("same tag", tag, exactly(Field.TAG, tag), on=False)
    yield Criterion("undecided", "only imports without a decision", "decision:none", on=False)


def find_matches(library: Library, words: str, but: int) -> Matches:
    """Return which imports fit, and what is decided for them, ``but`` one. Blocks: to be called in a thread."""
    ids = library.queue.search(words)
    fit = set(ids)
    decided = Counter(
        strategy for pending_id, strategy in library.queue.decisions() if pending_id in fit and pending_id != but
    )
    return Matches(ids, decided)
