"""Read the sidecars of a model: bounded, never through a link, and one bad file does not stop the others."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass

from core.domain.statements import Sidecar
from core.files.safe_open import open_regular
from core.importing.sidecars.builder import MAX_BYTES, About, NotOurs
from core.importing.sidecars.formats import SidecarFormat


@dataclass(frozen=True, slots=True)
class ReadSidecar:
    """What one file says; its path, and its size in bytes where it was read."""

    path: str
    sidecar: Sidecar
    size: int = 0


def read_sidecars(folder: str, files: Iterable[tuple[str, SidecarFormat]], about: About) -> list[ReadSidecar]:
    """Return what the files say, in their order; those of another tool that are named alike are left out.

    What is wrong with a file is in its ``problems``.
    """
    found = []
    for name, one in files:
        path = os.path.join(folder, name)
        try:
            data = _bytes(path)
            found.append(ReadSidecar(path, one.read(data, about), len(data)))
        except NotOurs:
            continue
        except OSError as error:
            found.append(ReadSidecar(path, Sidecar(problems=(_reason(error),))))
        except ValueError as error:
            found.append(ReadSidecar(path, Sidecar(problems=(str(error),))))
    return found


def _bytes(path: str) -> bytes:
    with open(open_regular(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_BYTES:
            raise ValueError(f"{size} bytes; at most {MAX_BYTES >> 20} MiB are read")
        return file.read(MAX_BYTES)


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "a symbolic link"
    if error.errno in (errno.ENXIO, errno.EISDIR):
        return "not a regular file"
    return f"it cannot be read ({os.strerror(error.errno or 0)})"
