"""Scenes of scanning model folders: a first scan, one that finds changes, and the undo of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import core.importing.scan.scanner
from core import Library, Strategy
from core.errors import CuratorError
from tests.support.builders import png
from tests.support.model_tree import civitai, put_json, put_model
from tests.torture.scenarios import Scene, opening, scene, undoing, whole_batches


def _models(folder: Path) -> Path:
    """Make five models in two folders, with sidecars and pictures."""
    root = folder / "models"
    for n in range(5):
        place = root / ("loras" if n < 3 else "checkpoints")
        put_model(place / f"m{n}.safetensors", seed=n)
        put_json(place / f"m{n}.civitai.info", civitai(f"Model {n}"))
        (place / f"m{n}.png").write_bytes(png(n))
    return root


def _change(root: Path) -> None:
    """Change a sidecar of a model in the library and one of a pending import, add a picture, and move two files."""
    loras = root / "loras"
    put_json(loras / "m0.civitai.info", civitai("Another title"))
    put_json(loras / "m1.civitai.info", civitai("Model 1", trainedWords=["ink"]))
    (loras / "m1.preview.png").write_bytes(png(11))
    (loras / "m2.safetensors").rename(loras / "moved.safetensors")
    (root / "checkpoints" / "m3.safetensors").rename(root / "checkpoints" / "moved too.safetensors")


def _scanning(folder: Path) -> Callable[..., str]:
    def scan(root: Path, after_batch: Callable[[], None] = lambda: None) -> str:
        batches = patch.object(core.importing.scan.scanner, "_BATCH_FILES", 2)
        try:
            with batches, Library.open(root) as library:
                library.model_folders.scan([folder / "models"], progress=lambda _: after_batch())
        except CuratorError as error:
            return f"error: {error}"
        return "done"

    return scan


def first_scan(folder: Path) -> Scene:
    """Return the scene of a first scan in batches of two; any number of whole batches may be found."""
    _models(folder)
    opening(folder / "start")
    found = scene(folder, "scan", _scanning(folder))
    return replace(found, allowed=(found.allowed[0], *whole_batches(folder, _scanning(folder))), journals_again=True)


def second_scan(folder: Path) -> Scene:
    """Return the scene of a scan that finds changed sidecars and moved files, of pending imports and of models."""
    root = _models(folder)
    assert _scanning(folder)(folder / "start") == "done"
    with Library.open(folder / "start") as library:
        for row in list(library.queue.all()):
            if row.name in ("m0.safetensors", "m3.safetensors"):
                library.processor.process_single_import(row.id, Strategy.MERGE)
    _change(root)
    found = scene(folder, "scan again", _scanning(folder))
    return replace(found, allowed=(found.allowed[0], *whole_batches(folder, _scanning(folder))), journals_again=True)


def undo_scan(folder: Path) -> Scene:
    """Return the scene of undoing that second scan, and nothing older."""
    again = second_scan(folder)
    with Library.open(folder / "start") as library:
        older = library.history.highest()
    assert again.work(folder / "start") == "done"

    def undo(root: Path, after_each: Callable[[], None] = lambda: None) -> str:
        with Library.open(root) as library:
            newest = library.history.newest()
            if newest is None or newest.operation.number <= older:
                return "gone"
        return undoing(root, after_each)

    found = scene(folder, "undo scan", undo)
    return replace(found, allowed=(found.allowed[0], *whole_batches(folder, undo)))
