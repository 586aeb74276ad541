"""Look up a single record with its images, for ``show`` and for conflicts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlite_utils import Database

from core.domain.generation import Generation, ImageGeneration
from core.domain.knowledge import Knowledge
from core.domain.records import Model, PendingImport, RecordWithImages
from core.images.scanner import ImageScanner
from core.promotion.knowledge import knowledge
from core.storage import LibraryDatabase, aliases, generations, models, pending
from core.storage.caches import HashCache

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class RecordReader:
    """Reads single records of one library."""

    def __init__(self, store: LibraryDatabase, scanner: ImageScanner) -> None:
        self._store = store
        self._scanner = scanner
        self._hashes = HashCache(store)

    def show(self, key: str) -> RecordWithImages | None:
        """Return the model with that sha256, its own or an alias, or the pending import with that id, or None."""
        with self._store.read() as db:
            if _SHA256.fullmatch(key):
                return self.model(db, aliases.model_of(db, key.lower()) or key.lower())
            if key.isascii() and key.isdigit() and len(key) < 19:
                return self.pending(db, int(key))
        return None

    def model(self, db: Database, sha256: str) -> RecordWithImages | None:
        """Return a model with the file names of its sequence, ``<sha256>_<seq>.webp``, or None."""
        record = models.get(db, sha256)
        if record is None:
            return None
        made = _in_order(generations.of_model(db, sha256), images := self.sequence(sha256))
        return RecordWithImages(record, images, self._known(db, record), made)

    def pending(self, db: Database, pending_id: int) -> RecordWithImages | None:
        """Return a pending import with the names of its files in ``pending/``, or None."""
        record = pending.get(db, pending_id)
        return None if record is None else self.entry(db, record)

    def entry(self, db: Database, record: PendingImport) -> RecordWithImages:
        """Return a pending import that was read with the names of its files in ``pending/``."""
        images = tuple(image.file for image in record.images)
        made = _in_order(generations.of_pending(db, record.id), images)
        return RecordWithImages(record, images, self._known(db, record), made)

    def _known(self, db: Database, record: Model | PendingImport) -> Knowledge:
        return knowledge(db, self._hashes, record)

    def sequence(self, sha256: str) -> tuple[str, ...]:
        """Return the names of a model's images in order, ``<sha256>_<seq>.webp``."""
        return tuple(f"{identifier}.webp" for identifier in self._scanner.get_image_list(sha256))


def _in_order(found: Mapping[str, Generation], images: Sequence[str]) -> tuple[ImageGeneration, ...]:
    return tuple(ImageGeneration(image, found[image]) for image in images if image in found)
