"""Images of a pending import: validated once each, then encoded as tiers for a promotion."""

from __future__ import annotations

import hashlib
import stat
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.domain.enums import Tier
from core.domain.layout import PENDING, pending_path
from core.domain.records import PendingImage, PendingImport
from core.errors import Cancelled, ImageRefused, ImageUnreadable, LibraryError
from core.files.library_files import LibraryFiles
from core.images.generation.reader import read_generation
from core.images.processor import ImageProcessor
from core.images.tasks import check_image
from core.operations.journal import Staging
from core.pools import Pool
from core.storage import LibraryDatabase, caches, generations
from core.storage.journal_paths import owner_of

Digests = dict[Tier, str]


class PendingImageStager:
    """Validates and stages the images in ``pending/`` of one library."""

    def __init__(
        self, store: LibraryDatabase, root: Path, processor: ImageProcessor, judging: Pool, staging: Pool
    ) -> None:
        """Use pool ``judging`` to validate and ``staging`` to encode, so that previews do not wait for tiers."""
        self._store = store
        self._files = LibraryFiles(root)
        self._processor = processor
        self._judging = judging
        self._staging = staging

    def validate(
        self, images: Sequence[PendingImage], cancel: threading.Event | None = None
    ) -> tuple[PendingImage, ...]:
        """Return the images, each with the reason why it is refused, if it is.

        An image is decoded only once; its verdict is cached by the digest of its bytes. Raises LibraryError if the
        folder of pending images is not there.
        """
        if images:
            self._files.must_be_there(PENDING)
        return tuple(self._judging.run_all(self._judge, [(image, cancel) for image in images]))

    def _judge(self, image: PendingImage, cancel: threading.Event | None) -> PendingImage:
        _check(cancel)
        if image.refused is not None:
            return image
        if owner_of(image.file) is None:
            return replace(image, refused="not a name of a pending image")
        with self._store.read() as db:
            known = caches.validation(db, image.sha256)
        try:
            if known:  # also if it became known only after this record was read
                self._stand(image)
                return replace(image, refused=known.refused)
            data = self._read(image)
        except ImageRefused as reason:  # about the file, not about the imported bytes: not cached
            return replace(image, refused=str(reason))
        try:
            check_image(data, cancel)
        except ImageUnreadable as error:
            raise _not_now(image, error) from error
        except ImageRefused as reason:
            return self._keep(image, data, str(reason), cancel)
        return self._keep(image, data, None, cancel)

    def _keep(
        self, image: PendingImage, data: bytes, refused: str | None, cancel: threading.Event | None
    ) -> PendingImage:
        if not self._store.readonly:
            made = read_generation(data)  # an older version did not read it at the import
            with self._store.write(full=False, cancel=cancel) as db:
                caches.put_validation(db, image.sha256, refused)
                generations.put(db, image.sha256, made)
        return replace(image, refused=refused)

    def _stand(self, image: PendingImage) -> None:
        try:
            found = self._files.stat(pending_path(image.file))
        except OSError:
            found = None
        if found is None:
            raise ImageRefused("its file is missing")
        if not stat.S_ISREG(found.st_mode):
            raise ImageRefused("not a regular file")

    def _read(self, image: PendingImage) -> bytes:
        try:
            data = self._files.read_image(pending_path(image.file))
        except ImageUnreadable as error:
            raise _not_now(image, error) from error
        if hashlib.sha256(data).hexdigest() != image.sha256:
            raise ImageRefused("its file changed since it was imported")
        return data

    def stage(
        self, images: Sequence[PendingImage], staging: Staging, cancel: threading.Event | None = None
    ) -> tuple[dict[str, Digests], dict[str, str]]:
        """Write the tiers of each image to ``<position>_<tier>`` in the staging folder, synced.

        Return the digests of the tiers by file name, and the reason for each image that turned out to be unusable.
        """
        if not images:
            return {}, {}
        folder = staging.make()

        def one(position: int, image: PendingImage) -> Digests | str:
            _check(cancel)
            try:
                return dict(self._processor.stage(self._read(image), folder, position, cancel).digests)
            except ImageUnreadable as error:
                raise _not_now(image, error) from error
            except ImageRefused as reason:
                return str(reason)

        results = self._staging.run_all(one, enumerate(images))
        staging.sync()
        made = {image.file: found for image, found in zip(images, results, strict=True) if isinstance(found, dict)}
        refused = {image.file: found for image, found in zip(images, results, strict=True) if isinstance(found, str)}
        return made, refused

    def existing_files(self, record: PendingImport) -> list[str]:
        """Return the names of the images whose file exists, whatever its type. Raises as ``must_own`` does."""
        must_own(record)
        if record.images:
            self._files.must_be_there(PENDING)
        return [image.file for image in record.images if self._files.exists(pending_path(image.file))]


def must_own(record: PendingImport) -> None:
    """Raise LibraryError if a row lists an image under a name that is not its own: it could be any file."""
    for image in record.images:
        if owner_of(image.file) != record.id:
            raise LibraryError(
                f"pending import {record.id} lists an image {image.file!r}, which is not one of its names; "
                "nothing was changed, correct the row in pending_images"
            )


def _not_now(image: PendingImage, error: ImageUnreadable) -> LibraryError:
    """Return the error that stops a promotion: a temporary disk error or lack of memory must not cost an image."""
    return LibraryError(f"the image pending/{image.file}: {error}; nothing was changed, try again")


def _check(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled("the promotion was cancelled")
