"""Thumbnails of images in ``pending/`` and of images in the library."""

from __future__ import annotations

import threading
from pathlib import Path

from core.domain.enums import Tier
from core.domain.layout import PENDING
from core.domain.records import Thumbnail
from core.errors import ImageRefused
from core.files.safe_open import MAX_IMAGE_BYTES, read_image
from core.images.scanner import ImageScanner
from core.images.tasks import thumbnail

_LOW_IS_ENOUGH = 300  # pixels; a low tier has about 460 on its longer side


class Thumbnailer:
    """Makes thumbnails, decoding the image on each call; caching is up to the caller."""

    def __init__(self, root: Path, scanner: ImageScanner) -> None:
        self._pending = root / PENDING
        self._scanner = scanner

    def of_pending(self, file: str, width: int, height: int, cancel: threading.Event | None = None) -> Thumbnail:
        """Return ``pending/<file>`` fitted into ``width`` x ``height`` pixels. Raises ImageRefused, Cancelled."""
        return thumbnail(read_image(self._pending, file), width, height, cancel)

    def of_model(self, identifier: str, width: int, height: int, cancel: threading.Event | None = None) -> Thumbnail:
        """Return an image of a sequence fitted into ``width`` x ``height`` pixels.

        Raises ImageError, ImageRefused, Cancelled.
        """
        tier = Tier.LOW if max(width, height) <= _LOW_IS_ENOUGH else Tier.MEDIUM
        with self._scanner.open_image(identifier, tier) as file:
            data = file.read(MAX_IMAGE_BYTES + 1)
        if len(data) > MAX_IMAGE_BYTES:
            raise ImageRefused("larger than 64 MiB")
        return thumbnail(data, width, height, cancel)
