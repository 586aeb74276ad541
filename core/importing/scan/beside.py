"""The files beside a model that belong to it, by their names: sidecars, preview pictures, videos, example prompts.

Names are compared first as they are, then without case. All names begin with the model's stem or whole name, so those
of a folder are sorted once, and each model looks at the few that begin as its own.
"""

from __future__ import annotations

import bisect
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from core.importing.scan.walk import SUFFIXES, is_model_name
from core.importing.sidecars import hugging_face
from core.importing.sidecars.formats import DOWNLOAD, SidecarFormat, formats_of

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".avif")
_VIDEOS = (".mp4", ".webm")
# What stands between the stem and the suffix: nothing, .preview, .example.3, _3.
_MIDDLE = re.compile(r"(?P<preview>\.preview)?|\.example\.(?P<example>\d{1,6})|_(?P<number>\d{1,6})")


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside a model: sidecars with their formats, pictures in their order, videos.

    All are names of files, relative to the model's folder.
    """

    sidecars: tuple[tuple[str, SidecarFormat], ...]
    pictures: tuple[str, ...]
    videos: tuple[str, ...]


class Neighbours:
    """The files of one folder."""

    def __init__(
        self, names: Collection[str], suffixes: frozenset[str] = SUFFIXES, *, downloads: Collection[str] = ()
    ) -> None:
        """``names`` are those of all files in the folder, ``downloads`` those with notes of their download."""
        self._downloads = downloads
        self._names = sorted((name.casefold(), name) for name in names)
        self._stems = {os.path.splitext(folded)[0] for folded, _ in self._names if is_model_name(folded, suffixes)}

    def of(self, model: str) -> Beside:
        """Return what belongs to the model file of this name."""
        stem = os.path.splitext(model)[0]
        near = [name for name in self._beginning(stem.casefold()) if name != model]
        ranked = sorted((rank, name) for name in near if (rank := self._rank(stem, name)) is not None)
        return Beside(
            sidecars=(*((name, one) for name in near for one in formats_of(name, model)), *self._notes(model)),
            pictures=tuple(name for _, name in ranked if name.lower().endswith(PICTURES)),
            videos=tuple(name for _, name in ranked if name.lower().endswith(_VIDEOS)),
        )

    def _notes(self, model: str) -> Iterator[tuple[str, SidecarFormat]]:
        if model in self._downloads:
            yield os.path.join(hugging_face.FOLDER, model + DOWNLOAD.ending), DOWNLOAD

    def _beginning(self, prefix: str) -> Iterator[str]:
        for place in range(bisect.bisect_left(self._names, (prefix, "")), len(self._names)):
            folded, name = self._names[place]
            if not folded.startswith(prefix):
                return
            yield name

    def _rank(self, stem: str, name: str) -> tuple[int, int, int] | None:
        """Return the place of a picture or video among a model's: kind, number, suffix; None where it is none."""
        begin, suffix = os.path.splitext(name.casefold())
        endings = (*PICTURES, *_VIDEOS)
        found = _MIDDLE.fullmatch(begin[len(stem.casefold()) :]) if suffix in endings else None
        if found is None:
            return None
        if found["number"]:
            # Where a model has this very name, the picture is its own.
            return None if begin in self._stems else (4, int(found["number"]), endings.index(suffix))
        if found["example"]:
            return 3, int(found["example"]), endings.index(suffix)
        return 2 if found["preview"] else 1, 0, endings.index(suffix)
