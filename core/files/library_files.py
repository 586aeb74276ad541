"""The files of a library, reached folder by folder through descriptors, so that no link leads out of it.

The four folders at the top may be links or mounts: their owner moved them to another disk. Below them no link is
followed, in reading or in writing: ``openat`` with ``O_NOFOLLOW`` finds out at the moment of use.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.files.durable import remove_folder
from core.files.safe_open import image_error, open_regular, read_image

ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # no such file, or one behind a link that is not followed
FOLDERS = ("images", "pending", "staging", "trash")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_EFFECTIVE = os.access in os.supports_effective_ids


def split(path: str) -> tuple[str, str]:
    """Return folder and name of a path in the library; the library itself is ``.``."""
    folder, _, name = path.rpartition("/")
    return folder or ".", name


def partial(path: str) -> str:
    """Return where the copy of a file stands until it is whole: beside its place."""
    folder, name = split(path)
    return f"{folder}/.{name}.partial"


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system: the number of its device, and the bytes that may still be written to it."""

    device: int
    free: int


class LibraryFiles:
    """The files of one library; paths are relative to it, with ``/`` between plain components.

    Raises OSError, with the whole path as its file name; also where a link, or anything but a folder, is in the way.
    """

    def __init__(self, root: Path) -> None:
        """``root`` is the library's folder."""
        self.root = root

    @contextmanager
    def folder(self, path: str, *, make: bool = False) -> Iterator[int]:
        """Give a descriptor of a folder; with ``make`` folders that are missing are made, and not synced."""
        parts = [] if path == "." else path.split("/")
        folder = os.open(self.root, _FOLDER)
        try:
            for depth, part in enumerate(parts):
                with self._naming("/".join(parts[: depth + 1])):
                    inner = _enter(folder, part, depth, make)
                outer, folder = folder, inner
                os.close(outer)
            yield folder
        finally:
            os.close(folder)

    def make(self, folder: str) -> None:
        """Make a folder, and those it lies in, where they are missing."""
        with self.folder(folder, make=True):
            pass

    def sync(self, folder: str) -> None:
        """Put a folder's entries on disk."""
        with self.folder(folder) as descriptor, self._naming(folder):
            os.fsync(descriptor)

    def stat(self, path: str) -> os.stat_result | None:
        """Return what is known of a file, ``None`` where there is none; a link is not followed."""
        folder, name = split(path)
        try:
            with self.folder(folder) as descriptor, self._naming(path):
                return os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def exists(self, path: str) -> bool:
        """Whether anything stands at a path, a broken link too."""
        return self.stat(path) is not None

    def listed(self, folder: str) -> dict[str, bool]:
        """Return the names in a folder, each with whether it is a folder itself."""
        with self.folder(folder) as descriptor, os.scandir(descriptor) as found:
            return {entry.name: entry.is_dir(follow_symlinks=False) for entry in found}

    def open(self, path: str) -> int:
        """Open a regular file for reading and return its descriptor."""
        folder, name = split(path)
        with self.folder(folder) as descriptor, self._naming(path):
            return open_regular(name, descriptor)

    def read_image(self, path: str) -> bytes:
        """Return the bytes of an image. Raises ImageRefused and ImageUnreadable as ``safe_open.read_image`` does."""
        folder, name = split(path)
        try:
            with self.folder(folder) as descriptor:
                return read_image(descriptor, name)
        except OSError as error:
            raise image_error(error) from error

    def remove_tree(self, folder: str) -> None:
        """Remove a folder with all that is in it, as far as that is possible."""
        outer, name = split(folder)
        with self.folder(outer) as descriptor:
            remove_folder(name, descriptor)

    def rename(self, src: str, dst: str) -> None:
        """Rename a file or a folder; what stands at ``dst`` is replaced."""
        with self._both(src, dst) as (from_folder, to_folder):
            os.replace(split(src)[1], split(dst)[1], src_dir_fd=from_folder, dst_dir_fd=to_folder)

    def move(self, src: str, dst: str) -> None:
        """Put a file in the place of whatever is at ``dst``, also on another file system.

        There is no moment without a whole file at ``dst``, and ``src`` goes only when ``dst`` is on disk.
        """
        try:
            self.rename(src, dst)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy(src, dst)
            self.sync(split(dst)[0])
            with self._both(src, dst) as (from_folder, _):
                os.unlink(split(src)[1], dir_fd=from_folder)

    def keep(self, path: str, copy: str) -> None:
        """Have what is at ``path`` at ``copy`` too: a link, or a copy where that is another file system.

        Where a file system has no links, the file itself goes there, and for a moment ``path`` is empty.
        """
        try:
            with self._both(path, copy) as (from_folder, to_folder):
                names = split(path)[1], split(copy)[1]
                os.link(*names, src_dir_fd=from_folder, dst_dir_fd=to_folder, follow_symlinks=False)
        except OSError:
            try:
                self.rename(path, copy)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self._copy(path, copy)

    def same(self, one: str, other: str) -> bool:
        """Whether two paths are regular files that hold the same bytes."""
        found = [self.stat(path) for path in (one, other)]
        if any(file is None or not stat.S_ISREG(file.st_mode) for file in found):
            return False
        with open(self.open(one), "rb") as a, open(self.open(other), "rb") as b:
            while (data := a.read(1 << 20)) == b.read(1 << 20):
                if not data:
                    return True
        return False

    def _copy(self, src: str, dst: str) -> None:
        """Copy a file beside its place, sync it, and put it there; the folder's entry is not synced."""
        (folder, name), unfinished = split(dst), split(partial(dst))[1]
        with self.folder(folder) as descriptor, open(self.open(src), "rb") as source, self._naming(dst):
            with suppress(FileNotFoundError):  # a dead process may have left it
                os.unlink(unfinished, dir_fd=descriptor)
            with open(os.open(unfinished, _NEW, 0o666, dir_fd=descriptor), "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
            os.replace(unfinished, name, src_dir_fd=descriptor, dst_dir_fd=descriptor)

    @contextmanager
    def _both(self, src: str, dst: str) -> Iterator[tuple[int, int]]:
        with self.folder(split(src)[0]) as one, self.folder(split(dst)[0]) as other, self._naming(dst):
            yield one, other

    @contextmanager
    def _naming(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # through a descriptor it names the last component alone, or nothing
            error.filename, error.filename2 = str(self.root / path), None
            raise

    def obstacle(self, folder: str) -> str:
        """Return why no file can be put into ``folder``, made where it is missing; nothing where it can."""
        parts = folder.split("/")
        for depth in range(1, len(parts) + 1):
            outer = "/".join(parts[:depth])
            try:
                with self.folder(outer) as descriptor:
                    if not _may_write(descriptor):
                        return f"{self.root / outer} cannot be written; fix its permissions, or mount it for writing"
            except FileNotFoundError:
                if depth > 1:
                    return ""
                return f"{self.root / outer} is not there; mount the disk it links to, or create the folder"
            except OSError as error:
                return self._in_the_way(outer, error)
        return ""

    def _in_the_way(self, folder: str, error: OSError) -> str:
        found = self.stat(folder)
        if found is not None and stat.S_ISLNK(found.st_mode):
            return (
                f"{self.root / folder} is a link, and only {', '.join(FOLDERS)} themselves may be links; "
                "put a folder in its place"
            )
        if found is not None and not stat.S_ISDIR(found.st_mode):
            return f"{self.root / folder} is not a folder; remove it"
        return f"{self.root / folder} cannot be opened ({os.strerror(error.errno or 0)})"

    def disk(self, top: str) -> Disk:
        """Return what is known of the file system that one of the library's own folders lies on."""
        with self.folder(top) as descriptor, self._naming(top):
            space = os.fstatvfs(descriptor)
            return Disk(os.fstat(descriptor).st_dev, space.f_bavail * space.f_frsize)


def _enter(folder: int, part: str, depth: int, make: bool) -> int:
    if part in ("", ".", "..") or "\0" in part:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    flags = _FOLDER if depth == 0 else _FOLDER | os.O_NOFOLLOW
    try:
        return os.open(part, flags, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):  # made by another process just now, or a link that leads nowhere: opening tells
        os.mkdir(part, dir_fd=folder)
    return os.open(part, flags, dir_fd=folder)


def _may_write(folder: int) -> bool:
    return os.access(".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=_EFFECTIVE)
