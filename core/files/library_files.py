"""The files of a library, opened folder by folder through descriptors, so that no link leads out of it.

The four top-level folders may be links or mounts, if their owner moved them to another disk. Below them no link is
followed for reading or writing: ``openat`` with ``O_NOFOLLOW`` checks at the moment of use.
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

from core.domain.layout import FOLDERS
from core.errors import LibraryError
from core.files.durable import remove_folder
from core.files.safe_open import image_error, open_regular, read_image

ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # no such file, or behind a link that is not followed
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_EFFECTIVE = os.access in os.supports_effective_ids


def split(path: str) -> tuple[str, str]:
    """Return folder and name of a path in the library; the library's own folder is ``.``."""
    folder, _, name = path.rpartition("/")
    return folder or ".", name


def partial(path: str) -> str:
    """Return the path, in the same folder, at which a copy of a file is written until it is complete."""
    folder, name = split(path)
    return f"{folder}/.{name}.partial"


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system: its device number and its free space in bytes."""

    device: int
    free: int


class LibraryFiles:
    """The files of one library; paths are relative to it, with ``/`` between plain components.

    Methods raise OSError with the whole path as its file name, also if a component is a link or not a folder.
    """

    def __init__(self, root: Path) -> None:
        """``root`` is the library's folder."""
        self.root = root

    @contextmanager
    def folder(self, path: str, *, make: bool = False) -> Iterator[int]:
        """Yield a descriptor of a folder; with ``make`` missing folders are created, but not synced."""
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
        """Create a folder and its parents if they are missing."""
        with self.folder(folder, make=True):
            pass

    def sync(self, folder: str) -> None:
        """Fsync a folder's entries."""
        with self.folder(folder) as descriptor, self._naming(folder):
            os.fsync(descriptor)

    def stat(self, path: str) -> os.stat_result | None:
        """Return the stat result of a file, or ``None`` if it does not exist; links are not followed."""
        folder, name = split(path)
        try:
            with self.folder(folder) as descriptor, self._naming(path):
                return os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def exists(self, path: str) -> bool:
        """Return whether anything exists at a path, including a broken link."""
        return self.stat(path) is not None

    def listed(self, folder: str) -> dict[str, bool]:
        """Return the names in a folder, each mapped to whether it is a folder itself."""
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
        """Remove a folder and its contents, as far as possible."""
        outer, name = split(folder)
        with self.folder(outer) as descriptor:
            remove_folder(name, descriptor)

    def rename(self, src: str, dst: str) -> None:
        """Rename a file or a folder, replacing ``dst``."""
        with self._both(src, dst) as (from_folder, to_folder):
            os.replace(split(src)[1], split(dst)[1], src_dir_fd=from_folder, dst_dir_fd=to_folder)

    def move(self, src: str, dst: str) -> None:
        """Move a file to ``dst``, replacing what is there, also across file systems.

        ``dst`` is replaced atomically by a complete file, and a copied ``src`` is removed only once ``dst`` is on disk.
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
        """Keep the file ``path`` at ``copy`` too: as a hard link, or as a copy on another file system.

        On a file system without hard links the file is moved to ``copy``, and ``path`` is missing for a moment.
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
        """Return whether two paths are regular files with the same content."""
        found = [self.stat(path) for path in (one, other)]
        if any(file is None or not stat.S_ISREG(file.st_mode) for file in found):
            return False
        with open(self.open(one), "rb") as a, open(self.open(other), "rb") as b:
            while (data := a.read(1 << 20)) == b.read(1 << 20):
                if not data:
                    return True
        return False

    def _copy(self, src: str, dst: str) -> None:
        """Copy a file beside ``dst``, sync it, and rename it to ``dst``; the folder's entry is not synced."""
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
        except OSError as error:  # relative to a descriptor it names only the last component, or nothing
            error.filename, error.filename2 = str(self.root / path), None
            raise

    def obstacle(self, folder: str) -> str:
        """Return why no file can be put into ``folder``, or an empty string; missing subfolders are no reason."""
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
                return self._lost(outer)
            except OSError as error:
                return self._in_the_way(outer, error)
        return ""

    def must_be_there(self, folder: str) -> None:
        """Raise LibraryError if a folder at the top cannot be found, as when the disk it links to is not mounted.

        Files in it would otherwise look as if somebody had removed them.
        """
        try:
            with self.folder(folder):
                pass
        except FileNotFoundError as error:
            raise LibraryError(f"{self._lost(folder)}; nothing was changed") from error
        except OSError as error:
            raise LibraryError(f"{self._in_the_way(folder, error)}; nothing was changed") from error

    def _lost(self, folder: str) -> str:
        return f"{self.root / folder} is not there; mount the disk it links to, or create the folder"

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
        """Return the file system of one of the library's top-level folders."""
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
    with suppress(FileExistsError):  # just created by another process, or a broken link: opening will tell
        os.mkdir(part, dir_fd=folder)
    return os.open(part, flags, dir_fd=folder)


def _may_write(folder: int) -> bool:
    return os.access(".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=_EFFECTIVE)
