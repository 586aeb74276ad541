"""What a header's metadata says about its model: ModelSpec, trainers (kohya, ai-toolkit, OneTrainer), ComfyUI, GGUF.

Training tags (``ss_tag_frequency``) are what the pictures were described by; they are no trigger words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.domain.statements import ClaimKind, Sidecar, Source, SourceTier
from core.importing.sidecars import modelspec
from core.importing.sidecars.builder import Builder
from core.importing.sidecars.values import mapping, number, text
from core.strict_json import parse_json

_PREFIX = "modelspec."
_AIR = re.compile(r"civitai:(\d+)(?:@(\d+))?")
_TRAINING = {
    "ss_network_module": "training.module",
    "ss_network_dim": "training.dim",
    "ss_network_alpha": "training.alpha",
    "ss_sd_model_name": "training.base",
    "ss_training_comment": "training.comment",
    "ss_epoch": "training.epoch",
    "ss_steps": "training.steps",
    "ss_session_id": "training.session",
    "ss_output_name": "training.name",
    "ss_resolution": "training.resolution",
    "ss_num_train_images": "training.images",
}
_NUMBERS = frozenset(("training.dim", "training.alpha", "training.epoch", "training.steps", "training.images"))
_SSMD = {"ssmd_display_name": "title", "ssmd_author": "author", "ssmd_version": "version"}
_LINKS = ("source_url", "source_arn", "repo_url", "resolve_url", "hf_url")
_MOST_TAGS = 50


def read_safetensors(metadata: Mapping[str, str]) -> Sidecar:
    """Return what the text values of a safetensors header's ``__metadata__`` say."""
    out = Builder(Source.HEADER, SourceTier.HEADER)
    spec = {key.removeprefix(_PREFIX): value for key, value in metadata.items() if key.startswith(_PREFIX)}
    modelspec.state(out, spec)
    for key, name in _SSMD.items():
        out.text(name, metadata.get(key))
    out.prose("description", metadata.get("ssmd_description"))
    out.words("trained_words", metadata.get("ssmd_keywords"))
    out.words("tags", metadata.get("ssmd_tags"))
    out.number("rating", metadata.get("ssmd_rating"))
    _state_ai_toolkit(out, metadata)
    _state_comfyui(out, metadata)
    _state_training(out, metadata)
    for picture in _as_list(metadata.get("ssmd_cover_images")):
        out.picture(picture)
    out.claim(ClaimKind.BODY_SHA256, metadata.get("sshs_model_hash"))
    if not metadata.get("ot_branch"):  # OneTrainer's is over the tensors sorted by name
        out.claim(ClaimKind.MODELSPEC, spec.get("hash_sha256"))
    return out.done()


def read_gguf(metadata: Mapping[str, Any]) -> Sidecar:
    """Return what the keys under ``general.`` of a GGUF header say."""
    out = Builder(Source.HEADER, SourceTier.HEADER)
    said = {key.removeprefix("general."): value for key, value in metadata.items() if key.startswith("general.")}
    out.text("title", said.get("name"))
    out.text("author", text(said.get("author")) or text(said.get("organization")) or said.get("quantized_by"))
    out.text("version", said.get("version"))
    out.prose("description", said.get("description"))
    out.text("license", text(said.get("license.name")) or said.get("license"))
    out.words("tags", said.get("tags"))
    out.text("base_model", text(said.get("base_model.0.name")) or said.get("architecture"))
    links = [said.get(key) for key in ("url", "repo_url", "source.url", "license.link")]
    out.add("community_links", [one for one in links if isinstance(one, str) and one.startswith("http")])
    out.text("training.quantization", said.get("file_type"))
    return out.done()


def _state_ai_toolkit(out: Builder, metadata: Mapping[str, str]) -> None:
    if "software" in metadata or "training_info" in metadata:
        out.text("title", metadata.get("name"))
        out.text("version", metadata.get("version"))
        info = mapping(_parsed(metadata.get("training_info")))
        out.integer("training.steps", info.get("step"))
        out.integer("training.epoch", info.get("epoch"))


def _state_comfyui(out: Builder, metadata: Mapping[str, str]) -> None:
    """State the keys that ComfyUI reads besides (app/assets/services/metadata_extract.py)."""
    out.text("base_model", metadata.get("base_model"))
    words = metadata.get("trained_words")
    out.words("trained_words", _as_list(words) or words)
    air = text(metadata.get("air")) or text(metadata.get(_PREFIX + "air"))
    out.text("ids.air", air)
    page = _AIR.search(air or "")
    if page:
        out.civitai_page(page[1], page[2])
    out.text("ids.hf_repo", text(metadata.get("repo_id")) or metadata.get("hf_repo_id"))
    links = [metadata.get(key, "") for key in _LINKS]
    out.add("community_links", [one for one in links if one.startswith(("http://", "https://"))])


def _state_training(out: Builder, metadata: Mapping[str, str]) -> None:
    out.text("base_model", metadata.get("ss_base_model_version"))
    for key, name in _TRAINING.items():
        if name in _NUMBERS:
            out.number(name, metadata.get(key))
        else:
            out.text(name, metadata.get(key))
    out.text("title", metadata.get("ss_output_name"), SourceTier.NAME)  # the name of the file that was written
    out.integer("usage.clip_skip", metadata.get("ss_clip_skip"))
    out.moment("training.started_at", metadata.get("ss_training_started_at"))
    out.moment("training.finished_at", metadata.get("ss_training_finished_at"))
    counts: dict[str, float] = {}
    for folder in mapping(_parsed(metadata.get("ss_tag_frequency"))).values():
        for tag, count in mapping(folder).items():
            counts[tag.strip()] = counts.get(tag.strip(), 0) + (number(count) or 0)
    most = sorted(counts, key=lambda tag: (-counts[tag], tag))[:_MOST_TAGS]
    out.add("training.tags", [tag for tag in most if tag])


def _parsed(value: str | None) -> Any:
    try:
        return parse_json(value) if value else None
    except ValueError:
        return None


def _as_list(value: str | None) -> list[Any]:
    found = _parsed(value)
    return found if isinstance(found, list) else []
