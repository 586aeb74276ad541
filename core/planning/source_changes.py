"""What has changed in what the files beside a model say, and a record with just those changes.

A source that falls silent retracts only what it had said: a value that the record no longer has from it stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.domain.statements import Source
from core.merger import copy_json, json_equal
from core.planning.sources import TAGS, UNITED, StatedRecord, path_of, put_field


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A field for which the sources now state something else; ``None`` where they state nothing."""

    field: str
    before: Any
    after: Any


def changes_between(before: StatedRecord, after: StatedRecord, *, names_count: bool = True) -> tuple[SourceChange, ...]:
    """Return the fields whose values differ, those of ``after`` first.

    Without ``names_count`` what only the names of files say is no news.
    """
    names = dict.fromkeys((*after.values, *before.values))
    found = [SourceChange(name, before.values.get(name), after.values.get(name)) for name in names]
    differing = (one for one in found if not json_equal(one.before, one.after))
    return tuple(one for one in differing if names_count or not _is_name_alone(one.field, before, after))


def _is_name_alone(field: str, *records: StatedRecord) -> bool:
    best = [record.sources[field][0].statement.source for record in records if field in record.sources]
    return all(source is Source.FILE_NAME for source in best)


def with_changes(
    meta_json: Mapping[str, Any], tags: Sequence[str], changes: Iterable[SourceChange]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return metadata and tags after the changes; nothing given is changed."""
    meta = dict(copy_json(meta_json))
    labels = tuple(tags)
    for change in changes:
        if change.field == TAGS:
            labels = tuple(_list_after(labels, change))
            continue
        there = _value_at(meta, change.field)
        if change.field in UNITED and (there is None or isinstance(there, list)):
            now: Any = _list_after(there or (), change) or None
        elif change.after is None:
            now = None if json_equal(there, change.before) else there
        else:
            now = change.after
        if now is not None:
            put_field(meta, change.field, now)
        elif there is not None:
            _remove(meta, change.field)
    return meta, labels


def _list_after(there: Sequence[Any], change: SourceChange) -> list[Any]:
    before, after = change.before or (), change.after or ()
    kept = [item for item in there if _has(after, item) or not _has(before, item)]
    return kept + [item for item in after if not _has(kept, item)]


def _has(items: Iterable[Any], item: Any) -> bool:
    return any(json_equal(one, item) for one in items)


def _value_at(meta: Mapping[str, Any], field: str) -> Any:
    value: Any = meta
    for key in path_of(field):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _remove(meta: dict[str, Any], field: str) -> None:
    """Remove a field that is there, and objects that are empty without it."""
    path = path_of(field)
    holders = [meta]
    for key in path[:-1]:
        holders.append(holders[-1][key])
    for holder, key in zip(reversed(holders), reversed(path), strict=True):
        if key == path[-1] or not holder[key]:
            del holder[key]
