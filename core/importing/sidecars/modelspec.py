"""Metadata by the ModelSpec, in SwarmUI's sidecars and in the headers of safetensors files.

https://github.com/Stability-AI/ModelSpec; the keys are given here without their prefix ``modelspec.``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.domain.statements import SourceTier
from core.importing.sidecars.builder import Builder
from core.importing.sidecars.values import text

# What trainers write where nobody gave a title: "LoRA@1722500000.25".
_NO_TITLE = re.compile(r"(LoRA|Checkpoint|TextualInversion|[A-Za-z]+)@\d+(\.\d+)?")
_TEXTS = {"author": "author", "license": "license", "usage_hint": "usage.hint"}
_BASES_AS_HINT = frozenset(("illustrious", "pony", "noobai"))  # what SwarmUI's downloader puts under usage_hint


def state(out: Builder, spec: Mapping[str, Any], base_tier: SourceTier | None = None) -> None:
    """State what a ModelSpec says; ``base_tier`` is the tier of the architecture where it differs."""
    title = text(spec.get("title"))
    if title and not _NO_TITLE.fullmatch(title):
        out.text("title", title)
    for key, name in _TEXTS.items():
        value = text(spec.get(key))
        if key == "usage_hint" and value and value.casefold() in _BASES_AS_HINT:
            out.text("base_model", value)
        else:
            out.text(name, spec.get(key))
    out.prose("description", spec.get("description"))
    out.words("tags", spec.get("tags"))
    out.words("trained_words", spec.get("trigger_phrase"))
    out.text("base_model", base_of(spec.get("architecture")) or spec.get("base_model"), base_tier)
    out.moment("published_at", spec.get("date"))
    out.number("usage.weight", spec.get("lora_default_weight"))
    out.integer("usage.clip_skip", spec.get("encoder_layer"))
    for key in ("thumbnail", "preview_image"):
        value = spec.get(key)
        if isinstance(value, str) and value.startswith("data:image/"):
            out.picture(value)


def base_of(architecture: Any) -> str | None:
    """Return the base model that an architecture names: ``stable-diffusion-xl-v1-base/lora`` without its end."""
    found = text(architecture)
    return text(found.partition("/")[0]) if found else None
