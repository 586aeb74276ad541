"""The one door to files that are not ours, and the few ways in which our own are written.

Images are opened without following links; model files with (ComfyUI users link them). Both must be regular files:
they are opened without blocking and looked at through the open descriptor, so that nothing can be put in their place
between the look and the read.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from core.errors import ImageRefused, ImageUnreadable, ModelFileError

MAX_IMAGE_BYTES = 64 * 1024 * 1024
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def stamp_of_stat(found: os.stat_result) -> str:
    """Return device, inode, size, mtime and ctime (ns) as one text: what tells that a file is still the same."""
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def model_stamp(path: str) -> str | None:
    """Return the stamp of the regular file at ``path`` (links followed), ``None`` where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return stamp_of_stat(found) if path and stat.S_ISREG(found.st_mode) else None


def model_size(path: str) -> int | None:
    """Return the size in bytes of the regular file at ``path`` (links followed), ``None`` where there is none."""
    stamp = model_stamp(path)
    return None if stamp is None else int(stamp.split(":")[2])


def open_model(path: str) -> int:
    """Open a model file for reading and return its descriptor; links are followed, only regular files taken.

    Raises ModelFileError with the reason.
    """
    if not path:
        raise ModelFileError("no path is known for the model file")
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
        raise ModelFileError("the model file is empty" if empty else "the model path is no regular file")
    return descriptor


def _model_reason(error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "the model file is missing"
    if error.errno in (errno.EISDIR, errno.ENXIO):
        return "the model path is no regular file"
    return f"the model file cannot be read ({os.strerror(error.errno or 0)})"


def open_regular(path: Path | str, folder: int | None = None) -> int:
    """Open a regular file for reading, no link, and return its descriptor; ``folder`` is one to begin at.

    Raises OSError, and ValueError for what is no file name.
    """
    descriptor = os.open(path, _READ | os.O_NOFOLLOW, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.ENXIO, "no regular file", str(path))
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
        return ImageRefused("no regular file")
    return ImageUnreadable(f"it cannot be read ({os.strerror(error.errno or 0)})")


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Have an OSError of the block name the file: one that a write or a sync raises names none."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file and fsync it. The folder's entry for it is not yet on disk: see ``sync_folder``."""
    with _naming(path), open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Put a folder's entries on disk."""
    with _naming(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_folder(folder: Path | str, dir_fd: int | None = None) -> None:
    """Remove a folder with all that is in it, as far as that can be done; ``dir_fd`` is the folder it lies in."""
    try:
        shutil.rmtree(folder, ignore_errors=True, dir_fd=dir_fd)
    except OSError as error:
        # Interrupted just after it closed a descriptor, rmtree closes it again, and the error hides the interrupt.
        if error.__context__ is not None:
            raise error.__context__ from None


def last_component(stored: str) -> str:
    """Return what counts of an image name that another program stored: its last component, on ``/`` and ``\\``."""
    return re.split(r"[\\/]", stored)[-1]


def folder_of(path: str) -> str:
    """Return the folder of a path, ``/`` and ``\\`` both taken for separators: it may be one of another machine."""
    head = path[: len(path) - len(last_component(path))]
    return head.rstrip("\\/") or head


def map_path(path: str, path_map: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """Return ``path`` with the longest matching old root replaced by its new one, separators included.

    A root matches whole components only. Roots with a drive letter or a backslash are compared as Windows does:
    letter case and the kind of separator do not matter, and what follows the root gets ``/``.
    """
    pairs = path_map.items() if isinstance(path_map, Mapping) else path_map
    for old, new in sorted(pairs, key=lambda pair: -len(pair[0])):
        windows = "\\" in old or bool(_DRIVE.match(old + "/"))
        root, whole = _comparable(old, windows).rstrip("/"), _comparable(path, windows)
        if whole == root or whole.startswith(root + "/"):
            rest = path[len(root) :].replace("\\", "/") if windows else path[len(root) :]
            return (new.rstrip("/") + rest) or "/"
    return path


def _comparable(path: str, windows: bool) -> str:
    # lower() could change the length of a path, and lengths are what the rest is cut by
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in path.replace("\\", "/")) if windows else path
