"""Hashes of model files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileHashes:
    """What was computed from a file: its hashes (64 lower-case hex digits), and its stamp.

    ``sha256`` and ``blake3`` are of the whole, ``body`` is the SHA-256 of what lies behind a safetensors file's header:
    None for any other file. ``blake3`` is None without the package of that name.
    """

    sha256: str
    body: str | None
    stamp: str
    blake3: str | None = None
