"""Text files beside a model: descriptions, checksums, example prompts."""

from __future__ import annotations

from core.domain.statements import ClaimKind, Sidecar, Source, SourceTier
from core.importing.sidecars.builder import About, Builder, decode


def read_description(data: bytes, _: About) -> Sidecar:
    """Read ``<stem>.txt`` or ``<stem>.description.txt`` (A1111, Custom-Scripts): a person's description.

    Both open it in the encoding of the user's system, so what is not UTF-8 is taken for Windows-1252.
    """
    out = Builder(Source.TEXT, SourceTier.USER)
    found = decode(data, "cp1252")
    if "\0" in found:
        raise ValueError("NUL characters, so it is not text")
    out.text("description", found.replace("\r\n", "\n"))
    return out.done()


def read_checksum(data: bytes, _: About) -> Sidecar:
    """Read ``<stem>.sha256`` (Custom-Scripts): 64 digits, never refreshed."""
    out = Builder(Source.CHECKSUM)
    out.claim(ClaimKind.SHA256, decode(data, "latin-1").split(maxsplit=1)[0] if data.strip() else "")
    return out.done()


def read_prompt(data: bytes, _: About) -> Sidecar:
    """Read one file of the folder ``<stem>/`` (Custom-Scripts): an example prompt."""
    out = Builder(Source.TEXT, SourceTier.USER)
    prompt = decode(data, "cp1252").strip()
    if prompt:
        out.add("prompts", [{"positive": prompt, "negative": ""}])
    return out.done()
