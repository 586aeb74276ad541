"""The one door to files that are not ours, and the few ways in which our own are written.

Images are opened without following links; model files with (ComfyUI users link them). Both must be regular files:
they are opened without blocking and looked at through the open descriptor, so that nothing can be put in their place
between the look and the read.
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
    """Have ``is_guarded`` know a database that this process opens through SQLite; it is never forgotten."""
    _databases.add(os.path.realpath(database))


def is_guarded(path: str) -> bool:
    """Tell whether a file is a database of this process, or the index beside it.

    To close a descriptor of such a file, even one for reading, drops the locks of all connections in this process: two
    processes would then write at once (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    for guarded in (one + suffix for one in _databases for suffix in ("", "-shm")):
        try:
            if os.path.samefile(path, guarded):
                return True
        except (OSError, ValueError):  # one of the two is not there
            continue
    return False


def stamp_of_stat(found: os.stat_result) -> str:
    """Return device, inode, size, mtime and ctime (ns) as one text: what tells that a file is still the same."""
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def fingerprint(path: str) -> str | None:
    """Return the stamp of the regular file at ``path`` (links followed), ``None`` where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return stamp_of_stat(found) if path and stat.S_ISREG(found.st_mode) else None


def model_size(path: str) -> int | None:
    """Return the size in bytes of the regular file at ``path`` (links followed), ``None`` where there is none."""
    stamp = fingerprint(path)
    return None if stamp is None else int(stamp.split(":")[2])


def open_model(path: str) -> int:
    """Open a model file for reading and return its descriptor; links are followed, only regular files taken.

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
    """Open a regular file for reading, no link, and return its descriptor; ``folder`` is one to begin at.

    Raises OSError, and ValueError for what is no file name.
    """
    descriptor = os.open(path, _READ | os.O_NOFOLLOW, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.ENXIO, "not a regular file", str(path))
    return descriptor


def read_image(folder: Path | int, name: str) -> bytes:
    """Return the bytes of the image ``name`` directly inside ``folder`` (a descriptor will do), links not followed.

    Raises ImageRefused with the reason: not there, a link, no regular file, or over 64 MiB; ImageUnreadable where the
    disk or the permissions are at fault.
    """
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise ImageRefused("not a file name")
    try:
        descriptor = open_regular(name, folder) if isinstance(folder, int) else open_regular(folder / name)
    except ValueError:  # a lone surrogate, which no file name has
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
    """Return what opening or reading an image came to: a fault of the file's, or ImageUnreadable."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return ImageRefused("its file is missing")
    if error.errno == errno.ELOOP:
        return ImageRefused("a symbolic link")
    if error.errno in (errno.ENXIO, errno.EISDIR):
        return ImageRefused("not a regular file")
    return ImageUnreadable(f"it cannot be read ({os.strerror(error.errno or 0)})")


def put_new(file: Path, target: Path) -> None:
    """Give a file another name, in place of nothing. Raises FileExistsError where that name is taken, and OSError."""
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
