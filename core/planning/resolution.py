"""Manual merge: choices of the user that override the strategy, field by field.

All functions are pure: they never change their arguments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.domain.enums import Action, Side
from core.domain.plans import FieldPlan
from core.domain.resolution import FieldPath, Resolution, to_text
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


def cycle_source(picks: Resolution, field: FieldPlan, stated: Sequence[Any], action: Action) -> Resolution:
    """Return the choices with the next value for a field of a plan; unchanged if there is only one.

    After the library's value, the incoming one and both come the values that its sources have ``stated``. What the
    strategy gives anyway is not stored as a manual choice.
    """
    sides = () if action is Action.INSERTED else available_sources(field.path, field.existing, field.pending)
    existing = field.pending if action is Action.INSERTED else field.existing
    others = other_values(field.path, stated, existing, field.pending)
    choices: list[Side | str | None] = [*(sides or (None,)), *others]
    if len(choices) == 1:
        return picks
    now = picks.value(field.path) or ((picks.side(field.path) or field.side) if sides else None)
    following = choices[(choices.index(now) + 1) % len(choices)] if now in choices else choices[0]
    if following in others:
        return picks.with_value(field.path, str(following))
    overrides = action is Action.OVERRIDDEN
    default = default_source(field.path, field.existing, field.pending, overrides) if sides else None
    return picks.with_side(field.path, None if following is default else Side(str(following)))


def other_values(path: FieldPath, stated: Sequence[Any], existing: Any, pending: Any) -> list[str]:
    """Return what sources state about a field and neither side has, each value once, as JSON text."""
    if path[0] != _METADATA:
        return []
    others = [one for one in stated if not any(json_equal(one, side) for side in (existing, pending))]
    return list(dict.fromkeys(to_text(one) for one in others if not is_empty(one)))


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

    Choosing a side without the field removes the field. ``existing`` is empty for a new model. Choices that do not fit
    the two rows (any more) are ignored.
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
    for path, text in picks.values:
        if path in known and path[0] == _METADATA:
            _put(result, path, json.loads(text))
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
