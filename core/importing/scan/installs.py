"""Find installations of the tools people generate with, by what their folders hold: none of their files is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PLACES = ("~", "~/ai", "~/AI", "~/apps", "~/src", "~/git", "/workspace", "/opt", "/srv", ".")
_MOST = 200  # folders looked at in each place


@dataclass(frozen=True, slots=True)
class Install:
    """An installation: the tool's name, and the folders (or lists of folders) to scan."""

    tool: str
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Tool:
    name: str
    marks: tuple[str, ...]  # all of them are there
    roots: tuple[str, ...]  # those that are there are scanned


# The first that fits: Forge has all marks of AUTOMATIC1111.
_TOOLS = (
    _Tool("ComfyUI", ("folder_paths.py", "models/checkpoints"), ("models", "extra_model_paths.yaml")),
    _Tool("ComfyUI", ("ComfyUI/folder_paths.py",), ("ComfyUI/models", "ComfyUI/extra_model_paths.yaml")),
    _Tool("Forge", ("webui.py", "modules_forge", "models"), ("models", "embeddings")),
    _Tool("AUTOMATIC1111", ("webui.py", "models/Stable-diffusion"), ("models", "embeddings")),
    _Tool("SwarmUI", ("SwarmUI.sln", "Models"), ("Models",)),
    _Tool("SwarmUI", ("launch-linux.sh", "Models/Stable-Diffusion"), ("Models",)),
    _Tool("StabilityMatrix", ("Data/Models/StableDiffusion",), ("Data/Models",)),
    _Tool("StabilityMatrix", ("Models/StableDiffusion", "Packages"), ("Models",)),
    _Tool("InvokeAI", ("invokeai.yaml", "models"), ("models",)),
)


def find_installs() -> list[Install]:
    """Return the installations in the usual places, each once. Reads folders: call it in a thread."""
    found: dict[str, Install] = {}
    for place in _PLACES:
        for folder in _folders(os.path.expanduser(place)):
            install = install_at(folder)
            if install is not None:
                found.setdefault(os.path.realpath(install.roots[0]), install)
    return list(found.values())


def install_at(folder: Path) -> Install | None:
    """Return the installation that a folder is."""
    for tool in _TOOLS:
        if all(os.path.exists(folder / mark) for mark in tool.marks):
            roots = tuple(str(folder / root) for root in tool.roots if os.path.exists(folder / root))
            if roots:
                return Install(tool.name, roots)
    return None


def _folders(place: str) -> Iterator[Path]:
    """Yield a place and the folders in it, without hidden ones."""
    yield Path(os.path.abspath(place))
    try:
        with os.scandir(place) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    except OSError:
        return
    yield from (Path(os.path.abspath(place), name) for name in names[:_MOST])
