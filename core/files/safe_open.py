"""Safe access to untrusted files.

Images are opened without following links, model files with following them (ComfyUI users link them). Both must be
regular files: they are opened without blocking and checked through the open descriptor, so that they cannot be replaced
between the check and the read.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from core.errors import ImageRefused, ImageUnreadable, ModelFileError

MAX_IMAGE_BYTES = 64 * 1024 * 1024
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


_databases: set[str] = set()


def guard(database: Path) -> None:
    """Register a database that this process opens through SQLite, permanently, for ``is_guarded``."""
    _databases.add(os.path.realpath(database))


def is_guarded(path: str) -> bool:
    """Return whether a file is a registered database of this process, or its ``-shm`` file.

    Closing any descriptor of such a file, even a read-only one, drops the locks of all connections in this process: two
    processes could then write at the same time (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    for guarded in (one + suffix for one in _databases for suffix in ("", "-shm")):
        try:
            if os.path.samefile(path, guarded):
                return True
        except (OSError, ValueError):  # one of the two is missing
            continue
    return False


def stamp_of_stat(found: os.stat_result) -> str:
    """Return device, inode, size, mtime and ctime (ns) as one text, which changes when the file changes."""
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def fingerprint(path: str) -> str | None:
    """Return the stamp of the regular file at ``path`` (links followed), or ``None`` if there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return stamp_of_stat(found) if path and stat.S_ISREG(found.st_mode) else None


def model_size(path: str) -> int | None:
    """Return the size in bytes of the regular file at ``path`` (links followed), or ``None`` if there is none."""
    stamp = fingerprint(path)
    return None if stamp is None else size_of_stamp(stamp)


def size_of_stamp(stamp: str) -> int:
    """Return the size in bytes that a stamp tells."""
    return int(stamp.split(":")[2])


def open_model(path: str) -> int:
    """Open a model file for reading and return its descriptor; links are followed, only regular files are accepted.

    Raises ModelFileError with the reason.
    """
    if not path:
        raise ModelFileError("no path is known for the model file")
    if is_guarded(path):
        raise ModelFileError("the model path is the library's own database")
    try:
        descriptor = os.open(path, _READ)
    except ValueError:
        raise ModelFileError("the path of the model file holds a NUL character") from None
    except OSError as error:
        raise ModelFileError(_model_reason(error)) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size == 0:
        os.close(descriptor)
        empty = stat.S_ISREG(found.st_mode)
        raise ModelFileError("the model file is empty" if empty else "the model path is not a regular file")
    return descriptor


def _model_reason(error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "the model file is missing"
    if error.errno in (errno.EISDIR, errno.ENXIO):
        return "the model path is not a regular file"
    return f"the model file cannot be read ({os.strerror(error.errno or 0)})"


def open_regular(path: Path | str, folder: int | None = None) -> int:
    """Open a regular file, not a link, for reading and return its descriptor; ``path`` is relative to ``folder``.

    Raises OSError, and ValueError for an invalid file name.
    """
    descriptor = os.open(path, _READ | os.O_NOFOLLOW, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.ENXIO, "not a regular file", str(path))
    return descriptor


def read_image(folder: Path | int, name: str) -> bytes:
    """Return the bytes of the image ``name`` directly inside ``folder``, a path or a descriptor; links not followed.

    Raises ImageRefused with the reason: missing, a link, not a regular file, or over 64 MiB; ImageUnreadable if the
    disk or the permissions are at fault.
    """
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise ImageRefused("not a file name")
    try:
        descriptor = open_regular(name, folder) if isinstance(folder, int) else open_regular(folder / name)
    except ValueError:  # a lone surrogate, which no file name can contain
        raise ImageRefused("not a file name") from None
    except OSError as error:
        raise image_error(error) from error
    with open(descriptor, "rb") as file:
        if os.fstat(descriptor).st_size > MAX_IMAGE_BYTES:
            raise ImageRefused("larger than 64 MiB")
        try:
            data = file.read(MAX_IMAGE_BYTES + 1)
        except OSError as error:
            raise image_error(error) from error
    if len(data) > MAX_IMAGE_BYTES:
        raise ImageRefused("larger than 64 MiB")
    return data


def image_error(error: OSError) -> ImageRefused:
    """Return the error for an image that cannot be opened or read: ImageUnreadable if the file is not at fault."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return ImageRefused("its file is missing")
    if error.errno == errno.ELOOP:
        return ImageRefused("a symbolic link")
    if error.errno in (errno.ENXIO, errno.EISDIR):
        return ImageRefused("not a regular file")
    return ImageUnreadable(f"it cannot be read ({os.strerror(error.errno or 0)})")


def put_new(file: Path, target: Path) -> None:
    """Rename a file without overwriting another. Raises FileExistsError if the new name is taken, and OSError."""
    try:
        os.link(file, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        os.rename(file, target)
    else:
        os.unlink(file)
