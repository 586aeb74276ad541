"""What one folder of a walk holds: its model files, each with its stamp, and what is passed over with the reason."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from core.importing.scan.walk import SUFFIXES, Folder, OtherPath, PassedOver, is_model_name

_PARTIAL = (".aria2", ".part", ".crdownload", ".incomplete")  # beside a file that is still being downloaded
_SHARD = re.compile(r"(?P<stem>.+)-\d{5}-of-\d{5}(?P<suffix>\.[^.]+)")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes with a file: device, inode, size in bytes, and times of content and of inode in ns."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the stamp of a file that was looked at."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    @property
    def whole(self) -> str:
        """All of it as one text, as ``core.files.safe_open.stamp_of_stat`` writes it."""
        return f"{self.content}:{self.ctime_ns}"

    @property
    def content(self) -> str:
        """The part that stays the same when the file is renamed."""
        return f"{self.device}:{self.inode}:{self.size}:{self.mtime_ns}"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file: its folder and name, its type by the folders, and its stamp."""

    folder: str
    name: str
    type: str | None
    stamp: Stamp

    @property
    def path(self) -> str:
        """Where it was found. Names that are not UTF-8 hold surrogates, as with ``os.fsdecode``."""
        return os.path.join(self.folder, self.name)


@dataclass(frozen=True, slots=True)
class Listing:
    """A folder's model files, the names of everything in it, other paths of models, and what was passed over."""

    models: tuple[ModelFile, ...]
    names: frozenset[str]
    others: tuple[OtherPath, ...]
    passed_over: tuple[PassedOver, ...]


@dataclass(slots=True)
class Lister:
    """Lists folders after all roots are walked, so that a link to a file in any of them is known as such.

    A link to a file that no root holds is known by the link's own path, a file with two names by the first one.
    """

    walked: set[str]
    suffixes: frozenset[str] = SUFFIXES
    _files: dict[tuple[int, int], str] = field(default_factory=dict)

    def list(self, folder: Folder) -> Listing:
        """Return what a folder holds. Raises OSError."""
        names = frozenset(os.listdir(folder.path))
        found = [
            one
            for name in sorted(names)
            if is_model_name(name, self.suffixes)
            for one in self._entries(folder, name, names)
        ]
        return Listing(
            tuple(one for one in found if isinstance(one, ModelFile)),
            names,
            tuple(one for one in found if isinstance(one, OtherPath)),
            tuple(one for one in found if isinstance(one, PassedOver)),
        )

    def models_in(self, folders: Iterable[Folder]) -> Iterator[ModelFile]:
        """Yield the model files of folders, without those of a folder that cannot be read."""
        for folder in folders:
            with suppress(OSError):
                yield from self.list(folder).models

    def _entries(
        self, folder: Folder, name: str, names: frozenset[str]
    ) -> Iterator[ModelFile | OtherPath | PassedOver]:
        path = os.path.join(folder.path, name)
        try:
            link = os.path.islink(path)
            status = os.stat(path)
        except OSError as error:
            yield PassedOver(path, f"it cannot be read ({error.strerror})")
            return
        if stat.S_ISDIR(status.st_mode):
            return
        reason = _unfinished(name, names)
        if reason or not stat.S_ISREG(status.st_mode):
            yield PassedOver(path, reason or "it is not a regular file")
            return
        first = self._first(path, status, link=link)
        yield OtherPath(path, first) if first != path else ModelFile(folder.path, name, folder.type, Stamp.of(status))

    def _first(self, path: str, status: os.stat_result, *, link: bool) -> str:
        """Return the path by which a file is known."""
        if link:
            real = os.path.realpath(path)
            outer, name = os.path.split(real)
            if outer in self.walked and is_model_name(name, self.suffixes):
                return real
        elif status.st_nlink == 1:
            return path
        return self._files.setdefault((status.st_dev, status.st_ino), path)


def _unfinished(name: str, names: frozenset[str]) -> str:
    """Return why a file is no whole model by the names beside it; nothing where it may be one."""
    if any(name + partial in names for partial in _PARTIAL):
        return "it is still being downloaded"
    shard = _SHARD.fullmatch(name)
    if shard and f"{shard['stem']}{shard['suffix']}.index.json" in names:
        return "one of several files of a model; only models of one file are imported"
    return ""
