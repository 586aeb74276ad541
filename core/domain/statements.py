"""What files beside a model, and its own header, say about it: statements with their sources, and claims."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any


class SourceTier(IntEnum):
    """How much a source counts: the lowest number wins."""

    USER = 0  # a person wrote it
    TOOL = 1  # a tool fetched or derived it
    HEADER = 2  # the model file's own header
    NAME = 3  # the model file's name


class Source(StrEnum):
    """Which tool, or which part of a model file, a statement comes from."""

    CIVITAI_INFO = "civitai.info"
    LORA_MANAGER = "lora-manager"
    COMFYUI = "comfyui"
    STABILITY_MATRIX = "stabilitymatrix"
    CIVICOMFY = "civicomfy"
    SWARMUI = "swarmui"
    A1111 = "a1111"
    SDNEXT = "sdnext"
    RGTHREE = "rgthree"
    MODEL_MANAGER = "model-manager"
    ARC_EN_CIEL = "arcenciel"
    TEXT = "text"
    CHECKSUM = "sha256"
    HUGGING_FACE = "huggingface"
    HEADER = "header"
    FILE_NAME = "file name"


class ClaimKind(StrEnum):
    """What a claim is about: bytes of the whole file, of its body (all behind the header), or a number."""

    SHA256 = "sha256"
    AUTOV2 = "autov2"  # the first 10 digits of the SHA-256
    AUTOV3 = "autov3"  # the first 12 digits of the body's SHA-256
    BODY_SHA256 = "body_sha256"
    MODELSPEC = "modelspec_sha256"  # of the body, or of the tensors sorted by name: only where it holds is it a proof
    BLAKE3 = "blake3"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Statement:
    """One value that a source states.

    ``field`` is a dotted path of meta_json, or ``tags``; ``value`` is JSON. What a tool wrote and nobody maps stands
    under the tool's own name.
    """

    field: str
    value: Any
    source: Source
    tier: SourceTier


@dataclass(frozen=True, slots=True)
class Claim:
    """A hash (lower-case hexadecimal digits) or a size that somebody states about a model file; never identity."""

    kind: ClaimKind
    value: str


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What one file says: its statements and claims, pictures that lie in it, and what was wrong with it."""

    statements: tuple[Statement, ...] = ()
    claims: tuple[Claim, ...] = ()
    pictures: tuple[bytes, ...] = ()
    problems: tuple[str, ...] = ()
    source: Source = Source.FILE_NAME


@dataclass(frozen=True, slots=True)
class SourcedStatement:
    """A statement, and the file that makes it."""

    statement: Statement
    file: str


@dataclass(frozen=True, slots=True)
class SourcedClaim:
    """A claim, who makes it, and the file it stands in."""

    claim: Claim
    source: Source
    file: str
