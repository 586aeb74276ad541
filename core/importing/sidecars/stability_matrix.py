"""``<stem>.cm-info.json`` of StabilityMatrix (Models/ConnectedModelInfo.cs), and Civicomfy's ``<stem>.cminfo.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.statements import ClaimKind, Sidecar, Source, SourceTier
from core.importing.sidecars.builder import About, Builder, NotOurs, parse
from core.importing.sidecars.civitai import state_permissions
from core.importing.sidecars.values import mapping, text

_DEFAULTS = {
    "Steps": "usage.steps",
    "CfgScale": "usage.cfg",
    "Width": "usage.width",
    "Height": "usage.height",
}
_KEPT = ("FileMetadata", "SourceUrl", "RemoteFileName", "ImportedAt", "BaseModelType", "EarlyAccessDeadline")


def read(data: bytes, _: About) -> Sidecar:
    """Read StabilityMatrix's file; its users write ``UserTitle`` and ``InferenceDefaults``."""
    return _read(data, Source.STABILITY_MATRIX)


def read_civicomfy(data: bytes, _: About) -> Sidecar:
    """Read Civicomfy's file, which is spelled alike."""
    return _read(data, Source.CIVICOMFY)


def _read(data: bytes, source: Source) -> Sidecar:
    body = parse(data)
    if "ModelName" not in body and "Hashes" not in body:
        raise NotOurs
    out = Builder(source)
    out.text("title", body.get("UserTitle"), SourceTier.USER)
    out.text("title", body.get("ModelName"))
    out.prose("description", body.get("ModelDescription"))
    out.prose("notes", body.get("VersionDescription"))
    out.text("version", body.get("VersionName"))
    out.text("base_model", body.get("BaseModel"))
    out.text("author", text(body.get("AuthorUsername")) or body.get("CreatorUsername"))
    out.words("tags", body.get("Tags"))
    out.words("trained_words", body.get("TrainedWords"))
    out.true("nsfw", body.get("Nsfw"))
    out.civitai_page(body.get("ModelId"), body.get("VersionId"))
    out.moment("published_at", body.get("VersionPublishedAt"))
    state_permissions(out, {key[0].lower() + key[1:]: value for key, value in body.items()})
    _state_defaults(out, mapping(body.get("InferenceDefaults")))
    hashes = mapping(body.get("Hashes"))
    out.claim(ClaimKind.SHA256, hashes.get("SHA256"))
    out.claim(ClaimKind.BLAKE3, hashes.get("BLAKE3"))
    out.picture(_data_url(body.get("ThumbnailImageUrl")))
    out.keep({key: body[key] for key in _KEPT if body.get(key)})
    return out.done()


def _state_defaults(out: Builder, defaults: Mapping[str, Any]) -> None:
    for key, name in _DEFAULTS.items():
        out.number(name, defaults.get(key), SourceTier.USER)
    for key, name in (("Sampler", "usage.sampler"), ("Scheduler", "usage.scheduler")):
        chosen = mapping(defaults.get(key))
        out.text(name, text(chosen.get("DisplayName")) or chosen.get("Name"), SourceTier.USER)


def _data_url(value: Any) -> str | None:
    return value if isinstance(value, str) and value.startswith("data:image/") else None
