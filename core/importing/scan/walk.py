"""Walk model folders: every folder once, however many links lead to it, each with a stamp that tells of changes.

Nothing is opened but folders. What a folder holds is read later, and only where its stamp is a new one.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from core.errors import Cancelled
from core.importing.scan.types import DIFFUSERS, type_of

SUFFIXES = frozenset((".safetensors", ".sft", ".gguf", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl"))
_DIFFUSERS_INDEX = "model_index.json"
_MAX_DEPTH = 64
_STAMP_BYTES = 16


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that a walk reached.

    ``path`` is its real path, ``reached`` the path that led to it, ``root`` the folder the walk began with. ``type`` is
    the type of the models in it, where folders tell. ``stamp`` changes with the names, sizes and times of what it
    holds. ``models`` counts the files in it that are models by their names.
    """

    path: str
    reached: str
    root: str
    type: str | None
    stamp: str
    models: int


@dataclass(frozen=True, slots=True)
class OtherPath:
    """Another path to a model file, or to a folder that was walked before: a link, or a file with two names."""

    path: str
    of: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file or folder that was not taken, and why."""

    path: str
    reason: str


Walked = Folder | OtherPath | PassedOver


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
        return self.known_type or type_of(os.path.basename(self.root), self.below)


@dataclass(slots=True)
class Walk:
    """A walk over several roots, which may lie in one another. ``folders`` are the real paths of those it reached."""

    suffixes: frozenset[str] = SUFFIXES
    cancel: threading.Event | None = None
    folders: set[str] = field(default_factory=set)
    _walked: dict[tuple[int, int], str] = field(default_factory=dict)

    def root(self, path: str, known_type: str | None = None) -> Iterator[Walked]:
        """Yield the folders of a root; ``known_type`` is the type of all in it, where something says so.

        Raises OSError where the root itself cannot be read, Cancelled.
        """
        os.scandir(path).close()
        whole = os.path.abspath(path)
        yield from self._folder(_Place(os.path.realpath(path), whole, whole, known_type=known_type))

    def _folder(self, place: _Place) -> Iterator[Walked]:
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled("the scan was cancelled")
        try:
            status = os.stat(place.real)
            first = self._walked.setdefault((status.st_dev, status.st_ino), place.real)
            if place.real in self.folders or first != place.real:
                if place.path != first:
                    yield OtherPath(place.path, first)
                return
            with os.scandir(place.real) as listed:
                entries = list(listed)
        except OSError as error:
            yield PassedOver(place.path, f"it cannot be read ({error.strerror})")
            return
        self.folders.add(place.real)
        if any(entry.name == _DIFFUSERS_INDEX for entry in entries):
            yield PassedOver(place.path, f"a folder of {DIFFUSERS}; only models of one file are imported")
            return
        models = sum(is_model_name(entry.name, self.suffixes) for entry in entries)
        yield Folder(place.real, place.path, place.root, place.type, _stamp(entries, self.suffixes), models)
        if place.path != place.real:
            yield OtherPath(place.path, place.real)
        inner = [place.inner(entry) for entry in entries if not entry.name.startswith(".") and _is_folder(entry)]
        del entries
        yield from self._inner(place, sorted(inner, key=lambda one: one.path))

    def _inner(self, place: _Place, folders: list[_Place]) -> Iterator[Walked]:
        for inner in folders:
            if place.is_within(inner.real):
                continue  # a loop
            if len(place.below) < _MAX_DEPTH:
                yield from self._folder(inner)
            else:
                yield PassedOver(inner.path, "it lies too deep")


def is_model_name(name: str, suffixes: frozenset[str] = SUFFIXES) -> bool:
    """Return whether a file of this name may be a model."""
    # A dot before a model's name is what macOS writes beside each file on other file systems.
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in suffixes


def _stamp(entries: list[os.DirEntry[str]], suffixes: frozenset[str]) -> str:
    """Return a digest of the names, sizes and times of all entries, whatever their order, and of what is a model."""
    lines = sorted([*map(_line, entries), *map(str.encode, suffixes)])
    return hashlib.blake2b(b"\n".join(lines), digest_size=_STAMP_BYTES).hexdigest()


def _line(entry: os.DirEntry[str]) -> bytes:
    try:
        found = entry.stat()
    except OSError:  # a link to nothing
        return os.fsencode(f"{entry.name}\0-")
    return os.fsencode(f"{entry.name}\0{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
