"""What a sample image was made with stands below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import Library
from core.domain.enums import State
from core.storage import tags
from tests.support.app import running
from tests.support.builders import png
from tests.support.generation import A1111, png_saying
from tests.support.model_tree import put_model
from tui.screens.viewer import ViewerScreen

LINE = "ink wash, harbour at dusk"


@pytest.fixture
def made(library: Library, tmp_path: Path) -> Library:
    """A library with one import of two pictures; the first says what it was made with."""
    folder = tmp_path / "models" / "loras"
    put_model(folder / "ink.safetensors")
    (folder / "ink.png").write_bytes(png_saying({"parameters": A1111}))
    (folder / "ink.preview.png").write_bytes(png(2))
    put_model(folder / "plain.safetensors", seed=1)
    (folder / "plain.png").write_bytes(png(3))
    library.model_folders.scan([folder.parent])
    return library


async def test_below_the_picture_in_the_preview(made: Library) -> None:
    async with running(made) as desk:
        await desk.wait_for_text(LINE, "#made")
        await desk.press("l")
        await desk.wait_until(lambda: not desk.text("#made").strip())
        await desk.press("h")
        await desk.wait_for_text(LINE, "#made")
        await desk.press("j")
        await desk.wait_until(lambda: not desk.text("#made").strip())


async def test_below_the_pictures_in_the_viewer(made: Library) -> None:
    async with running(made) as desk:
        await desk.wait_until(lambda: (row := desk.model.row(1)) and row.state is State.NEW)
        await desk.press("v")
        await desk.wait_until(lambda: isinstance(desk.app.screen, ViewerScreen))
        await desk.wait_for_text("seed 4294967295", "#ours .made")
        assert LINE in desk.text("#ours .made") and "second line" in desk.text("#ours .made")
        assert "25 steps · DPM++ 2M Karras · CFG 6.5" in desk.text("#ours .made")
        await desk.press("l")
        await desk.wait_until(lambda: not desk.text("#ours .made").strip())
        assert desk.app.screen.query_one("#ours .made").display, "so that the picture stays in its place"
        await desk.press("j")
        await desk.wait_until(lambda: not desk.app.screen.query_one("#ours .made").display)


async def test_hidden_with_a_picture_that_is_hidden(made: Library) -> None:
    with made.store.write() as db:
        tag, _ = tags.get_or_create(db, 0, "nsfw", None, None)
        db.execute("INSERT INTO pending_import_tags VALUES (1, ?)", [tag])
    async with running(made) as desk:
        await desk.wait_until(lambda: (row := desk.model.row(1)) and row.state is State.NEW)
        await desk.wait_for_text("hidden: tagged")
        assert not desk.text("#made").strip()
        await desk.press("v")
        await desk.wait_until(lambda: isinstance(desk.app.screen, ViewerScreen))
        await desk.wait_for_text("1 of 2")
        assert LINE not in desk.screen()
