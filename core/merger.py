"""The merge rules: pure functions from an old and a new value to the merged one.

Arguments are never modified, and no result shares a mutable object with an argument. Values are JSON values as
returned by ``json.loads``; any mapping is accepted, and plain dicts are returned.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_IDENTITY = "sha256"
_METADATA = "meta_json"
_ZERO_IS_EMPTY = ("size_bytes", "created_at")
_ENCODER = json.JSONEncoder(sort_keys=True)


def merge_meta_json(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return ``old`` with everything ``new`` adds to it; ``None`` counts as an empty mapping.

    Mappings are merged key by key, new items are appended to lists, and any other value is replaced only if the old one
    is empty. An empty new value adds nothing. Old keys come first, in their order, then the new ones.
    """
    old, new = old or {}, new or {}
    merged: dict[str, Any] = {}
    for key, value in old.items():  # a comprehension would add a stack frame at each level
        merged[key] = _merge_value(value, new[key]) if key in new else copy_json(value)
    for key, value in new.items():
        if key not in old and not is_empty(value):
            merged[key] = copy_json(value)
    return merged


def merge_model_fields(
    old_row: Mapping[str, Any], new_data: Mapping[str, Any], *, old_path_exists: bool = True
) -> dict[str, Any]:
    """Return the complete merged row of a model: the columns of ``old_row``, then those only in ``new_data``.

    A column keeps its old value unless that is empty (``None``, blank text, 0 in ``size_bytes`` or ``created_at``, or
    ``path`` if ``old_path_exists`` is false); an empty new value never replaces an old one. ``sha256`` is taken from
    ``old_row`` only; ``meta_json``, a mapping or ``None`` on either side, is merged by ``merge_meta_json``.
    """
    merged = {}
    for column, old in old_row.items():
        new = None if column == _IDENTITY else new_data.get(column)
        gone = column == "path" and not old_path_exists
        merged[column] = _merge_column(column, old, new, old_is_gone=gone)
    for column, new in new_data.items():
        if column not in old_row and column != _IDENTITY:
            value = _merge_column(column, None, new)
            if not is_empty(value):
                merged[column] = value
    return merged


def is_empty(value: object) -> bool:
    """Return whether a value of ``meta_json`` is empty: ``None``, blank text, ``[]`` or ``{}``, but not 0 or False."""
    return _is_blank(value) or (isinstance(value, list | Mapping) and not value)


def json_equal(a: object, b: object) -> bool:
    """Return whether two values are equal as JSON: ``true`` is not ``1``, ``1`` is ``1.0``, key order is ignored.

    Raises TypeError for values that JSON cannot represent.
    """
    return _canonical(a) == _canonical(b)


def copy_json(value: Any) -> Any:
    """Return a copy of a JSON value that shares no mutable object with it; mappings become dicts."""
    if isinstance(value, Mapping):
        return {key: copy_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy_json(item) for item in value]
    return value


def _merge_value(old: Any, new: Any) -> Any:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return merge_meta_json(old, new)
    if isinstance(old, list) and isinstance(new, list):
        known = {_canonical(item) for item in old}
        return copy_json(old + [item for item in new if _canonical(item) not in known])
    return copy_json(new if is_empty(old) and not is_empty(new) else old)


def _merge_column(column: str, old: Any, new: Any, *, old_is_gone: bool = False) -> Any:
    if column == _METADATA:
        return merge_meta_json(old, new)
    replace = old_is_gone or _is_empty_column(column, old)
    return copy_json(new if replace and not _is_empty_column(column, new) else old)


def _is_empty_column(column: str, value: object) -> bool:
    return _is_blank(value) or (column in _ZERO_IS_EMPTY and value == 0)


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _canonical(value: object) -> str:
    # Equal values have the same text, so that items can be looked up in a set instead of a list of thousands.
    return _ENCODER.encode(_whole_numbers(value))


def _whole_numbers(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
