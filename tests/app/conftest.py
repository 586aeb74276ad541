"""The app without a terminal: frames that no test looks at are not drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.screen import Screen

from tests.support.model_tree import put_ink, put_json


@pytest.fixture(autouse=True)
def _frames_for_nobody(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the frames that the headless driver throws away: about a third of what these tests would take.

    What a test looks at is drawn when it looks. Tests marked ``frames`` are about what is drawn of itself; those in
    ``e2e`` and ``screenshots`` draw every frame.
    """

    def update(
        self: Compositor, full: bool = False, screen_stack: list[Screen[object]] | None = None, simplify: bool = False
    ) -> None:
        visible_screen_stack.set(screen_stack or [])
        self._dirty_regions.clear()

    if not request.node.get_closest_marker("frames"):
        monkeypatch.setattr(Compositor, "render_update", update)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of models: one with notes and a picture, one with neither header nor notes that can be read."""
    root = put_ink(tmp_path / "models")
    put_json(root / "loras" / "broken.json", [])
    (root / "loras" / "broken.safetensors").write_bytes(b"\xff" * 8 + b"{}")
    return root
