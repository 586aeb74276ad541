"""Hashes of model files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileHashes:
    """What was computed from a file: SHA-256 of the whole and of its body (64 lower-case hex digits), and its stamp.

    ``body`` is None for a file that is not a safetensors file.
    """

    sha256: str
    body: str | None
    stamp: str
