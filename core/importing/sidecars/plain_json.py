"""``<stem>.json``: six shapes of six tools under one name, told apart by their keys, in this order.

SD.Next (a whole Civitai model), browser-plus and its kin, Civitai-Helper, and what people write in the editors of
AUTOMATIC1111 and Forge: for LoRAs, for checkpoints, for all else. Anything else under that name is none of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.statements import ClaimKind, Sidecar, Source, SourceTier
from core.importing.sidecars.builder import About, Builder, NotOurs, parse
from core.importing.sidecars.civitai import state_model
from core.importing.sidecars.values import text

_LORA = ("activation text", "sd version", "preferred weight", "negative text")
_DOWNLOADED = ("modelId", "modelVersionId", "modelPageURL", "sha256", "unpackList")
_PLAIN = frozenset(("description", "notes"))
_CHECKPOINT = ("vae", "vae_te", "sd_version_str")
_FORGE = "SdVersion."


def read(data: bytes, about: About) -> Sidecar:
    """Read whichever of the six it is."""
    if data.lstrip()[:1] == b"[":  # whatever it is, it is none of the six
        raise NotOurs
    body = parse(data)
    if isinstance(body.get("modelVersions"), list):
        out = Builder(Source.SDNEXT)
        state_model(out, body, about)
        return out.done()
    by_tool = "extensions" in body or any(key in body for key in _DOWNLOADED)
    if not by_tool and not _is_edited(body):
        raise NotOurs
    out = Builder(Source.A1111, SourceTier.TOOL if by_tool else SourceTier.USER)
    out.prose("description", body.get("description"))
    out.prose("notes", body.get("notes"))
    out.words("trained_words", body.get("activation text"))
    out.words("negative_words", body.get("negative text"))
    out.number("usage.weight", body.get("preferred weight"))
    out.text("base_model", body.get("sd version"))
    out.text("base_model", _forge_version(body.get("sd_version_str")))
    modules = body.get("vae_te")  # Forge: the VAE and the text encoders
    out.text("usage.vae", ", ".join(map(str, modules)) if isinstance(modules, list) else body.get("vae"))
    if by_tool:
        out.civitai_page(body.get("modelId"), body.get("modelVersionId"))
        out.claim(ClaimKind.SHA256, body.get("sha256"))
    return out.done()


def _is_edited(body: Mapping[str, Any]) -> bool:
    if any(key in body for key in (*_LORA, *_CHECKPOINT)):
        return True
    return bool(body) and body.keys() <= _PLAIN and all(isinstance(value, str) for value in body.values())


def _forge_version(value: Any) -> str | None:
    found = text(value)
    return None if found is None or text(found.removeprefix(_FORGE)) is None else found
