"""``<stem>.arcenciel.info`` of the Arc en Ciel link extension."""

from __future__ import annotations

from core.domain.statements import ClaimKind, Sidecar, Source
from core.importing.sidecars.builder import About, Builder, NotOurs, parse
from core.importing.sidecars.values import text

_MARKS = ("arcencielUrl", "activation text", "sha256", "modelId", "about")


def read(data: bytes, _: About) -> Sidecar:
    """Read its title, version, description, words and link; its ids are those of its own site."""
    body = parse(data)
    if not any(key in body for key in _MARKS):
        raise NotOurs
    out = Builder(Source.ARC_EN_CIEL)
    out.text("title", body.get("name"))
    out.prose("description", text(body.get("description")) or body.get("about"))
    out.words("trained_words", body.get("activation text"))
    link = text(body.get("arcencielUrl"))
    if link and link.startswith(("http://", "https://")):
        out.add("community_links", [link])
    out.claim(ClaimKind.SHA256, body.get("sha256"))
    out.keep({key: body[key] for key in ("modelId", "versionId") if body.get(key)})
    return out.done()
