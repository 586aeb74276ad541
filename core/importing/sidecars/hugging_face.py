"""What ``huggingface_hub`` notes of a file that it downloaded into a folder: ``<file>.metadata``.

Three lines: the commit, the etag, the time. The etag of a file in Git LFS is its SHA-256, any other is that of Git.
(huggingface_hub 0.25, _local_folder.py)
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection

from core.domain.statements import ClaimKind, Sidecar, Source
from core.importing.sidecars.builder import About, Builder, NotOurs, decode

FOLDER = os.path.join(".cache", "huggingface", "download")
ENDING = ".metadata"
_COMMIT = re.compile("[0-9a-f]{40}")
_SHA256 = re.compile("[0-9a-f]{64}")


def read(data: bytes, _: About) -> Sidecar:
    """Read the notes about one file; its etag is a claim about its bytes, where it is a SHA-256."""
    commit, *rest = decode(data, "latin-1").split() or [""]
    if not _COMMIT.fullmatch(commit) or not rest:
        raise NotOurs
    out = Builder(Source.HUGGING_FACE)
    if _SHA256.fullmatch(rest[0]):
        out.claim(ClaimKind.SHA256, rest[0])
    return out.done()


def notes_in(folder: str, names: Collection[str]) -> frozenset[str]:
    """Return the names of the files of a folder of which notes are there; ``names`` are those of all its entries.

    The folder of the notes is hidden. Links on the way to it are not followed. Raises OSError if it cannot be read.
    """
    if ".cache" not in names:
        return frozenset()
    path = os.path.join(folder, FOLDER)
    if os.path.realpath(path) != os.path.join(os.path.realpath(folder), FOLDER):
        return frozenset()
    try:
        found = os.listdir(path)
    except FileNotFoundError:
        return frozenset()
    return frozenset(name.removesuffix(ENDING) for name in found if name.endswith(ENDING))
