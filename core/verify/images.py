"""Checks of the image sequences: every tier exists, is intact, matches its digest, and contains only pixels."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from functools import partial

from sqlite_utils import Database

from core.domain.enums import Tier
from core.errors import ImageError, ImageRefused, ImageUnreadable
from core.files.library_files import LibraryFiles
from core.files.safe_open import MAX_IMAGE_BYTES
from core.images.scanner import relative_path
from core.images.tasks import check_image
from core.library import Library
from core.storage import integrity
from core.verify.findings import Finding, FindingCode
from core.verify.looks import Look, settled

_METADATA = (b"EXIF", b"XMP ", b"ICCP")


def check_images(library: Library) -> Iterator[Finding]:
    """Check every tier of every stored image, treating open operations as done."""
    with library.store.read() as db:
        for sha256, expected, seq in integrity.gaps(db):
            detail = f"the sequence goes from {expected - 1} to {seq}" if expected else f"it begins with {seq}"
            yield Finding(FindingCode.SEQUENCE_GAP, sha256, relative_path(sha256, seq, Tier.HIGH), detail)
    yield from settled(library.store, partial(_images, library))


def _images(library: Library, db: Database) -> Iterator[Look]:
    for sha256, seq, _ in integrity.model_images(db):
        yield partial(_image, library, sha256, seq)


def _image(library: Library, sha256: str, seq: int, db: Database) -> Iterator[Finding]:
    digests = integrity.model_image(db, sha256, seq)
    if digests is None:
        return
    found: dict[Tier, bytes] = {}
    special = False
    for tier in Tier:
        path = relative_path(sha256, seq, tier)
        try:
            with library.image_scanner.open_image(f"{sha256}_{seq}", tier) as file:
                found[tier] = file.read(MAX_IMAGE_BYTES + 1)  # tiers are far smaller
        except ImageError as error:
            if _is_special(library, path):
                special = True
                yield Finding(FindingCode.NO_REGULAR_FILE, sha256, path, str(error))
    absent = [tier for tier in Tier if tier not in found]
    if absent and not special:
        code = FindingCode.IMAGE_MISSING if len(absent) == len(Tier) else FindingCode.TIERS_INCOMPLETE
        yield Finding(code, sha256, relative_path(sha256, seq, absent[0]), f"missing: {', '.join(absent)}")
    for tier, digest in zip(Tier, digests, strict=True):
        if tier not in found:
            continue
        finding = _check_tier(sha256, relative_path(sha256, seq, tier), found[tier], digest)
        if finding is not None:
            yield finding


def _is_special(library: Library, path: str) -> bool:
    try:
        found = LibraryFiles(library.root).stat(path)
    except OSError:
        return False
    return found is not None and not stat.S_ISREG(found.st_mode)


def _check_tier(sha256: str, path: str, data: bytes, digest: str) -> Finding | None:
    matches = hashlib.sha256(data).hexdigest() == digest
    if not matches:
        try:
            check_image(data)
        except ImageUnreadable:
            pass  # its digest already shows that it is another image
        except ImageRefused as reason:
            return Finding(FindingCode.IMAGE_UNDECODABLE, sha256, path, f"the image cannot be decoded: {reason}")
        return Finding(FindingCode.IMAGE_DIGEST, sha256, path, "the image is not the one that was stored")
    left = [name.decode().strip() for name in _METADATA if name in _chunks(data)]
    if left:
        return Finding(FindingCode.IMAGE_METADATA, sha256, path, f"the image contains {', '.join(left)}")
    return None


def _chunks(data: bytes) -> set[bytes]:
    """Return the names of the chunks of a WebP file (a RIFF file: name, little-endian size, data, padding)."""
    names, at = set(), 12
    while at + 8 <= len(data):
        names.add(data[at : at + 4])
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        at += at % 2
    return names
