"""Walk model folders: every model file once, however many links lead to it, and what is passed over with the reason."""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from core.errors import Cancelled
from core.importing.scan.types import DIFFUSERS, type_of

SUFFIXES = frozenset((".safetensors", ".sft", ".gguf", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl"))
_PARTIAL = (".aria2", ".part", ".crdownload", ".incomplete")  # beside a file that is still being downloaded
_SHARD = re.compile(r"(?P<stem>.+)-\d{5}-of-\d{5}(?P<suffix>\.[^.]+)")
_DIFFUSERS_INDEX = "model_index.json"
_MAX_DEPTH = 64


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


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with model files in it: its path and the names of all files in it, which may be sidecars."""

    path: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file: its folder and name, its type by the folders, and its stamp."""

    folder: Folder
    name: str
    type: str | None
    stamp: Stamp

    @property
    def path(self) -> str:
        """Where it was found. Names that are not UTF-8 hold surrogates, as with ``os.fsdecode``."""
        return os.path.join(self.folder.path, self.name)


@dataclass(frozen=True, slots=True)
class OtherPath:
    """Another path to a model file that was found before: a link, or a folder that is reached twice."""

    path: str
    of: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file or folder that was not taken, and why."""

    path: str
    reason: str


Found = ModelFile | OtherPath | PassedOver


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder on the way: where it really is, the path it was reached by, and the folders between it and its root."""

    real: str
    path: str
    root: str
    below: tuple[str, ...] = ()
    known_type: str | None = None

    def inner(self, entry: os.DirEntry[str]) -> _Place:
        """Return a folder in this one."""
        real = os.path.realpath(entry.path) if entry.is_symlink() else os.path.join(self.real, entry.name)
        below = (*self.below, entry.name)
        return replace(self, real=real, path=os.path.join(self.path, entry.name), below=below)

    def is_within(self, folder: str) -> bool:
        """Return whether it is, or lies in, another folder, given by its real path."""
        return self.real == folder or self.real.startswith(os.path.join(folder, ""))

    @property
    def type(self) -> str | None:
        """The type of the models in it, where that is known."""
        return self.known_type or type_of(self.root, self.below)


@dataclass(slots=True)
class Walk:
    """A walk over several roots, which may lie in one another. Nothing is opened but folders.

    A file is known by its real path; a link to a file that no root holds is known by the link's own.
    """

    suffixes: frozenset[str] = SUFFIXES
    cancel: threading.Event | None = None
    _walked: set[tuple[int, int]] = field(default_factory=set)
    _files: dict[tuple[int, int], str] = field(default_factory=dict)
    _links: list[tuple[Folder, str, str | None]] = field(default_factory=list)

    def root(self, path: str, known_type: str | None = None) -> Iterator[Found]:
        """Yield what a root holds; ``known_type`` is the type of all in it, where something says so.

        Raises OSError where the root itself cannot be read, Cancelled.
        """
        os.scandir(path).close()
        name = os.path.basename(os.path.abspath(path))
        yield from self._folder(_Place(os.path.realpath(path), os.path.abspath(path), name, known_type=known_type))

    def links(self) -> Iterator[Found]:
        """Yield the links to files that were met; call this when all roots are walked."""
        for folder, name, kind in self._links:
            path = os.path.join(folder.path, name)
            try:
                status = os.stat(path)
            except OSError as error:
                yield PassedOver(path, f"it cannot be read ({error.strerror})")
                continue
            yield from self._file(ModelFile(folder, name, kind, Stamp.of(status)), path, status.st_mode)
        self._links.clear()

    def _folder(self, place: _Place) -> Iterator[Found]:
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled("the scan was cancelled")
        try:
            status = os.stat(place.real)
            again = (status.st_dev, status.st_ino) in self._walked
            if again and place.path == place.real:
                return
            self._walked.add((status.st_dev, status.st_ino))
            with os.scandir(place.real) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            yield PassedOver(place.path, f"it cannot be read ({error.strerror})")
            return
        if again:
            yield from self._other_paths(place, entries)
        elif any(entry.name == _DIFFUSERS_INDEX for entry in entries):
            yield PassedOver(place.path, f"a folder of {DIFFUSERS}; only models of one file are imported")
        else:
            yield from self._entries(place, entries)

    def _entries(self, place: _Place, entries: Sequence[os.DirEntry[str]]) -> Iterator[Found]:
        folder = Folder(place.real, frozenset(entry.name for entry in entries))
        for entry in entries:
            if self._is_model(entry):
                yield from self._entry(place, folder, entry)
        for entry in entries:
            if entry.name.startswith(".") or not _is_folder(entry):
                continue
            inner = place.inner(entry)
            if place.is_within(inner.real):
                continue  # a loop
            if len(place.below) < _MAX_DEPTH:
                yield from self._folder(inner)
            else:
                yield PassedOver(entry.path, "it lies too deep")

    def _is_model(self, entry: os.DirEntry[str]) -> bool:
        # A dot before a model's name is what macOS writes beside each file on other file systems.
        return not entry.name.startswith(".") and os.path.splitext(entry.name)[1].lower() in self.suffixes

    def _entry(self, place: _Place, folder: Folder, entry: os.DirEntry[str]) -> Iterator[Found]:
        if _is_folder(entry):
            return
        reason = _unfinished(entry.name, folder.names)
        if reason:
            yield PassedOver(entry.path, reason)
        elif entry.is_symlink():
            self._links.append((folder, entry.name, place.type))
        else:
            try:
                status = entry.stat()
            except OSError as error:
                yield PassedOver(entry.path, f"it cannot be read ({error.strerror})")
                return
            model = ModelFile(folder, entry.name, place.type, Stamp.of(status))
            yield from self._file(model, os.path.join(place.path, entry.name), status.st_mode)

    def _file(self, model: ModelFile, path: str, mode: int) -> Iterator[Found]:
        """Yield a model file, or another path to one; ``path`` is how it was reached."""
        if not stat.S_ISREG(mode):
            yield PassedOver(path, "it is not a regular file")
            return
        first = self._files.setdefault((model.stamp.device, model.stamp.inode), model.path)
        if first == model.path:
            yield model
        if first != path:
            yield OtherPath(path, first)

    def _other_paths(self, place: _Place, entries: Sequence[os.DirEntry[str]]) -> Iterator[Found]:
        """Yield the paths of a folder that was walked before; links in it lead to what was walked too."""
        for entry in entries:
            if self._is_model(entry) and entry.is_file(follow_symlinks=False):
                status = entry.stat()
                first = self._files.get((status.st_dev, status.st_ino))
                if first:
                    yield OtherPath(os.path.join(place.path, entry.name), first)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _unfinished(name: str, names: frozenset[str]) -> str:
    """Return why a file is no whole model by the names beside it; nothing where it may be one."""
    if any(name + partial in names for partial in _PARTIAL):
        return "it is still being downloaded"
    shard = _SHARD.fullmatch(name)
    if shard and f"{shard['stem']}{shard['suffix']}.index.json" in names:
        return "one of several files of a model; only models of one file are imported"
    return ""
