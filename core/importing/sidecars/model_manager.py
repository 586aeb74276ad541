"""``<stem>.md`` of ComfyUI-Model-Manager (hayden-fr, py/information.py): YAML front matter, then Markdown."""

from __future__ import annotations

import re
from typing import Any

import yaml

from core.domain.statements import ClaimKind, Sidecar, Source
from core.importing.sidecars.builder import About, Builder, decode
from core.importing.sidecars.rgthree import PAGE
from core.importing.sidecars.values import mapping, text

_FRONT = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)
_HEADING = re.compile(r"^# +(.+?)\s*$", re.MULTILINE)
_WORDS, _VERSION = "trigger words", "about this version"
_MAX_FRONT = 64 << 10  # characters of YAML


def read(data: bytes, _: About) -> Sidecar:
    """Read the front matter and the three sections that the tool writes; any other Markdown is a description."""
    found = decode(data).replace("\r\n", "\n")
    out = Builder(Source.MODEL_MANAGER)
    front = _FRONT.match(found)
    body = found[front.end() :] if front else found
    if front:
        _state_front(out, front[1])
    before, sections = _sections(body)
    if before.strip() or not any(title.casefold() == _WORDS for title, _ in sections):
        out.text("description", body)
        return out.done()
    for title, content in sections:
        if title.casefold() == _WORDS:
            if content.strip().casefold() != "no trigger words":
                out.words("trained_words", content)
        elif title.casefold() == _VERSION:
            out.text("notes", content)
        else:
            out.text("title", title)
            out.text("description", content)
    return out.done()


def _state_front(out: Builder, source: str) -> None:
    if len(source) > _MAX_FRONT or ("&" in source and "*" in source):  # aliases can make gigabytes of a few lines
        out.problems.append("the front matter is too large, or has YAML aliases; it was left out")
        return
    try:
        front = mapping(yaml.safe_load(source))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        out.problems.append(f"the front matter is not YAML ({str(error).splitlines()[0]})")
        return
    out.text("author", front.get("author"))
    out.text("base_model", front.get("baseModel"))
    _state_page(out, front.get("modelPage"))
    out.claim(ClaimKind.SHA256, mapping(front.get("hashes")).get("SHA256"))


def _state_page(out: Builder, value: Any) -> None:
    link = text(value)
    page = PAGE.match(link) if link else None
    if page:
        out.civitai_page(page[1], page[2])
    elif link and link.startswith(("http://", "https://")):
        out.add("community_links", [link])


def _sections(body: str) -> tuple[str, list[tuple[str, str]]]:
    """Return what stands before the first heading, and the headings of the first level with what follows each."""
    headings = list(_HEADING.finditer(body))
    ends = [*(one.start() for one in headings[1:]), len(body)]
    sections = [(one[1], body[one.end() : end]) for one, end in zip(headings, ends, strict=False)]
    return body[: headings[0].start()] if headings else body, sections
