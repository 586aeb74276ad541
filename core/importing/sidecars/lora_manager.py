"""``<stem>.metadata.json`` of ComfyUI-Lora-Manager (willmiao): py/utils/models.py, docs/metadata-json-schema.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.statements import ClaimKind, Sidecar, Source, SourceTier
from core.importing.sidecars.builder import About, Builder, NotOurs, parse
from core.importing.sidecars.civitai import state_version
from core.importing.sidecars.values import flag, mapping, text
from core.strict_json import parse_json

_MARKS = ("file_name", "model_name", "civitai", "from_civitai")
_TIPS = {
    "strength": "usage.weight",
    "strength_min": "usage.weight_min",
    "strength_max": "usage.weight_max",
    "clip_skip": "usage.clip_skip",
}
_KEPT = ("exclude", "metadata_source", "license_flags", "hf_url", "clip_strength")


def read(data: bytes, about: About) -> Sidecar:
    """Read what the tool fetched, and what its user wrote: notes, favorite and usage tips."""
    body = parse(data)
    if not any(key in body for key in _MARKS):
        raise NotOurs
    out = Builder(Source.LORA_MANAGER)
    title = text(body.get("model_name"))
    if title not in (text(body.get("file_name")), about.stem):  # what it writes where it knows no name
        out.text("title", title)
    out.text("base_model", body.get("base_model"))
    out.words("tags", body.get("tags"))
    out.prose("description", body.get("modelDescription"))
    out.words("trained_words", body.get("trainedWords"))
    out.text("notes", body.get("notes"), SourceTier.USER)
    out.add("favorite", flag(body.get("favorite")) or None, SourceTier.USER)
    _state_tips(out, body.get("usage_tips"))
    state_version(out, mapping(body.get("civitai")), about)
    if body.get("hash_status") in (None, "completed"):
        out.claim(ClaimKind.SHA256, body.get("sha256"))
    out.claim(ClaimKind.AUTOV3, body.get("autov3"))
    out.size_claim(body.get("size"))
    out.keep({key: body[key] for key in _KEPT if body.get(key)})
    return out.done()


def _state_tips(out: Builder, value: Any) -> None:
    """State the usage tips, which are JSON in a text."""
    tips = _parsed(value)
    for key, name in _TIPS.items():
        out.number(name, tips.get(key), SourceTier.USER)
    low, _, high = str(text(tips.get("strength_range")) or "").partition("-")
    stated = {one.field for one in out.statements}
    for name, limit in (("usage.weight_min", low), ("usage.weight_max", high)):
        if name not in stated:
            out.number(name, limit, SourceTier.USER)


def _parsed(value: Any) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    try:
        return mapping(parse_json(value)) if isinstance(value, str) else {}
    except ValueError:
        return {}
