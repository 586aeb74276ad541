"""Manual merge: choices of the user that override the strategy, field by field.

All functions are pure: they never change their arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.domain.enums import Side
from core.domain.resolution import FieldPath, Resolution
from core.merger import copy_json, is_empty, json_equal, merge_meta_json, merge_model_fields

_METADATA = "meta_json"
_ABSENT = object()  # marks a missing key, since None is a value


def available_sources(path: FieldPath, existing: Any, pending: Any) -> tuple[Side, ...]:
    """Return the sides that can be chosen for a field with these values; none if the values are equal.

    ``Side.BOTH`` can be chosen for two non-empty lists or texts in the metadata.
    """
    if json_equal(existing, pending):
        return ()
    alike = any(all(isinstance(v, kind) and not is_empty(v) for v in (existing, pending)) for kind in (str, list))
    if alike and path[0] == _METADATA:
        return (Side.EXISTING, Side.PENDING, Side.BOTH)
    return (Side.EXISTING, Side.PENDING)


def cycle_source(
    picks: Resolution, path: FieldPath, existing: Any, pending: Any, shown: Side, *, overrides: bool
) -> Resolution:
    """Return the choices with the next side for a field currently ``shown`` as one side; unchanged if it has none.

    A side that the strategy gives anyway is not stored as a manual choice.
    """
    choices = available_sources(path, existing, pending)
    if not choices:
        return picks
    now = picks.side(path) or shown
    following = choices[(choices.index(now) + 1) % len(choices)] if now in choices else choices[0]
    return picks.with_side(path, None if following is default_source(path, existing, pending, overrides) else following)


def default_source(path: FieldPath, existing: Any, pending: Any, overrides: bool) -> Side | None:
    """Return the side that the strategy gives, or None for the path if that depends on the library's file."""
    if overrides or path == ("path",):
        return Side.PENDING if overrides else None
    if path[0] == _METADATA:
        result = merge_meta_json({"": existing}, {"": pending}).get("")
    else:
        result = merge_model_fields({path[0]: existing}, {path[0]: pending})[path[0]]
    if json_equal(result, existing):
        return Side.EXISTING
    return Side.PENDING if json_equal(result, pending) else Side.BOTH


def combine(existing: Any, pending: Any) -> Any:
    """Return both values combined: a list with the other's additions, or both texts separated by a blank line.

    If one text contains the other, return the longer one.
    """
    if isinstance(existing, str):
        if pending.strip() in existing or existing.strip() in pending:
            return max(existing, pending, key=len)
        return f"{existing.rstrip()}\n\n{pending.lstrip()}"
    return merge_meta_json({"": existing}, {"": pending})[""]


def apply_resolution(
    row: Mapping[str, Any], existing: Mapping[str, Any], pending: Mapping[str, Any], picks: Resolution
) -> dict[str, Any]:
    """Return the merged or overridden ``row`` of a model with the manual choices for its fields applied.

    Choosing a side without the field removes the field. Choices that do not fit the two rows (any more) are ignored.
    """
    known = dict(iter_fields(existing, pending))
    result = copy_json(row)
    for path, side in picks.fields:
        if path not in known or side not in available_sources(path, *known[path]):
            continue
        value = _at(existing if side is Side.EXISTING else pending, path)
        if side is Side.BOTH:
            _put(result, path, combine(*known[path]))
        elif value is _ABSENT:
            _drop(result, path)
        else:
            _put(result, path, copy_json(value))
    return dict(result)


def iter_fields(*rows: Mapping[str, Any]) -> Iterator[tuple[FieldPath, list[Any]]]:
    """Yield the path of each leaf of two rows with its value in each row; meta_json is traversed in depth.

    A missing value is None. Rows after the first two do not affect which paths are leaves.
    """
    for column in dict.fromkeys(key for row in rows[:2] for key in row):
        yield from _iter_fields((column,), tuple(row.get(column, _ABSENT) for row in rows))


def _iter_fields(path: FieldPath, values: tuple[Any, ...]) -> Iterator[tuple[FieldPath, list[Any]]]:
    present = [value for value in values[:2] if value is not _ABSENT]
    nested = all(isinstance(side, Mapping) for side in present)
    keys = dict.fromkeys(key for side in present for key in side) if nested else {}
    if not keys and path != (_METADATA,):  # an empty mapping is a leaf, but an empty meta_json has none
        yield path, [None if value is _ABSENT else value for value in values]
    for key in keys:
        inner = tuple(value.get(key, _ABSENT) if isinstance(value, Mapping) else _ABSENT for value in values)
        yield from _iter_fields((*path, key), inner)


def _at(value: Any, path: FieldPath) -> Any:
    for key in path:
        value = value.get(key, _ABSENT) if isinstance(value, Mapping) else _ABSENT
    return value


def _put(row: dict[str, Any], path: FieldPath, value: Any) -> None:
    for key in path[:-1]:
        if not isinstance(row.get(key), dict):
            row[key] = {}
        row = row[key]
    row[path[-1]] = value


def _drop(row: dict[str, Any], path: FieldPath) -> None:
    """Remove a key, and any mappings above it that become empty; a column stays, even if empty."""
    *above, last = path
    parents = [row]
    for key in above:
        inner = parents[-1].get(key)
        if not isinstance(inner, dict):
            return
        parents.append(inner)
    parents[-1].pop(last, None)
    for parent, key in zip(reversed(parents[1:-1]), reversed(above[1:]), strict=True):
        if parent[key]:
            return
        del parent[key]
