"""A tree of model folders for tests of scans."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.builders import png
from tests.support.model_tree import civitai, put_json, put_model


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Two models: a LoRA with a sidecar and two pictures, and a checkpoint alone."""
    root = tmp_path / "models"
    put_model(root / "loras" / "ink.safetensors")
    put_json(root / "loras" / "ink.civitai.info", civitai("Ink"))
    (root / "loras" / "ink.png").write_bytes(png(1))
    (root / "loras" / "ink.preview.png").write_bytes(png(2))
    put_model(root / "checkpoints" / "base.safetensors", seed=1)
    return root
