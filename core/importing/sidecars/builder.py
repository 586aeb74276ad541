"""What the readers of all formats share: bytes made into JSON, and statements put together one by one."""

from __future__ import annotations

import base64
import binascii
import codecs
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain.statements import Claim, ClaimKind, Sidecar, Source, SourceTier, Statement
from core.importing.sidecars import values
from core.strict_json import parse_json_object

MAX_BYTES = 16 << 20  # a real sidecar has 1 to 200 KiB
MAX_KEPT = 64 << 10  # bytes of JSON that nobody maps, kept from one file
_MAX_DEPTH = 100
_LENGTHS = {
    ClaimKind.SHA256: 64,
    ClaimKind.AUTOV2: 10,
    ClaimKind.AUTOV3: 12,
    ClaimKind.BODY_SHA256: 64,
    ClaimKind.MODELSPEC: 64,
    ClaimKind.BLAKE3: 64,
}


class NotOurs(Exception):
    """The file is none of this format: it belongs to somebody else, and that is no problem."""


@dataclass(frozen=True, slots=True)
class About:
    """The model file that a sidecar lies beside: its name, and its SHA-256 where that is ``known``.

    ``find_out`` computes the hash; it returns None where the file cannot be read.
    """

    name: str
    known: str | None = None
    find_out: Callable[[], str | None] = lambda: None

    @property
    def sha256(self) -> str | None:
        """The file's SHA-256; unless it is known, the whole file is read for it."""
        return self.known or self.find_out()

    @property
    def stem(self) -> str:
        """The name without its last suffix."""
        return self.name.rpartition(".")[0] or self.name


def decode(data: bytes, fallback: str | None = None) -> str:
    """Return text: UTF-8, UTF-16 where a byte order mark says so, else ``fallback``. Raises ValueError."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(data, "utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if fallback is None:
            raise ValueError("not UTF-8") from None
    return data.decode(fallback, "replace")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise ValueError("not UTF-16, though it begins as such") from None


def parse(data: bytes) -> dict[str, Any]:
    """Return the JSON object that a sidecar holds. Raises ValueError with a short reason."""
    return parse_json_object(decode(data), _MAX_DEPTH)


@dataclass(slots=True)
class Builder:
    """Puts the statements of one file together; a value that says nothing is left out."""

    source: Source
    tier: SourceTier = SourceTier.TOOL
    statements: list[Statement] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, name: str, value: Any, tier: SourceTier | None = None) -> None:
        """State a value, unless it is ``None`` or empty."""
        if value is not None and value not in ([], {}, ()):
            self.statements.append(Statement(name, value, self.source, self.tier if tier is None else tier))

    def text(self, name: str, value: Any, tier: SourceTier | None = None) -> None:
        """State a text of one line."""
        self._shaped(name, value, values.text, tier)

    def prose(self, name: str, value: Any, tier: SourceTier | None = None) -> None:
        """State HTML or text of several lines, and the links in it."""
        self._shaped(name, value, values.prose, tier)
        self.add("community_links", list(values.links(value)), tier)

    def words(self, name: str, value: Any, tier: SourceTier | None = None) -> None:
        """State a list of words."""
        self.add(name, values.words(value), tier)

    def number(self, name: str, value: Any, tier: SourceTier | None = None) -> None:
        """State a number."""
        self._shaped(name, value, values.number, tier)

    def integer(self, name: str, value: Any, tier: SourceTier | None = None) -> None:
        """State a whole number."""
        self._shaped(name, value, values.integer, tier)

    def true(self, name: str, value: Any, tier: SourceTier | None = None) -> None:
        """State that something is so. False is what tools write where nobody was asked, so it says nothing."""
        self.add(name, values.flag(value) or None, tier)

    def moment(self, name: str, value: Any, tier: SourceTier | None = None) -> None:
        """State a date or a time."""
        self._shaped(name, value, values.moment, tier)

    def _shaped(self, name: str, value: Any, shape: Callable[[Any], Any], tier: SourceTier | None) -> None:
        if isinstance(value, dict | list) and value:
            kind = "an object" if isinstance(value, dict) else "a list"
            self.problems.append(f"{name} is {kind}; it was left out")
        else:
            self.add(name, shape(value), tier)

    def civitai_page(self, model: Any, version: Any) -> None:
        """State the ids of a model and its version on Civitai, and the link to their page."""
        model_id, version_id = values.integer(model), values.integer(version)
        self.add("ids.civitai_model", model_id)
        self.add("ids.civitai_version", version_id)
        if model_id:
            page = f"https://civitai.com/models/{model_id}"
            self.add("community_links", [f"{page}?modelVersionId={version_id}" if version_id else page])

    def claim(self, kind: ClaimKind, value: Any) -> None:
        """Note a hash that the file states about the model file."""
        found = values.digest(value, _LENGTHS[kind])
        if found:
            self.claims.append(Claim(kind, found))

    def size_claim(self, value: Any) -> None:
        """Note the size in bytes that the file states; tools multiply kilobytes, so it may be a fraction off."""
        found = values.number(value)
        if found and found > 0:
            self.claims.append(Claim(ClaimKind.SIZE, str(round(found))))

    def picture(self, value: Any) -> None:
        """Take a picture that lies in the file as a ``data:`` URL, or as base64 alone."""
        if not isinstance(value, str) or value.startswith(("http:", "https:")):
            return
        encoded = value.partition(",")[2] if value.startswith("data:image/") else value
        try:
            data = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return
        if data:
            self.pictures.append(data)

    def keep(self, rest: Mapping[str, Any], *mapped: str) -> None:
        """Keep the keys that are not mapped under the source's own name."""
        kept = {key: value for key, value in rest.items() if key not in mapped and value not in (None, "", [], {})}
        if not kept:
            return
        size = len(json.dumps(kept, ensure_ascii=False).encode())
        if size > MAX_KEPT:
            self.problems.append(f"{', '.join(sorted(kept))[:200]}: {size} bytes, too many to be kept")
        else:
            self.add(str(self.source), kept)

    def done(self) -> Sidecar:
        """Return what was put together."""
        parts = tuple(self.statements), tuple(self.claims), tuple(self.pictures), tuple(self.problems)
        return Sidecar(*parts, self.source)
