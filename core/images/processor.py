"""The image processor: adds an image to a model's sequence, in all tiers."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from core.domain.enums import Tier
from core.files.durable import write_synced
from core.files.safe_open import read_image
from core.images.tasks import Tiers, encode_tiers


class ImagePaths(Protocol):
    """The part of the image scanner that the processor needs."""

    def get_image_path(self, identifier: str, quality: str | Tier = "high") -> Path:
        """Return the path of one tier. Raises ValueError for an invalid identifier."""


# sha256 of the model, seq, SHA-256 of the source's bytes, tiers: stages and commits them as an operation of kind image
RunOperation = Callable[[str, int, str, Tiers], None]


class ImageProcessor:
    """Adds images to sequences. It does not depend on store or journal: its dependencies are passed in."""

    def __init__(self, scanner: ImagePaths, run_operation: RunOperation) -> None:
        self._scanner = scanner
        self._run_operation = run_operation

    def promote_pending_image(self, pending_img_path: str | os.PathLike[str], sha256: str, seq: int) -> dict[str, Path]:
        """Add the three tiers of one image to the sequence of a model, all or none; return their paths by tier.

        Raises ValueError for an invalid ``sha256`` or ``seq``, ImageRefused if the image cannot be used, ImageError if
        ``seq`` is in use or the model unknown, LibraryError if the files cannot be written or put in place yet.
        """
        if not isinstance(seq, int) or isinstance(seq, bool) or seq < 0:
            raise ValueError(f"a sequence number is a whole number from 0, not {seq!r}")
        paths = {tier.value: self._scanner.get_image_path(f"{sha256}_{seq}", tier) for tier in Tier}
        path = Path(pending_img_path)
        data = read_image(path.parent, path.name)
        self._run_operation(sha256, seq, hashlib.sha256(data).hexdigest(), encode_tiers(data))
        return paths

    def stage(self, data: bytes, folder: Path, position: int, cancel: threading.Event | None = None) -> Tiers:
        """Write the tiers of ``data`` to ``folder/<position>_<tier>``, each fsynced, and return them.

        Files are named by position because the seq is not known yet; the caller must fsync the folder. Raises
        ImageRefused and Cancelled before anything is written, OSError if it cannot be written.
        """
        tiers = encode_tiers(data, cancel)
        for tier, encoded in tiers.data.items():
            write_synced(folder / f"{position}_{tier}", encoded)
        return tiers
