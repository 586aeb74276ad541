"""What images were made with, as their files say, by the digest of their bytes: a cache that never grows stale."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from sqlite_utils import Database

from core.domain.generation import Generation, GenerationTool
from core.images.generation import values
from core.storage.codecs import text
from core.storage.fetch import all_rows
from core.strict_json import parse_json_object

_CHECKS = {
    "prompt": values.words, "negative": values.words, "steps": values.count, "sampler": values.name,
    "scheduler": values.name, "cfg": values.decimal, "seed": values.seed, "size": values.name, "model": values.name,
    "model_hash": values.name,
}  # fmt: skip


def put(db: Database, sha256: str, generation: Generation | None) -> None:
    """Store what the image with this digest was made with, if its file says so."""
    if generation is not None:
        db.execute("INSERT OR REPLACE INTO image_generations VALUES (?, ?)", [sha256, _to_db(generation)])


def of_pending(db: Database, pending_id: int) -> dict[str, Generation]:
    """Return what the images of a pending import were made with, by file name, where that is known."""
    return _found(
        db,
        "SELECT i.file, g.said FROM pending_images i JOIN image_generations g ON g.sha256 = i.sha256 "
        "WHERE i.pending_id = ?",
        pending_id,
    )


def of_model(db: Database, sha256: str) -> dict[str, Generation]:
    """Return what the images of a model were made with, by name (``<sha256>_<seq>.webp``), where that is known."""
    return _found(
        db,
        "SELECT i.sha256 || '_' || i.seq || '.webp', g.said FROM model_images i "
        "JOIN image_generations g ON g.sha256 = i.source_sha256 WHERE i.sha256 = ?",
        sha256,
    )


def from_db(value: object) -> Generation:
    """Return what is stored of an image. Raises ValueError if it is damaged."""
    said = parse_json_object(text(value))
    loras = said.pop("loras", [])
    tool = GenerationTool(said.pop("tool", None))
    checked = {key: _CHECKS[key](found) for key, found in said.items() if key in _CHECKS}
    names = tuple(map(values.name, loras)) if isinstance(loras, list) else ()
    if len(checked) != len(said) or None in checked.values() or not all(names):
        raise ValueError("no generation data")
    return Generation(tool, loras=names, **checked)  # type: ignore[arg-type]


def _to_db(generation: Generation) -> str:
    """Return JSON without what is not known; a seed is text, as it may exceed SQLite's integers."""
    said: dict[str, Any] = {field.name: getattr(generation, field.name) for field in fields(generation)}
    said["seed"] = None if generation.seed is None else str(generation.seed)
    return json.dumps({key: value for key, value in said.items() if value not in ("", None, ())}, ensure_ascii=False)


def _found(db: Database, select: str, key: int | str) -> dict[str, Generation]:
    found: dict[str, Generation] = {}
    for name, said in all_rows(db, select, [key]):
        try:
            found[text(name)] = from_db(said)
        except ValueError:  # a cache: verification names it
            continue
    return found
