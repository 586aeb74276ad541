"""Lora-Manager's folder of example images: ``<sha256>/image_<N>.<ext>`` and ``custom_<id>.<ext>``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from core.domain.statements import ClaimKind, SourcedClaim
from core.importing.scan.beside import PICTURES
from core.importing.scan.reading import Picture

_FOLDER = re.compile("[0-9a-fA-F]{64}")
_NAME = re.compile(r"(?:image_(?P<number>\d{1,6})|custom_.*)\.[^.]+", re.DOTALL)


class Examples:
    """The example images in one folder, by the hash of their model."""

    def __init__(self, folder: str | None) -> None:
        """Without a folder there are none. Raises OSError if it cannot be read."""
        self._folders: dict[str, str] = {}
        for name in os.listdir(folder) if folder else ():
            if folder and _FOLDER.fullmatch(name):
                self._folders[name.lower()] = os.path.join(os.path.abspath(folder), name)

    @property
    def hashes(self) -> list[str]:
        """The hashes of the models that have images here."""
        return list(self._folders)

    def may_have(self, claims: Iterable[SourcedClaim]) -> bool:
        """Return whether there may be images of a file: its hash is claimed, or nothing is. Then it must be known."""
        stated = [one.claim.value for one in claims if one.claim.kind is ClaimKind.SHA256]
        return bool(self._folders) and (not stated or any(sha256 in self._folders for sha256 in stated))

    def of(self, sha256: str | None) -> list[Picture]:
        """Return the images of the model with this hash: numbered ones by number, then a person's own.

        Raises OSError if their folder cannot be read.
        """
        folder = self._folders.get(sha256 or "")
        if folder is None:
            return []
        ranked = []
        for name in os.listdir(folder):
            found = _NAME.fullmatch(name)
            if found and name.lower().endswith(PICTURES):
                number = found["number"]
                ranked.append((number is None, int(number or 0), name))
        return [Picture(os.path.join(folder, name), beside=False) for *_, name in sorted(ranked)]
