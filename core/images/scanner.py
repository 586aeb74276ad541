"""Finding and numbering the sample images of a model.

The files on disk are the sequence. Moves of an open journal entry count as done, so that a reader sees a promotion from
the moment of its commit.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from core.domain.enums import Tier
from core.domain.layout import IMAGES
from core.domain.operations import Move
from core.errors import ImageError, LibraryError
from core.files.library_files import ABSENT, LibraryFiles

SHA256 = "[0-9a-f]{64}"
SEQ = "0|[1-9][0-9]{0,14}"  # bounded, so that the next number still fits into an SQLite integer
TIER: str = "|".join(Tier)
_FILE = re.compile(f"({SHA256})_({SEQ})_({TIER})\\.webp")
_IDENTIFIER = re.compile(f"({SHA256})(?:_({SEQ}))?(?:\\.webp)?")

# The highest number in the journal, and the moves of open entries, both from one snapshot.
OpenMoves = Callable[[], tuple[int, Sequence[Move]]]


def tier_name(sha256: str, seq: int, tier: Tier) -> str:
    """Return the file name of one tier: ``<sha256>_<seq>_<tier>.webp``."""
    return f"{sha256}_{seq}_{tier.value}.webp"


def relative_path(sha256: str, seq: int, tier: Tier) -> str:
    """Return the path of one tier, relative to the library, with ``/`` between the parts."""
    return f"{_folder(sha256)}/{tier_name(sha256, seq, tier)}"


def parse_name(name: str, sha256: str) -> tuple[int, Tier] | None:
    """Return seq and tier if ``name`` is exactly the name of a tier of the model ``sha256``, else ``None``."""
    match = _FILE.fullmatch(name)
    return (int(match[2]), Tier(match[3])) if match and match[1] == sha256 else None


def _folder(sha256: str) -> str:
    return f"{IMAGES}/{sha256[:2]}/{sha256}"


def _parse_path(path: str, sha256: str) -> tuple[int, Tier] | None:
    folder, _, name = path.rpartition("/")
    return parse_name(name, sha256) if folder == _folder(sha256) else None


class ImageScanner:
    """The sequences of one library. It does not depend on the store: pending moves are passed in."""

    def __init__(self, root: Path, open_moves: OpenMoves) -> None:
        """``root`` is the library's folder."""
        self._files = LibraryFiles(root)
        self._open_moves = open_moves

    def get_image_list(self, sha256: str) -> list[str]:
        """Return the identifiers ``<sha256>_<seq>`` of a model's images in the order of their numbers.

        Raises ValueError for an invalid SHA-256, LibraryError if the folder cannot be read.
        """
        return [f"{sha256}_{seq}" for seq in self.sequence(sha256)]

    def sequence(self, sha256: str) -> list[int]:
        """Return the sorted numbers for which any tier exists, or will exist once open entries are finished.

        Raises as ``get_image_list`` does.
        """
        return sorted({seq for seq, is_file in self._numbers(sha256) if is_file})

    def get_next_sequence_index(self, sha256: str) -> int:
        """Return one more than the highest number in use, 0 if there is none. Raises as ``get_image_list`` does."""
        # A link or a folder with such a name is not an image, but no image can be moved there either.
        return max((seq for seq, _is_file in self._numbers(sha256)), default=-1) + 1

    def get_image_path(self, identifier: str, quality: str | Tier = "high") -> Path:
        """Return the path of a tier, whether or not it exists; a bare SHA-256 means seq 0, ``.webp`` may follow.

        Raises ValueError for an invalid identifier, and for an unknown quality.
        """
        return self._files.root / self._relative(identifier, quality)

    def open_image(self, identifier: str, quality: str | Tier = "high") -> BinaryIO:
        """Open a tier for reading, even if an open entry has not moved it there yet.

        No link is followed, and only a regular file is opened. Raises ValueError as ``get_image_path`` does, ImageError
        if the file does not exist or cannot be read.
        """
        relative = self._relative(identifier, quality)
        while True:
            before, moves = self._open_moves()
            for path in _candidates(relative, moves):
                file = self._open(path)
                if file is not None:
                    return file
            if self._open_moves()[0] == before:
                raise ImageError(f"there is no image {os.path.basename(relative)}")

    def _relative(self, identifier: str, quality: str | Tier) -> str:
        match = _IDENTIFIER.fullmatch(identifier) if isinstance(identifier, str) else None
        if match is None:
            raise ValueError(f"not an image identifier: {identifier!r}")
        if quality not in list(Tier):
            raise ValueError(f"not a quality: {quality!r}; it is one of {', '.join(Tier)}")
        return relative_path(match[1], int(match[2] or 0), Tier(quality))

    def _numbers(self, sha256: str) -> set[tuple[int, bool]]:
        """Return each number in use, and whether it is a regular file or a pending move."""
        if not isinstance(sha256, str) or not re.fullmatch(SHA256, sha256):
            raise ValueError(f"not a SHA-256: {sha256!r}")
        while True:
            before, moves = self._open_moves()
            names = self._on_disk(sha256)
            for move in moves:
                if (source := _parse_path(move.source, sha256)) is not None:
                    names.pop(source, None)
                if (target := _parse_path(move.target, sha256)) is not None:
                    names[target] = True
            # A newer entry may have moved files while the folder was read; the result would then mix two states.
            if self._open_moves()[0] == before:
                return {(seq, is_file) for (seq, _tier), is_file in names.items()}

    def _on_disk(self, sha256: str) -> dict[tuple[int, Tier], bool]:
        try:
            with self._files.folder(_folder(sha256)) as folder, os.scandir(folder) as entries:
                found = {entry.name: entry.is_file(follow_symlinks=False) for entry in entries}
        except OSError as error:
            if error.errno in ABSENT:
                return {}
            reason = os.strerror(error.errno or 0)
            raise LibraryError(f"the image folder {_folder(sha256)} cannot be read ({reason})") from error
        parsed = {name: parse_name(name, sha256) for name in found}
        return {key: found[name] for name, key in parsed.items() if key is not None}

    def _open(self, path: str) -> BinaryIO | None:
        """Open a file inside the library; return ``None`` if it does not exist."""
        try:
            return open(self._files.open(path), "rb")
        except OSError as error:
            if error.errno in ABSENT:
                return None
            name = os.path.basename(path)
            if error.errno == errno.ENXIO:
                raise ImageError(f"the image {name} is not a regular file") from error
            raise ImageError(f"the image {name} cannot be read ({os.strerror(error.errno or 0)})") from error


def _candidates(relative: str, moves: Sequence[Move]) -> list[str]:
    """Return where the file ``relative`` may be, in search order: a pending move may be done at any moment."""
    found = [relative]
    for move in moves:
        if move.source == relative:
            found = []
        if move.target == relative:
            found = [move.source, relative]
    return found
