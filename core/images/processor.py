"""The image processor: adds an image to a model's sequence, in all its tiers."""

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
        where the seq is taken or the model unknown, LibraryError where it cannot be written.
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

        The seq is not known yet, hence the position; the folder itself is the caller's to fsync. Raises ImageRefused
        and Cancelled before anything is written, OSError where it cannot be.
        """
        tiers = encode_tiers(data, cancel)
        for tier, encoded in tiers.data.items():
            write_synced(folder / f"{position}_{tier}", encoded)
        return tiers
