"""Adding one image to a model's sequence, as an operation of its own."""

from __future__ import annotations

from sqlite_utils import Database

from core.domain.enums import OperationKind, Tier
from core.domain.records import ModelImage
from core.errors import ImageError, LibraryError, why_unchanged
from core.files.durable import write_synced
from core.images.scanner import ImageScanner, relative_path
from core.images.tasks import Tiers
from core.operations.journal import Change, Journal
from core.storage import models


class AddImage:
    """The image processor's callback that moves its tiers into a sequence."""

    def __init__(self, journal: Journal, scanner: ImageScanner) -> None:
        self._journal = journal
        self._scanner = scanner

    def __call__(self, sha256: str, seq: int, source_sha256: str, tiers: Tiers) -> None:
        """Add ``tiers`` as the image ``seq`` of a model.

        Raises ImageError if the model is unknown or the number in use, LibraryError if the image cannot be added, or
        was added but its files cannot be put in place yet.
        """
        try:
            in_place = self._run(sha256, seq, source_sha256, tiers)
        except OSError as error:
            raise LibraryError(why_unchanged(error)) from error
        if not in_place:
            raise LibraryError("the image was added; its files will be put in place when the library is next opened")

    def _run(self, sha256: str, seq: int, source_sha256: str, tiers: Tiers) -> bool:
        with self._journal.staging() as staging:
            folder = staging.make()
            for tier, data in tiers.data.items():
                write_synced(folder / tier, data)
            staging.sync()

            def change(db: Database) -> tuple[Change, None]:
                if not models.exists(db, sha256):
                    raise ImageError(f"the library has no model {sha256}")
                if seq in self._scanner.sequence(sha256) or seq in {image.seq for image in models.images(db, sha256)}:
                    raise ImageError(f"the model already has an image {seq}")
                models.put_image(db, sha256, ModelImage(seq, source_sha256, tiers.digests))
                moves = [(f"{staging.relative}/{tier}", relative_path(sha256, seq, tier)) for tier in Tier]
                return Change(moves, sha256=sha256), None

            return self._journal.execute(staging, OperationKind.IMAGE, change).in_place
