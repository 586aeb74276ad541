"""``<file name>.rgthree-info.json`` of rgthree-comfy (py/server/utils_info.py)."""

from __future__ import annotations

import re
from typing import Any

from core.domain.statements import ClaimKind, Sidecar, Source, SourceTier
from core.importing.sidecars.builder import About, Builder, NotOurs, parse
from core.importing.sidecars.values import mappings, text

_MARKS = ("baseModel", "trainedWords", "triggerWords", "images", "links", "raw", "sha256", "file")
PAGE = re.compile(r"https://civitai\.com/models/(\d+)(?:\?modelVersionId=(\d+))?")


def read(data: bytes, _: About) -> Sidecar:
    """Read its name, words, links and the user's note. Words that stood in the training data alone are no triggers."""
    body = parse(data)
    if not any(key in body for key in _MARKS):
        raise NotOurs
    out = Builder(Source.RGTHREE)
    out.text("title", body.get("name"))
    out.text("base_model", body.get("baseModel"))
    out.words("trained_words", _trigger_words(body))
    out.text("notes", body.get("userNote"), SourceTier.USER)
    _state_links(out, body.get("links"))
    _state_prompts(out, body.get("images"))
    out.claim(ClaimKind.SHA256, body.get("sha256"))
    return out.done()


def _trigger_words(body: dict[str, Any]) -> list[Any]:
    found = body.get("trainedWords")
    if isinstance(found, list):
        return [one.get("word") for one in mappings(found) if one.get("civitai") or one.get("user")]
    old = body.get("triggerWords")
    return old if isinstance(old, list) else []


def _state_links(out: Builder, value: Any) -> None:
    for link in value if isinstance(value, list) else []:
        page = PAGE.match(link) if isinstance(link, str) else None
        if page:
            out.civitai_page(page[1], page[2])
        elif isinstance(link, str) and link.startswith(("http://", "https://")):
            out.add("community_links", [link])


def _state_prompts(out: Builder, value: Any) -> None:
    prompts = [
        {"positive": text(image.get("positive")) or "", "negative": text(image.get("negative")) or ""}
        for image in mappings(value)
    ]
    told = [one for one in prompts if one["positive"] or one["negative"]]
    out.add("prompts", [one for n, one in enumerate(told) if one not in told[:n]])
