"""Stage the pictures of scanned models: those that were not taken before, as they are; the rest is named."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.domain.scans import ScanProblem
from core.errors import Cancelled, ImageRefused
from core.files.durable import write_synced
from core.files.safe_open import MAX_IMAGE_BYTES, read_image
from core.images.generation.reader import read_generation
from core.images.tasks import open_image
from core.importing.images import StagedImage, image_suffix
from core.importing.scan.reading import Picture
from core.operations.journal import Staging
from core.pools import Pool

_AT_ONCE = 4  # pictures


@dataclass(frozen=True, slots=True)
class StagedPictures:
    """The pictures of one model in a staging folder, in order, and the problems with the others.

    ``found`` are the digests of all that can be read, those taken before included, each with whether it lies beside
    the model.
    """

    images: tuple[StagedImage, ...] = ()
    problems: tuple[ScanProblem, ...] = ()
    found: Mapping[str, bool] = field(default_factory=dict)


class PictureStager:
    """Stages the pictures of a batch of models in one staging folder."""

    def __init__(self, staging: Staging | None, pool: Pool, cancel: threading.Event | None) -> None:
        """Without a staging folder nothing is written."""
        self._staging = staging
        self._pool = pool
        self._cancel = cancel
        self._next = 0

    def stage(self, pictures: Sequence[Picture], taken: Collection[str]) -> StagedPictures:
        """Stage a model's pictures, each content once, without those whose digests are ``taken``.

        What cannot be read or is plainly no picture is named and left where it lies. Raises Cancelled.
        """
        found, images, problems = dict[str, bool](), list[StagedImage](), list[ScanProblem]()
        for start in range(0, len(pictures), _AT_ONCE):  # their bytes are in memory
            some = pictures[start : start + _AT_ONCE]
            read = self._pool.run_all(self._read, [(picture,) for picture in some])
            for picture, (told, data) in zip(some, read, strict=True):
                if not data:
                    problems.append(ScanProblem(picture.path, told))
                    continue
                if told not in found and told not in taken:
                    images.append(self._write(told, picture.path, data))
                found.setdefault(told, picture.beside)
        return StagedPictures(tuple(images), tuple(problems), found)

    def _read(self, picture: Picture) -> tuple[str, bytes]:
        """Return digest and bytes of a picture, or the reason why it is none, and no bytes."""
        if self._cancel is not None and self._cancel.is_set():
            raise Cancelled("the scan was cancelled")
        folder, name = os.path.split(picture.path)
        try:
            data = read_image(Path(folder), name) if picture.data is None else picture.data
            if len(data) > MAX_IMAGE_BYTES:
                raise ImageRefused("larger than 64 MiB")
            open_image(data, self._cancel)
        except ImageRefused as reason:
            return f"a picture in it: {reason}" if picture.data is not None else str(reason), b""
        return hashlib.sha256(data).hexdigest(), data

    def _write(self, digest: str, path: str, data: bytes) -> StagedImage:
        position, self._next = self._next, self._next + 1
        if self._staging is not None:
            write_synced(self._staging.make() / str(position), data)
        return StagedImage(position, path, image_suffix(path), digest, read_generation(data))
