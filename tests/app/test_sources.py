"""In the comparison, ``Enter`` turns through what all sources say of a field."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import Library, Strategy
from core.domain.enums import State
from core.errors import RowDamaged
from core.verify import check_library
from tests.app.test_manual_merge import compare, picks, settled, shown, stand_on
from tests.support.app import AppHarness, running
from tests.support.builders import model_of
from tests.support.model_tree import civitai, put_json, put_model, scan

TITLE = ("meta_json", "title")


@pytest.fixture
def models(library: Library, tmp_path: Path) -> Path:
    """A LoRA with three sources for its title, scanned."""
    folder = tmp_path / "models" / "loras"
    put_model(folder / "ink.safetensors")
    put_json(folder / "ink.civitai.info", civitai("Ink wash"))
    put_json(folder / "ink.metadata.json", {"model_name": "Ink, mine", "base_model": "SD 1.5"})
    scan(library, folder.parent)
    return folder


async def turned(desk: AppHarness, result: str, *, by_hand: bool) -> None:
    await desk.press("enter")
    await desk.wait_until(lambda: shown(desk) == (result, by_hand))


async def test_of_a_new_model(library: Library, models: Path) -> None:
    async with running(library, (140, 50)) as desk:
        await desk.wait_until(lambda: (row := desk.model.row(1)) and row.state is State.NEW)
        await compare(desk, 1)
        await stand_on(desk, *TITLE)
        await desk.wait_for_text("from lora-manager", "#sources")
        await turned(desk, "Ink wash", by_hand=True)
        assert "Ink wash" in desk.text("#fields"), "where there is no column for the result"
        await desk.wait_for_text("from civitai.info", "#sources")
        await turned(desk, "ink", by_hand=True)
        await desk.wait_for_text("from file name", "#sources")
        await turned(desk, "Ink, mine", by_hand=False)
        await turned(desk, "Ink wash", by_hand=True)
        await settled(desk)
        assert picks(desk, 1).values == ((TITLE, '"Ink wash"'),)
        await desk.press("escape")
        await desk.apply(1)
        await desk.wait_for_text("1 applied", "#status")
    [(sha256,)] = library.store.db.execute("SELECT sha256 FROM models").fetchall()
    assert model_of(library, sha256).meta_json["title"] == "Ink wash"
    assert check_library(library).ok
    assert scan(library).updated == 0, "what was chosen by hand is no news to a scan"
    library.undo()
    assert library.queue.full_decisions()[1].resolution.values == ((TITLE, '"Ink wash"'),)


async def test_of_a_conflict_with_the_library(library: Library, models: Path) -> None:
    sha256 = library.processor.process_single_import(1, Strategy.MERGE).sha256
    assert sha256 is not None
    put_json(models / "ink.metadata.json", {"model_name": "Ink, renamed", "base_model": "SD 1.5"})
    scan(library)
    async with running(library, (140, 50)) as desk:
        await desk.wait_until(lambda: (row := desk.model.row(2)) and row.state is State.CONFLICT)
        await compare(desk, 2)
        await stand_on(desk, *TITLE)
        seen = []
        for _ in range(5):
            before = shown(desk)
            await desk.press("enter")
            await desk.wait_until(lambda before=before: shown(desk) != before)  # type: ignore[misc]
            seen.append(shown(desk)[0].split("\n"))
        assert seen == [["Ink, renamed"], ["Ink, mine", "", "Ink, renamed"], ["Ink wash"], ["ink"], ["Ink, mine"]]


def test_a_damaged_value_is_named(library: Library, models: Path) -> None:
    with library.store.write() as db:
        db.execute(
            "UPDATE pending_import SET decision = 'merge', picks = ? WHERE id = 1",
            ['{"fields":[],"tags":[],"images":[],"values":[[["meta_json","title"],"{"]]}'],
        )
    with pytest.raises(RowDamaged, match="picks"):
        library.show("1")
