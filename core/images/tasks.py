"""Encoding a sample image as WebP in three tiers, and making thumbnails of it for a screen.

All functions are thread-safe.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from io import BytesIO

from PIL import Image

from core.domain.enums import Tier
from core.domain.records import Thumbnail
from core.images.decoder import Source, check_cancelled, load, open_source, render, swaps_axes
from core.images.isolated import run_apart
from core.images.structure import MAX_MEMORY, Structure, structure

HIGH_PIXELS = 2_000_000
MAX_SIDE = 16_383  # WebP stores a side in 14 bits
GROUND = (0x15, 0x1A, 0x21)
_QUALITY = {Tier.HIGH: 80, Tier.MEDIUM: 60, Tier.LOW: 45}
_PERCENT_OF_HIGH = {Tier.MEDIUM: 66, Tier.LOW: 33}
_METHOD = 5


@dataclass(frozen=True)
class Tiers:
    """One image as the library stores it: a complete WebP file for each tier."""

    data: Mapping[Tier, bytes] = field(repr=False)

    @cached_property
    def digests(self) -> Mapping[Tier, str]:
        """The SHA-256 of each tier's bytes, in hex."""
        return {tier: hashlib.sha256(data).hexdigest() for tier, data in self.data.items()}


def encode_tiers(data: bytes, cancel: threading.Event | None = None) -> Tiers:
    """Return the three tiers of the image in ``data``: upright, sRGB, pixels only. Raises ImageRefused, Cancelled."""
    return Tiers(dict(zip(Tier, _work(Task.TIERS, data, cancel), strict=True)))


def open_image(data: bytes, cancel: threading.Event | None = None) -> None:
    """Check the header and the structure of the image in ``data``. Raises ImageRefused, Cancelled."""
    _work(Task.OPEN, data, cancel)


def check_image(data: bytes, cancel: threading.Event | None = None) -> None:
    """Decode the image in ``data`` completely, and discard it.

    Raises ImageRefused exactly when ``encode_tiers`` would, and Cancelled.
    """
    _work(Task.CHECK, data, cancel)


def thumbnail(data: bytes, width: int, height: int, cancel: threading.Event | None = None) -> Thumbnail:
    """Return the image in ``data`` fitted into ``width`` x ``height`` pixels: upright, sRGB, never enlarged.

    Transparent areas show the app's dark background. Raises ImageRefused, Cancelled; ValueError for a box without
    pixels.
    """
    if width < 1 or height < 1:
        raise ValueError(f"no picture fits into {width} x {height} pixels")
    size, pixels = _work(Task.THUMBNAIL, data, cancel, width, height)
    found_width, found_height = map(int, size.split())
    return Thumbnail(found_width, found_height, pixels)


class Task(StrEnum):
    """What can be done with an image, in this process or in a separate one."""

    OPEN = "open"
    CHECK = "check"
    TIERS = "tiers"
    THUMBNAIL = "thumbnail"


def _work(task: Task, data: bytes, cancel: threading.Event | None, *arguments: int) -> list[bytes]:
    check_cancelled(cancel)
    made_of = structure(data)
    if made_of.apart:
        return run_apart(task, data, arguments, cancel)
    return TASKS[task](made_of, cancel, *arguments)


def _opened(made_of: Structure, cancel: threading.Event | None) -> list[bytes]:
    open_source(made_of, cancel)
    return []


def _loaded(made_of: Structure, cancel: threading.Event | None) -> Source:
    source = open_source(made_of, cancel)
    width, height = _high_size(*source.size)
    # Decoding a JPEG at a reduced size changes its pixels slightly: do so only if it would not fit otherwise.
    load(source, (2 * width, 2 * height) if source.memory > MAX_MEMORY else None)
    return source


def _checked(made_of: Structure, cancel: threading.Event | None) -> list[bytes]:
    _loaded(made_of, cancel)
    return []


def _tiers(made_of: Structure, cancel: threading.Event | None) -> list[bytes]:
    source = _loaded(made_of, cancel)
    high = render(source, _high_size(*source.size))
    files = [_webp(high, Tier.HIGH)]
    for tier, percent in _PERCENT_OF_HIGH.items():
        check_cancelled(cancel)
        width, height = (max(1, round(side * percent / 100)) for side in high.size)
        files.append(_webp(high.resize((width, height), Image.Resampling.LANCZOS), tier))
    return files


def _thumbnail(made_of: Structure, cancel: threading.Event | None, width: int, height: int) -> list[bytes]:
    source = open_source(made_of, cancel)
    # Decode at twice the size or more, so that LANCZOS has pixels to work on.
    load(source, (2 * max(width, height),) * 2)
    picture = render(source, _fitted(source.size, (height, width) if swaps_axes(source) else (width, height)))
    if picture.mode == "RGBA":
        ground = Image.new("RGB", picture.size, GROUND)
        ground.paste(picture, mask=picture.getchannel("A"))
        picture = ground
    return [f"{picture.width} {picture.height}".encode(), picture.tobytes()]


TASKS: Mapping[Task, Callable[..., list[bytes]]] = {
    Task.OPEN: _opened,
    Task.CHECK: _checked,
    Task.TIERS: _tiers,
    Task.THUMBNAIL: _thumbnail,
}


def _high_size(width: int, height: int) -> tuple[int, int]:
    """Return the sides of ``high``: at most 2,000,000 pixels, no side over WebP's limit, never enlarged."""
    if width * height > HIGH_PIXELS:
        # Integers throughout, so that the limit is met exactly.
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
