"""Which of several statements about a field counts: one table of precedence, and the record that comes of it.

The best tier wins: what a person wrote, over what a tool fetched, over the file's header, over its name. Of one tier
the source that stands first in ``PRECEDENCE`` wins. Lists are united in that order, each entry once whatever its case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.domain.statements import Source, SourcedStatement, SourceTier

TAGS = "tags"
UNITED = frozenset(("trained_words", "negative_words", TAGS, "community_links", "prompts", "training.tags"))
TOOLS = (
    Source.LORA_MANAGER,
    Source.COMFYUI,
    Source.STABILITY_MATRIX,
    Source.CIVICOMFY,
    Source.CIVITAI_INFO,
    Source.SDNEXT,
    Source.RGTHREE,
    Source.MODEL_MANAGER,
    Source.SWARMUI,
    Source.ARC_EN_CIEL,
)
"""What tools fetched, the best first."""

PRECEDENCE = (
    *(Source.A1111, Source.TEXT),
    *TOOLS,
    *(Source.CHECKSUM, Source.HUGGING_FACE),
    *(Source.HEADER, Source.FILE_NAME),
)
_KEPT = frozenset(map(str, Source))  # the field under which a tool's own keys are kept


@dataclass(frozen=True, slots=True)
class StatedRecord:
    """What all statements come to: the value of each field, and its statements, the best first.

    Fields are dotted paths of meta_json, or ``tags``.
    """

    values: Mapping[str, Any]
    sources: Mapping[str, Sequence[SourcedStatement]]

    @property
    def meta_json(self) -> dict[str, Any]:
        """The values of all fields but the tags, as a tree."""
        meta: dict[str, Any] = {}
        for name, value in self.values.items():
            if name != TAGS:
                put_field(meta, name, value)
        return meta

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags."""
        return tuple(self.values.get(TAGS, ()))


def combine(statements: Iterable[SourcedStatement]) -> StatedRecord:
    """Return the record that statements come to."""
    by_field: dict[str, list[SourcedStatement]] = {}
    for one in sorted(statements, key=_rank):
        by_field.setdefault(one.statement.field, []).append(one)
    united = {name: [one.statement.value for one in found] for name, found in by_field.items()}
    return StatedRecord(
        {name: _united(values) if name in UNITED else values[0] for name, values in united.items()}, by_field
    )


def _rank(one: SourcedStatement) -> tuple[SourceTier, int]:
    return one.statement.tier, PRECEDENCE.index(one.statement.source)


def _united(lists: Iterable[Sequence[Any]]) -> list[Any]:
    seen: dict[str, Any] = {}
    for item in (item for items in lists for item in items):
        seen.setdefault(item.casefold() if isinstance(item, str) else repr(item), item)
    return list(seen.values())


def path_of(name: str) -> tuple[str, ...]:
    """Return the keys in meta_json that lead to a field."""
    return (name,) if name in _KEPT else tuple(name.split("."))


def put_field(meta: dict[str, Any], name: str, value: Any) -> None:
    """Set a field in meta_json; what stands in its way and is no object gives way."""
    *path, last = path_of(name)
    for key in path:
        if not isinstance(meta.get(key), dict):
            meta[key] = {}
        meta = meta[key]
    meta[last] = value
