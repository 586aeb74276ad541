"""What a scan found out, in the list, the preview and the comparison."""

from __future__ import annotations

import hashlib
from pathlib import Path

from core import Library
from tests.support.app import hashed_app, running
from tests.support.model_tree import civitai, put_json, put_model
from tui.screens.compare import CompareScreen


async def test_base_models_have_a_column_once_there_are_any(models: Path, library: Library) -> None:
    put_json(models / "loras" / "ink.civitai.info", civitai("Ink", baseModel="Pony"))
    library.model_folders.scan([models])
    async with running(library, (150, 30)) as desk:
        await desk.hashed()
        assert "base" in desk.text("#list").split("\n")[0]
        assert "≠Pony" in desk.line_of(2), "its tensors are of SD 1.x"
        await desk.go_to(2)
        reason = "claims Pony, tensors show SD 1.x: review"
        await desk.wait_until(lambda: reason in " ".join(desk.screen().split()))
        await desk.press("/")
        await desk.paste("base:sdxl")
        await desk.wait_until(lambda: list(desk.list.ids) == [2])
    async with running(library, (100, 30)) as desk:
        assert "base" not in desk.text("#list").split("\n")[0], "there is no room for it"


async def test_a_file_that_is_cut_short_has_a_sign_and_words(library: Library, tmp_path: Path) -> None:
    whole = put_model(tmp_path / "models" / "loras" / "whole.safetensors").read_bytes()
    (tmp_path / "models" / "loras" / "cut.safetensors").write_bytes(whole[:-1])
    put_json(tmp_path / "models" / "loras" / "whole.metadata.json", {
        "file_name": "whole", "model_name": "Whole", "sha256": hashlib.sha256(whole).hexdigest(),
    })  # fmt: skip
    library.model_folders.scan([tmp_path / "models"])
    async with running(library, (150, 40)) as desk:
        await desk.hashed()
        assert "! cut" in desk.line_of(1)
        assert "!" not in desk.line_of(2)
        await desk.go_to(1)
        await desk.wait_for_text("! the file is cut short", "#facts")
        await desk.wait_for_text("review", "#list")
        await desk.go_to(2)
        await desk.wait_for_text("✓ a claim about its bytes holds", "#facts")
        await desk.press("/")
        await desk.paste("verdict:trunc")
        await desk.wait_until(lambda: list(desk.list.ids) == [1])


async def test_the_comparison_says_where_a_value_is_from(models: Path, library: Library) -> None:
    put_json(models / "loras" / "ink.metadata.json", {"file_name": "ink", "model_name": "Ink [b]wash"})
    library.model_folders.scan([models])
    async with running(library, (140, 40)) as desk:
        await desk.hashed()
        await desk.go_to(2)
        await desk.press("enter")
        await desk.wait_until(lambda: isinstance(desk.app.screen, CompareScreen))
        await desk.wait_for_text("title", "#fields")
        for _ in range(30):
            if "from" in desk.text("#sources"):
                break
            await desk.press("j")
        assert "from lora-manager · ink.metadata.json · civitai.info: Ink · file name: ink" in desk.text("#sources")
        assert "Ink [b]wash" in desk.text("#fields")
        await desk.press("g")
        await desk.wait_until(lambda: not desk.text("#sources").strip())


async def test_an_import_without_sources_has_no_line_for_them(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("enter")
        await desk.wait_until(lambda: isinstance(desk.app.screen, CompareScreen))
        await desk.wait_for_text("description", "#fields")
        assert not desk.app.screen.query_one("#sources").display
