"""Scanning a folder of models in the app: the same dialog, which tells by itself what it was given."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from core import Library
from core.domain.enums import State
from core.domain.imports import ImportReport
from core.domain.scans import MovedFile, ScanProblem, ScanReport
from core.importing.scan.installs import Install, find_installs, install_at
from tests.support.app import AppHarness, running
from tests.support.builders import OldRow, old_database
from tests.support.comfyui import Noted, assets_database
from tests.support.import_dialog import ASKED, dialog
from tests.support.model_tree import imports, put_model
from tui.app import CuratorApp
from tui.presenters.scan_report import scan_report_lines


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, in which tools may be found."""
    monkeypatch.setattr("core.importing.scan.installs._PLACES", ("~",))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


async def test_a_folder_is_scanned_at_once_and_reported(models: Path, library: Library) -> None:
    async with dialog(library) as desk:
        await desk.paste(str(models))
        await desk.press("enter")
        await desk.wait_for_text("2  new", "#outcome")
        assert "The scan is done" in desk.screen()
        text = desk.text("#outcome")
        assert "1  problem" in text
        assert "more than the file has" in " ".join(text.split())
        report = await desk.closed_by("enter")
        assert isinstance(report, ScanReport)
        assert len(library.queue.search()) == 2


def unwrapped(desk: AppHarness) -> str:
    return "".join(desk.text("#outcome").split())


async def test_the_problems_of_a_scan_are_filtered(models: Path, library: Library) -> None:
    for name in ("one", "two"):
        put_model(models / "loras" / f"{name}.safetensors", seed=len(name))
        (models / "loras" / f"{name}.civitai.info").write_bytes(b"{no json")
    async with dialog(library) as desk:
        await desk.paste(str(models))
        await desk.press("enter")
        await desk.wait_for_text("3  problems", "#outcome")
        assert "/ filter" in desk.text("#import-keys") and "one.civitai.info" in unwrapped(desk)
        await desk.press("slash", *"Civitai", "space", *"TWO")
        await desk.wait_for_text("1 of 3  problems", "#outcome")
        assert "two.civitai.info" in unwrapped(desk) and "one.civitai.info" not in unwrapped(desk)
        await desk.press("enter")
        assert "1 of 3" in desk.text("#outcome"), "the words stay"
        await desk.press("slash", "escape")
        await desk.wait_for_text("3  problems", "#outcome")
        assert "1 of 3" not in desk.text("#outcome")
        assert isinstance(await desk.closed_by("q"), ScanReport)


async def test_a_report_without_problems_has_nothing_to_filter(library: Library, tmp_path: Path) -> None:
    put_model(tmp_path / "models" / "ink.safetensors")
    async with dialog(library) as desk:
        await desk.paste(str(tmp_path / "models"))
        await desk.press("enter")
        await desk.wait_for_text("1  new", "#outcome")
        assert "filter" not in desk.text("#import-keys")
        await desk.press("slash", "q")
        await desk.wait_until(lambda: len(desk.app.screen_stack) == 1)


async def test_the_i_key_shows_what_came_in(models: Path, library: Library, home: Path) -> None:
    async with dialog(library) as desk:
        await desk.closed_by("escape")
        await desk.press("i")
        await desk.wait_for_text(ASKED)
        await desk.paste(str(models))
        await desk.press("enter")
        await desk.wait_for_text("The scan is done")
        await desk.press("enter")
        await desk.wait_until(lambda: list(desk.list.ids) == [1, 2])
        await desk.hashed()


async def test_an_empty_line_scans_the_remembered_folders(models: Path, library: Library, home: Path) -> None:
    library.model_folders.scan([models])
    put_model(models / "loras" / "more.safetensors", seed=3)
    async with dialog(library) as desk:
        await desk.wait_for_text("⏎ scans the 1 remembered folder again", "#hint")
        await desk.press("enter")
        await desk.wait_for_text("1  new", "#outcome")


async def test_an_installed_tool_is_proposed(models: Path, library: Library, home: Path) -> None:
    comfy = home / "ComfyUI"
    shutil.copytree(models, comfy / "models")
    (comfy / "models" / "checkpoints").mkdir()
    (comfy / "folder_paths.py").touch()
    async with dialog(library) as desk:
        await desk.wait_for_text("ComfyUI was found: ⏎ scans ~/ComfyUI/models. Or type", "#hint")
        await desk.press("enter")
        await desk.wait_for_text("The scan is done")
        assert library.model_folders.remembered() == [str(comfy / "models")]


async def test_nothing_typed_and_nothing_found_is_one_sentence(library: Library, home: Path) -> None:
    async with dialog(library, (80, 24)) as desk:
        await desk.press("enter")
        await desk.wait_for_text("Name a folder of models, or an old manager's database, first.", "#trouble")
        await desk.at("source")


async def test_a_path_that_leads_nowhere_is_one_sentence_at_once(models: Path, library: Library, home: Path) -> None:
    async with dialog(library) as desk:
        await desk.paste(str(models.parent / "list.yaml"))
        await desk.press("enter")
        await desk.wait_for_text("There is no file or folder", "#trouble")
        await desk.at("source")


async def test_a_database_is_told_from_a_folder(tmp_path: Path, library: Library, home: Path) -> None:
    old = old_database(tmp_path / "old.db", [OldRow(1, "/m/a")])
    async with dialog(library) as desk:
        await desk.give(old)
        await desk.wait_for_text("The import is done")
        assert isinstance(await desk.closed_by("enter"), ImportReport)


async def test_comfyuis_database_is_told_by_its_name(
    library: Library, models: Path, tmp_path: Path, home: Path
) -> None:
    library.model_folders.scan([models])
    noted = Noted(models / "loras" / "ink.safetensors", tags=["from ComfyUI"])
    path = assets_database(tmp_path / "user" / "comfyui.db", [noted])
    async with dialog(library) as desk:
        await desk.paste(str(path))
        await desk.press("enter")
        await desk.wait_for_text("The scan is done")
    assert "from ComfyUI" in imports(library)["ink.safetensors"].tags


async def test_a_first_start_asks_for_the_folder(library: Library, models: Path, home: Path) -> None:
    app = CuratorApp(library, resume=True, first_start=True)
    async with app.run_test(size=(100, 30)) as pilot:
        desk = AppHarness(pilot, library)
        await desk.wait_for_text(ASKED)
        await desk.paste(str(models))
        await desk.press("enter")
        await desk.wait_for_text("The scan is done")
        await desk.press("enter")
        await desk.wait_until(lambda: list(desk.list.ids) == [1, 2])


async def test_esc_in_the_middle_stops_and_the_next_scan_goes_on(tmp_path: Path, library: Library, home: Path) -> None:
    root = tmp_path / "many"
    for n in range(1500):
        put_model(root / f"m{n:04}.safetensors", seed=n)
    async with dialog(library) as desk:
        await desk.paste(str(root))
        await desk.press("enter")
        await desk.wait_for_text("models,", "#running")
        await desk.press("escape")
        await desk.wait_for_text("The scan was cancelled; what was read stays")
        assert isinstance(await desk.closed_by("escape"), ScanReport)
    found = len(library.queue.search())
    report = await asyncio.to_thread(library.model_folders.scan)
    assert (report.new + found, report.known) == (1500, found)


TOOLS = [
    ("ComfyUI", ["folder_paths.py", "models/checkpoints/"], ["models"]),
    ("ComfyUI", ["ComfyUI/folder_paths.py", "ComfyUI/models/", "ComfyUI/extra_model_paths.yaml"],
     ["ComfyUI/models", "ComfyUI/extra_model_paths.yaml"]),
    ("Forge", ["webui.py", "modules_forge/", "models/Stable-diffusion/", "embeddings/"], ["models", "embeddings"]),
    ("AUTOMATIC1111", ["webui.py", "models/Stable-diffusion/"], ["models"]),
    ("SwarmUI", ["SwarmUI.sln", "Models/"], ["Models"]),
    ("StabilityMatrix", ["Data/Models/StableDiffusion/"], ["Data/Models"]),
    ("InvokeAI", ["invokeai.yaml", "models/"], ["models"]),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "marks", "roots"), TOOLS)
def test_tools_are_known_by_their_marks(home: Path, tool: str, marks: list[str], roots: list[str]) -> None:
    for mark in marks:
        path = home / "place" / mark
        path.parent.mkdir(parents=True, exist_ok=True)
        if mark.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.touch()
    expected = Install(tool, tuple(str(home / "place" / root) for root in roots))
    assert install_at(home / "place") == expected
    assert find_installs() == [expected]


def test_the_report_names_everything_and_no_text_of_it_is_markup() -> None:
    report = ScanReport(
        5, 1, 1, 1, (MovedFile(None, "/a", "/b"),), 1, ("/mnt/[b]x",), 3,
        (ScanProblem("/m/\x1b[31m" + "long/" * 40, "not JSON [/nope]"),) * 400, cancelled=True,
    )  # fmt: skip
    text = scan_report_lines(report, 60).plain
    for words in (
        "1  new",
        "1  updated",
        "1  moved",
        "1  missing",
        "3  images",
        "1  known",
        "/mnt/[b]x",
        "400  problems",
    ):
        assert words in text
    assert "\x1b" not in text
    assert "[/nope]" in text
    assert "and 100 more: model-curator scan --json prints all" in " ".join(text.split())
    assert max(map(len, text.split("\n"))) <= 80
    assert "no model file" in scan_report_lines(ScanReport(), 60).plain


async def test_missing_files_are_found_by_a_key(models: Path, library: Library) -> None:
    async with running(library, (120, 30)) as desk:
        await desk.press("R")
        await desk.wait_for_text("No folder is remembered to look in: i scans one first.")
    library.model_folders.scan([models])
    (models / "loras" / "ink.safetensors").rename(models / "moved.safetensors")
    (models / "loras" / "broken.safetensors").unlink()
    async with running(library, (120, 30)) as desk:
        await desk.wait_until(lambda: desk.row(2).state is State.MISSING)
        await desk.press("R")
        await desk.wait_for_text("1 missing file found, 1 still missing.")
        await desk.wait_until(lambda: desk.row(2).state is not State.MISSING)
        assert desk.row(2).path == str(models / "moved.safetensors")
