"""Facets of a list of imports: which values there are of each kind, how often, and the search term for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.domain.enums import State
from core.domain.query import NO_DECISION, Field, exactly, state_word
from core.domain.records import QueueRow
from core.planning.base_families import base_or_family
from core.text import sanitize

MOST_VALUES = 50
"""How many values of one kind are listed; there may be thousands of tags."""


class FacetKind(StrEnum):
    """What imports are told apart by; the values are the keys of the search grammar."""

    STATE = "state"
    DECISION = "decision"
    TYPE = "type"
    BASE = "base"
    VERDICT = "verdict"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value (data: sanitize it before drawing), the number of imports with it, and the term that finds them.

    The term is empty where the value has characters that nobody can type.
    """

    text: str
    count: int
    term: str


@dataclass(frozen=True, slots=True)
class Facet:
    """The most frequent values of one kind, the most frequent first; ``left_out`` is how many more there are."""

    kind: FacetKind
    values: tuple[FacetValue, ...]
    left_out: int


def facets(rows: Iterable[QueueRow]) -> tuple[Facet, ...]:
    """Return the facets of imports; a kind without any value is left out."""
    counted: dict[FacetKind, Counter[str]] = {kind: Counter() for kind in FacetKind}
    for row in rows:
        for kind, value in _values(row):
            counted[kind][value] += 1
    return tuple(_facet(kind, counts) for kind, counts in counted.items() if counts)


def _values(row: QueueRow) -> Iterator[tuple[FacetKind, str]]:
    """Yield what a row has of each kind, no value twice."""
    yield FacetKind.STATE, row.state
    yield FacetKind.DECISION, row.decision or NO_DECISION
    if row.type:
        yield FacetKind.TYPE, row.type
    for base in {base_or_family(name) for name in (row.base_model, row.shown_base) if name}:
        yield FacetKind.BASE, base
    if row.verdict is not None:
        yield FacetKind.VERDICT, row.verdict
    for tag in set(row.tags):
        yield FacetKind.TAG, tag


def _facet(kind: FacetKind, counts: Counter[str]) -> Facet:
    ordered = sorted(counts.items(), key=lambda counted: (-counted[1], counted[0]))
    values = tuple(FacetValue(text, count, _term(kind, text)) for text, count in ordered[:MOST_VALUES])
    return Facet(kind, values, len(ordered) - len(values))


def _term(kind: FacetKind, text: str) -> str:
    match kind:
        case FacetKind.TYPE | FacetKind.BASE | FacetKind.TAG:
            return exactly(Field(kind.value), text) if sanitize(text) == text else ""
        case FacetKind.STATE:
            return f"state:{state_word(State(text))}"
        case FacetKind.DECISION | FacetKind.VERDICT:
            return f"{kind}:{text}"
