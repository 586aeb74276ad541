"""Folders of tiny models with files beside them, as tools leave them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import Library, Strategy
from core.domain.records import PendingImport
from core.domain.scans import ScanReport
from core.storage import pending
from tests.support.builders import png
from tests.support.model_headers import safetensors

LORA = {"lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": (2, 768)}


def civitai(title: str, **more: Any) -> dict[str, Any]:
    """Return what Civitai-Helper writes for a version of a model."""
    body = {"id": 20, "modelId": 10, "name": "v1", "baseModel": "SD 1.5", "trainedWords": ["ink", "wash"]}
    return {**body, "model": {"name": title, "type": "LORA", "tags": ["style"]}, **more}


def put_model(path: Path, *, seed: int = 0, metadata: Mapping[str, str] | None = None) -> Path:
    """Write a LoRA for SD 1.x; files of different seeds differ in their bodies alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = safetensors(LORA, metadata)
    path.write_bytes(whole[:-4] + seed.to_bytes(4, "little"))
    return path


def put_json(path: Path, value: Any) -> Path:
    """Write a JSON file, with a time of its own: two changes within one step of the clock must not look alike."""
    path.write_text(json.dumps(value))
    return path


def put_ink(root: Path) -> Path:
    """Write ``loras/ink.safetensors`` with a sidecar of Civitai-Helper and a picture; return ``root``."""
    put_model(root / "loras" / "ink.safetensors")
    put_json(root / "loras" / "ink.civitai.info", civitai("Ink"))
    (root / "loras" / "ink.png").write_bytes(png(1))
    return root


def scan(library: Library, *folders: Path, **options: Any) -> ScanReport:
    """Scan folders into a library; without any, the remembered ones."""
    return library.model_folders.scan(folders, **options)


def imports(library: Library) -> dict[str, PendingImport]:
    """Return the whole queue by the names of the model files; the last one of each name."""
    with library.store.read() as db:
        found = [pending.get(db, i) for i in library.queue.search()]
    return {os.path.basename(one.path): one for one in found if one is not None}


def promoted(library: Library, name: str) -> str:
    """Promote the import of a file, and return the model's hash."""
    outcome = library.processor.process_single_import(imports(library)[name].id, Strategy.MERGE)
    assert outcome.sha256 is not None
    return outcome.sha256


def counts(report: ScanReport) -> dict[str, int]:
    """Return the counts of a report that are not 0."""
    found = {name: getattr(report, name) for name in ("files", "new", "updated", "known", "missing", "images")}
    found["moved"] = len(report.moved)
    return {name: count for name, count in found.items() if count}


def states(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of every file in a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
