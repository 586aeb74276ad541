"""``scan``: model folders read into the queue from the command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.cli import run
from tests.support.comfyui import assets_database
from tests.support.model_tree import put_ink, put_model

KEYS = ["files", "new", "updated", "known", "moved", "missing", "offline", "images", "problems", "cancelled"]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return put_ink(tmp_path / "models")


def test_scan_twice_then_show(models: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    first = run("scan", models, "--json", library=library).object
    assert list(first) == KEYS
    assert (first["files"], first["new"], first["images"], first["problems"]) == (1, 1, 1, [])
    again = run("scan", "--json", library=library).object
    assert (again["files"], again["new"], again["known"]) == (1, 0, 1)
    shown = run("show", 1, "--json", library=library).object
    assert shown["locations"] == [str(models / "loras" / "ink.safetensors")]
    best, by_name = shown["sources"]["title"]
    sidecar = str(models / "loras" / "ink.civitai.info")
    assert best == {"source": "civitai.info", "tier": "tool", "file": sidecar, "value": "Ink"}
    assert (by_name["source"], by_name["value"]) == ("file name", "ink")
    assert shown["structure"]["base_model"] == "SD 1.x"
    words = run("show", 1, library=library).out
    assert "by its tensors: SD 1.x LoRA" in words
    assert "civitai.info  Ink" in words


def test_claims_are_compared_with_the_computed_hash(models: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    (models / "loras" / "ink.sha256").write_text("ab" * 32)
    run("scan", models, library=library)
    claim = {"kind": "sha256", "value": "ab" * 32, "source": "sha256", "holds": None}
    assert run("show", 1, "--json", library=library).object["claims"] == [claim]
    run("promote", 1, "--dry-run", library=library)
    assert run("promote", 1, library=library).code == 0
    sha256 = run("pending", "--json", library=library).object
    assert sha256 == {"pending": []}
    shown = run("history", "--json", library=library).object["operations"][0]
    assert run("show", shown["sha256"], "--json", library=library).object["claims"] == [{**claim, "holds": False}]
    words = run("show", shown["sha256"], library=library).out.splitlines()
    assert next(line for line in words if "ab" * 32 in line).split() == [
        "sha256",
        "sha256",
        "ab" * 32,
        "does",
        "not",
        "hold",
    ]
    assert words[-1] == "verdict: other file (a sidecar was written for another file)"


def test_a_report_for_people(models: Path, tmp_path: Path) -> None:
    (models / "loras" / "ink.json").write_text("{")
    lines = run("scan", models, library=tmp_path / "library").out.splitlines()
    assert lines[0] == "models    1  found"
    assert lines[1] == "new       1  added to the queue"
    assert lines[-1].startswith(f"  {models / 'loras' / 'ink.json'}: not JSON")


def test_a_dry_run_makes_no_library(models: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    assert run("scan", models, "--dry-run", "--json", library=library).object["new"] == 1
    assert not library.exists()
    run("scan", models, library=library)
    put_model(models / "loras" / "another.safetensors", seed=1)
    found = run("scan", "--dry-run", "--json", library=library).object
    assert (found["new"], found["known"]) == (1, 1)
    assert len(run("pending", "--json", library=library).object["pending"]) == 1


def test_forget(models: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    run("scan", models, library=library)
    assert "scanned no more" in run("scan", "--forget", models, library=library).out
    again = run("scan", "--forget", models, library=library)
    assert "not a remembered folder" in again.failed(1)
    none = run("scan", library=library)
    assert "no folder is remembered" in none.failed(2)


@pytest.mark.parametrize(
    ("given", "told", "code"),
    [
        (["nowhere"], "cannot be scanned (No such file or directory); give a folder of models", 1),
        (["file"], "is not a folder; give a folder of models or extra_model_paths.yaml", 1),
        (["list.yaml"], "names no folders", 1),
        (["comfyui.db"], "comfyui.db holds no models; give the folders of models too", 1),
        (["empty.db", "."], "is no database of ComfyUI's; give its comfyui.db", 1),
        ([".", "--examples", "nowhere"], "give Lora-Manager's folder of example images", 1),
        ([], "no folder is remembered; give the folder that holds your models", 2),
    ],
)
def test_what_cannot_be_scanned_is_told_before_a_library_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], told: str, code: int
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "list.yaml").write_text("- a")
    (tmp_path / "away").mkdir()
    (tmp_path / "empty.db").touch()
    assets_database(tmp_path / "comfyui.db", [])
    monkeypatch.chdir(tmp_path)
    failed = run("scan", *given, library=tmp_path / "library")
    assert told in failed.failed(code)
    assert not (tmp_path / "library").exists()


def test_a_root_that_is_offline_is_told(models: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    run("scan", models, library=library)
    os.rename(models, tmp_path / "unmounted")
    found = run("scan", library=library)
    assert found.code == 0
    assert f"offline  {models}  nothing under it was touched" in found.out
