"""Which of several statements about a field counts: one table of precedence, and the record that comes of it.

The best tier wins: what a person wrote, over what a tool fetched, over the file's header, over its name. Of one tier
the source that stands first in ``PRECEDENCE`` wins. Lists are united in that order, each entry once whatever its case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.domain.statements import Source, SourceTier, Statement

TAGS = "tags"
UNITED = frozenset(("trained_words", "negative_words", TAGS, "community_links", "prompts", "training.tags"))
PRECEDENCE = (
    Source.A1111,
    Source.TEXT,
    Source.LORA_MANAGER,
    Source.STABILITY_MATRIX,
    Source.CIVICOMFY,
    Source.CIVITAI_INFO,
    Source.SDNEXT,
    Source.RGTHREE,
    Source.MODEL_MANAGER,
    Source.SWARMUI,
    Source.ARC_EN_CIEL,
    Source.CHECKSUM,
    Source.HEADER,
    Source.FILE_NAME,
)
_KEPT = frozenset(map(str, Source))  # the field under which a tool's own keys are kept


@dataclass(frozen=True, slots=True)
class SourcedStatement:
    """A statement, and the file that makes it."""

    statement: Statement
    file: str


@dataclass(frozen=True, slots=True)
class StatedRecord:
    """What all statements come to: ``meta_json`` and tags, and the statements of each field, the best first."""

    meta_json: Mapping[str, Any]
    tags: tuple[str, ...]
    sources: Mapping[str, Sequence[SourcedStatement]]


def combine(statements: Iterable[SourcedStatement]) -> StatedRecord:
    """Return the record that statements come to."""
    by_field: dict[str, list[SourcedStatement]] = {}
    for one in sorted(statements, key=_rank):
        by_field.setdefault(one.statement.field, []).append(one)
    meta: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    for name, found in by_field.items():
        values = [one.statement.value for one in found]
        value = _united(values) if name in UNITED else values[0]
        if name == TAGS:
            tags = tuple(value)
        else:
            _put(meta, [name] if name in _KEPT else name.split("."), value)
    return StatedRecord(meta, tags, by_field)


def _rank(one: SourcedStatement) -> tuple[SourceTier, int]:
    return one.statement.tier, PRECEDENCE.index(one.statement.source)


def _united(lists: Iterable[Sequence[Any]]) -> list[Any]:
    seen: dict[str, Any] = {}
    for item in (item for items in lists for item in items):
        seen.setdefault(item.casefold() if isinstance(item, str) else repr(item), item)
    return list(seen.values())


def _put(meta: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for key in path[:-1]:
        inner = meta.setdefault(key, {})
        meta = inner if isinstance(inner, dict) else {}
    meta[path[-1]] = value
