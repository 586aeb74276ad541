"""A tree of model folders for tests of scans."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.builders import png
from tests.support.model_tree import put_ink, put_model


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Two models: a LoRA with a sidecar and two pictures, and a checkpoint alone."""
    root = put_ink(tmp_path / "models")
    (root / "loras" / "ink.preview.png").write_bytes(png(2))
    put_model(root / "checkpoints" / "base.safetensors", seed=1)
    return root
