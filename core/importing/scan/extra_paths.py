"""ComfyUI's ``extra_model_paths.yaml``: model folders elsewhere, each with its type (utils/extra_config.py)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.errors import SourceError
from core.importing.scan.types import known_type
from core.text import sanitize

_MAX_BYTES = 1 << 20
_SETTINGS = ("base_path", "is_default")
_NO_MODELS = frozenset(("custom_nodes", "datasets", "configs"))


@dataclass(frozen=True, slots=True)
class ExtraFolder:
    """A folder that the file names, and the type of the models in it."""

    path: Path
    type: str


def read(path: Path) -> tuple[ExtraFolder, ...]:
    """Return the folders that a file names, each once, whether they exist or not. Raises SourceError."""
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{sanitize(path)} cannot be read ({error.strerror})") from error
    if len(data) > _MAX_BYTES:
        raise SourceError(f"{sanitize(path)} is larger than {_MAX_BYTES >> 20} MiB; it is not a list of folders")
    try:
        text = data.decode("utf-8-sig")
        if "&" in text and "*" in text:  # aliases can make gigabytes of a few lines
            raise ValueError("it has YAML aliases")
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = sanitize(str(error).splitlines()[0])
        raise SourceError(f"{sanitize(path)} is not YAML ({reason}); fix it, or scan its folders by name") from error
    if not isinstance(found, dict):
        raise SourceError(f"{sanitize(path)} names no folders; give ComfyUI's extra_model_paths.yaml")
    sections = [section for section in found.values() if isinstance(section, dict)]
    return tuple(dict.fromkeys(folder for section in sections for folder in _folders(section, path.parent)))


def _folders(section: dict[Any, Any], beside: Path) -> Iterator[ExtraFolder]:
    base_path = section.get("base_path")
    base = _expanded(beside, base_path) if isinstance(base_path, str) and base_path.strip() else beside
    for key, value in section.items():
        if not isinstance(key, str) or key in _SETTINGS or key in _NO_MODELS:
            continue
        for line in value if isinstance(value, list) else str(value or "").split("\n"):
            if isinstance(line, str) and line.strip():
                yield ExtraFolder(_expanded(base, line), known_type(key) or key)


def _expanded(base: Path, name: str) -> Path:
    """Return a path with ``~`` and variables filled in, relative ones below ``base``."""
    return Path(os.path.normpath(base.absolute() / os.path.expandvars(os.path.expanduser(name.strip()))))
