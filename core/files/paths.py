"""Windows and POSIX paths as text; nothing here is opened."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def last_component(stored: str) -> str:
    """Return the last component of a path that another program stored, split at ``/`` and ``\\``."""
    return re.split(r"[\\/]", stored)[-1]


def folder_of(path: str) -> str:
    """Return the folder of a path, with ``/`` and ``\\`` as separators: it may come from another machine."""
    head = path[: len(path) - len(last_component(path))]
    return head.rstrip("\\/") or head


def map_path(path: str, path_map: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """Return ``path`` with the longest matching old root replaced by its new one, separators included.

    A root matches whole components only. Roots with a drive letter or a backslash are compared as on Windows: case and
    the kind of separator do not matter, and the rest of the path gets ``/``.
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
    # lower() could change the length of a path, and the rest is cut off by length
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in path.replace("\\", "/")) if windows else path
