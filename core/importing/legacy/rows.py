"""Convert a row of the old ``models`` table into a record without losing data.

The columns are those of the old manager's schema version 2; the user's metadata is in ``extra_json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.domain.imports import Problem
from core.files.paths import last_component
from core.importing.legacy.values import Value, ValueReader, has_value, json_of, text_of, to_json
from core.strict_json import MAX_DEPTH, parse_json, parse_json_object

MODEL_COLUMNS = (
    "id", "path", "name", "type", "size_bytes", "hash_hex", "created_at", "meta_json", "extra_json",
)  # fmt: skip
IMAGE_KEYS = frozenset(
    ("image", "images", "image_path", "image_paths", "preview", "previews", "preview_url", "thumbnail")
)
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class LegacyImage:
    """An image that a row names: the key it was stored under, the name as stored, and that name's last component.

    ``folder`` is the folder inside that of the images in which it lies, '' if it lies there directly.
    """

    field: str
    stored: str
    name: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class LegacyRow:
    """One row of the old database.

    ``row`` is the old id or its substitute, any 64-bit integer; ``path`` is as stored, not mapped; ``created_at`` is in
    ms. ``sha256`` is a claimed hash: 64 lower-case hex digits. ``meta_json`` has no image keys; ``tags`` are old tag
    ids. ``stays_pending`` means that it was pending there already, and becomes no model though it has a hash.
    """

    row: int
    path: str
    name: str
    type: str
    size_bytes: int
    created_at: int
    sha256: str | None
    meta_json: dict[str, Any]
    images: tuple[LegacyImage, ...]
    tags: tuple[int, ...]
    problems: tuple[Problem, ...]
    stays_pending: bool = False


def read_row(row: int, values: Mapping[str, Value], tags: Sequence[int], known_tags: Mapping[int, object]) -> LegacyRow:
    """Convert a row's values, by column, into a record; its ``problems`` list what could not be used."""
    reading = ValueReader(row)
    if values.get("id", row) != row:
        reading.problem("id", f"no usable id: {to_json({'id': values['id']})}; the row is known as {row}")
    extra = _extra(reading, values.get("extra_json"))
    images = _images(reading, extra)
    meta = {key: value for key, value in extra.items() if key not in IMAGE_KEYS}
    _add(meta, "legacy_meta_json", _old_meta(reading, values.get("meta_json")))
    _add(meta, "legacy_columns", _columns(reading, values))
    for tag in tags:
        if tag not in known_tags:
            reading.problem("tags", f"no usable tag {tag} in the old database")
    return LegacyRow(
        row=row,
        path=reading.path("path", values.get("path")),
        name=reading.text("name", values.get("name")),
        type=reading.text("type", values.get("type")),
        size_bytes=reading.integer("size_bytes", values.get("size_bytes"), least=0) or 0,
        created_at=reading.integer("created_at", values.get("created_at")) or 0,
        sha256=_sha256(reading, values.get("hash_hex")),
        meta_json=meta,
        images=images,
        tags=tuple(tag for tag in tags if tag in known_tags),
        problems=tuple(reading.problems),
    )


def _sha256(reading: ValueReader, value: Value) -> str | None:
    text = text_of(value)[0]
    if _SHA256.fullmatch(text):
        return text.lower()
    if text:
        reading.problem("hash_hex", f"not 64 hex digits: {text}")
    return None


def _extra(reading: ValueReader, value: Value) -> dict[str, Any]:
    if not has_value(value):
        return {}
    text = reading.text("extra_json", value)
    try:
        return parse_json_object(text)
    except ValueError as error:
        reading.problem("extra_json", f"{error}; kept as text under legacy_raw")
        return {"legacy_raw": text}


def _old_meta(reading: ValueReader, value: Value) -> Any:
    if not has_value(value):
        return None
    text = reading.text("meta_json", value)
    try:
        return parse_json(text, MAX_DEPTH - 1)  # it will be nested one level deeper
    except ValueError:
        return text


def _columns(reading: ValueReader, values: Mapping[str, Value]) -> dict[str, Any]:
    """Return the values of columns that the old schema does not have."""
    found = {name: value for name, value in values.items() if name not in MODEL_COLUMNS and has_value(value)}
    for name, value in found.items():
        reading.text(name, value)
    return {name: json_of(value) for name, value in found.items()}


def _add(meta: dict[str, Any], key: str, value: Any) -> None:
    """Add a value to ``meta`` unless it is empty; if the key is taken, append a number to the key."""
    if value is None or value in ([], {}) or (isinstance(value, str) and not value.strip()):
        return
    free, number = key, 2
    while free in meta:
        free, number = f"{key}_{number}", number + 1
    meta[free] = value


def _images(reading: ValueReader, extra: Mapping[str, Any]) -> tuple[LegacyImage, ...]:
    images: dict[str, LegacyImage] = {}
    for key, value in extra.items():
        if key not in IMAGE_KEYS:
            continue
        for item in value if isinstance(value, list) else [value]:
            if item is None or item in ("", []):
                continue
            name = last_component(item) if isinstance(item, str) else ""
            if name in ("", ".", ".."):
                reading.problem(key, f"invalid image name: {json.dumps(item, ensure_ascii=False)}")
            else:
                images.setdefault(name, LegacyImage(key, item, name))
    return tuple(images.values())
