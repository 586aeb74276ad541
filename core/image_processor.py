"""Making tiers of a sample image, and small pictures of it for a screen.

Formats and sizes: WebP in three tiers, as the design's section on images has them. All functions may be called from
several threads at once.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Protocol

from PIL import Image

from core.files import read_image, write_synced
from core.image_decoder import is_turned, load, open_source, render
from core.records import Picture, Tier

HIGH_PIXELS = 2_000_000
MAX_SIDE = 16_383  # WebP has 14 bits for a side
GROUND = (0x15, 0x1A, 0x21)
_QUALITY = {Tier.HIGH: 80, Tier.MEDIUM: 60, Tier.LOW: 45}
_PERCENT_OF_HIGH = {Tier.MEDIUM: 66, Tier.LOW: 33}
_METHOD = 5


@dataclass(frozen=True)
class Tiers:
    """One image as the library stores it: a whole WebP file for each tier."""

    data: Mapping[Tier, bytes] = field(repr=False)

    @cached_property
    def digests(self) -> Mapping[Tier, str]:
        """The SHA-256 of each tier's bytes, in hex."""
        return {tier: hashlib.sha256(data).hexdigest() for tier, data in self.data.items()}


def encode_tiers(data: bytes) -> Tiers:
    """Return the three tiers of the image in ``data``: upright, sRGB, pixels only. Raises ImageRefused."""
    source = open_source(data)
    load(source)
    high = render(source, _high_size(*source.size))
    files = {Tier.HIGH: _webp(high, Tier.HIGH)}
    for tier, percent in _PERCENT_OF_HIGH.items():
        width, height = (max(1, round(side * percent / 100)) for side in high.size)
        files[tier] = _webp(high.resize((width, height), Image.Resampling.LANCZOS), tier)
    return Tiers(files)


def check_image(data: bytes) -> None:
    """Decode the image in ``data`` whole, and drop it. Raises ImageRefused exactly where ``encode_tiers`` would."""
    load(open_source(data))


def thumbnail(data: bytes, width: int, height: int) -> Picture:
    """Return the image in ``data`` fitted into ``width`` x ``height`` pixels: upright, sRGB, never enlarged.

    Where it is transparent, the app's dark ground shows. Raises ImageRefused; ValueError for a box without pixels.
    """
    if width < 1 or height < 1:
        raise ValueError(f"no picture fits into {width} x {height} pixels")
    source = open_source(data)
    full = source.size
    # JPEG decodes at 1/2, 1/4 or 1/8 for a fraction of the cost; twice the size is left for LANCZOS to work on. Which
    # side will be upright is not known yet: a file may say so behind its pixels.
    source.draft(None, (2 * max(width, height),) * 2)
    load(source)
    picture = render(source, _fitted(full, (height, width) if is_turned(source) else (width, height)))
    if picture.mode == "RGBA":
        ground = Image.new("RGB", picture.size, GROUND)
        ground.paste(picture, mask=picture.getchannel("A"))
        picture = ground
    return Picture(*picture.size, picture.tobytes())


def _high_size(width: int, height: int) -> tuple[int, int]:
    """Return the sides of ``high``: at most 2,000,000 pixels, no side over WebP's limit, never enlarged."""
    if width * height > HIGH_PIXELS:
        # Whole numbers throughout, so that the limit is met exactly.
        width, height = (
            max(1, math.isqrt(HIGH_PIXELS * width // height)),
            max(1, math.isqrt(HIGH_PIXELS * height // width)),
        )
    return _fitted((width, height), (MAX_SIDE, MAX_SIDE))


def _fitted(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _webp(picture: Image.Image, tier: Tier) -> bytes:
    out = BytesIO()
    picture.save(out, "WEBP", quality=_QUALITY[tier], method=_METHOD)
    return out.getvalue()


class ImagePaths(Protocol):
    """What the processor needs of the image scanner."""

    def get_image_path(self, identifier: str, quality: str | Tier = "high") -> Path:
        """Return the path of one tier; ValueError for what is no identifier."""


# sha256 of the model, seq, SHA-256 of the source's bytes, tiers: stages and commits them as an operation of kind image
RunOperation = Callable[[str, int, str, Tiers], None]


class ImageProcessor:
    """Puts images into sequences. It knows neither store nor journal: it is handed what it needs."""

    def __init__(self, scanner: ImagePaths, run_operation: RunOperation) -> None:
        self._scanner = scanner
        self._run_operation = run_operation

    def promote_pending_image(self, pending_img_path: str | os.PathLike[str], sha256: str, seq: int) -> dict[str, Path]:
        """Put the three tiers of one image into the sequence of a model, all or none; return their paths by tier.

        Raises ValueError for a bad ``sha256`` or ``seq``, ImageRefused where the image cannot be taken, ImageError
        where the seq is taken or the model unknown.
        """
        if not isinstance(seq, int) or isinstance(seq, bool) or seq < 0:
            raise ValueError(f"a sequence number is a whole number from 0, not {seq!r}")
        paths = {tier.value: self._scanner.get_image_path(f"{sha256}_{seq}", tier) for tier in Tier}
        path = Path(pending_img_path)
        data = read_image(path.parent, path.name)
        self._run_operation(sha256, seq, hashlib.sha256(data).hexdigest(), encode_tiers(data))
        return paths

    def stage(self, data: bytes, folder: Path, position: int) -> Tiers:
        """Write the tiers of ``data`` to ``folder/<position>_<tier>``, each fsynced, and return them.

        The seq is not known yet, hence the position; the folder itself is the caller's to fsync. Raises ImageRefused
        before anything is written, OSError where it cannot be.
        """
        tiers = encode_tiers(data)
        for tier, encoded in tiers.data.items():
            write_synced(folder / f"{position}_{tier}", encoded)
        return tiers
