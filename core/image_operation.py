"""Putting one image into a model's sequence, as an operation of its own."""

from __future__ import annotations

from sqlite_utils import Database

from core.errors import ImageError, LibraryError
from core.files import write_synced
from core.image_processor import Tiers
from core.image_scanner import ImageScanner, relative_path
from core.journal import Change, Journal
from core.records import Kind, ModelImage, Tier
from core.store import models


class ImageOperation:
    """What the image processor calls to have its tiers moved into a sequence."""

    def __init__(self, journal: Journal, scanner: ImageScanner) -> None:
        self._journal = journal
        self._scanner = scanner

    def __call__(self, sha256: str, seq: int, source_sha256: str, tiers: Tiers) -> None:
        """Make ``tiers`` the image ``seq`` of a model.

        Raises ImageError where the model is unknown or the number taken, LibraryError where it cannot be written.
        """
        with self._journal.staging() as staging:
            folder = staging.make()
            for tier, data in tiers.data.items():
                write_synced(folder / tier, data)
            staging.sync()

            def change(db: Database) -> Change:
                if not models.exists(db, sha256):
                    raise ImageError(f"the library has no model {sha256}")
                if seq in self._scanner.sequence(sha256) or seq in {image.seq for image in models.images(db, sha256)}:
                    raise ImageError(f"the model already has an image {seq}")
                models.put_image(db, sha256, ModelImage(seq, source_sha256, tiers.digests))
                moves = [(f"{staging.relative}/{tier}", relative_path(sha256, seq, tier)) for tier in Tier]
                return Change(moves, sha256=sha256)

            if not self._journal.run(staging, Kind.IMAGE, change):
                raise LibraryError("the image was added, but its files follow only when the library is next opened")
