"""Stage the images of an old database's rows, found in one folder, for the record that their row becomes."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.domain.enums import Tier
from core.domain.generation import Generation
from core.domain.imports import Problem
from core.errors import Cancelled, ImageRefused
from core.files.durable import write_synced
from core.files.safe_open import image_error, read_image
from core.images.generation.reader import read_generation
from core.images.processor import ImageProcessor
from core.images.tasks import open_image
from core.importing.legacy.database import LegacyImage
from core.operations.journal import Staging
from core.pools import Pool
from core.text import sanitize

_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StagedImage:
    """An image in the staging folder: ``<position>`` unchanged, or ``<position>_<tier>`` with ``digests``."""

    position: int
    name: str
    suffix: str
    sha256: str
    generation: Generation | None
    digests: Mapping[Tier, str] = field(default_factory=dict)


class ImportImageStager:
    """Stages images from ``folder``; without a folder, reports each image as a problem."""

    def __init__(
        self,
        folder: Path | None,
        processor: ImageProcessor,
        pool: Pool,
        cancel: threading.Event | None = None,
    ) -> None:
        self._folder = folder
        self._processor = processor
        self._pool = pool
        self._cancel = cancel
        self._staging: Staging | None = None
        self._next = 0
        self.problems: list[Problem] = []

    def begin(self, staging: Staging) -> None:
        """Begin a batch: images now go to this staging folder, and ``problems`` starts empty."""
        self._staging, self._next, self.problems = staging, 0, []

    def stage(self, row: int, images: Sequence[LegacyImage], *, as_tiers: bool) -> tuple[StagedImage, ...]:
        """Stage the available images of a row, in order; ``problems`` lists what is wrong. Raises Cancelled."""
        if not images or self._staging is None:
            return ()
        if self._folder is None:
            self._refuse(row, images, "no image folder was given")
            return ()
        folder = self._staging.make()
        first, self._next = self._next, self._next + len(images)
        results = self._pool.run_all(
            self._one, [(folder, position, image, as_tiers) for position, image in enumerate(images, first)]
        )
        staged: list[StagedImage] = []
        for image, (found, reason) in zip(images, results, strict=True):
            if found is not None:
                staged.append(found)
            if reason:
                self._refuse(row, [image], reason)
        return tuple(staged)

    def _refuse(self, row: int, images: Sequence[LegacyImage], reason: str) -> None:
        self.problems += [Problem(row, image.field, f"{sanitize(image.stored, 4000)}: {reason}") for image in images]

    def _one(
        self, folder: Path, position: int, image: LegacyImage, as_tiers: bool
    ) -> tuple[StagedImage | None, str | None]:
        """Stage one image; return it if it was staged, and its problem if it has one."""
        if self._cancel is not None and self._cancel.is_set():
            raise Cancelled("the import was cancelled")
        try:
            data = self._bytes(image)
        except ImageRefused as reason:
            return None, str(reason)
        digest, generation = hashlib.sha256(data).hexdigest(), read_generation(data)
        if as_tiers:
            try:
                tiers = self._processor.stage(data, folder, position, self._cancel)
            except ImageRefused as reason:
                return None, str(reason)
            return StagedImage(position, image.name, "", digest, generation, tiers.digests), None
        write_synced(folder / str(position), data)
        staged = StagedImage(position, image.name, image_suffix(image.name), digest, generation)
        try:
            open_image(data, self._cancel)
        except ImageRefused as reason:  # kept unchanged nevertheless: promotion decides whether to refuse it
            return staged, str(reason)
        return staged, None

    def _bytes(self, image: LegacyImage) -> bytes:
        assert self._folder is not None
        if not image.folder:
            return read_image(self._folder, image.name)
        try:
            folder = os.open(self._folder / image.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except NotADirectoryError:
            raise ImageRefused(f"{image.folder} is a link or a file, not a folder") from None
        except OSError as error:
            raise image_error(error) from error
        try:
            return read_image(folder, image.name)
        finally:
            os.close(folder)


def image_suffix(name: str) -> str:
    """Return the suffix under which an image is kept, ``.bin`` where its own cannot be."""
    suffix = Path(name).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ".bin"
