"""Scans of folders with files that cannot be read, or must not be."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from core import Library
from core.errors import SourceError
from tests.support.audit import audited_process
from tests.support.builders import digest, half_png
from tests.support.model_tree import civitai, counts, imports, put_json, put_model, scan


def test_what_cannot_be_read_is_named_each_time_and_the_rest_comes_in(library: Library, models: Path) -> None:
    loras = models / "loras"
    (loras / "ink.civitai.info").write_text('{"id": 1')
    (loras / "ink.preview.png").write_bytes(half_png(2))
    (loras / "broken.safetensors").write_bytes(b"\xff" * 8 + b"{}")
    os.mkfifo(loras / "pipe.ckpt")
    report = scan(library, models)
    assert counts(report) == {"files": 3, "new": 3, "images": 1}
    told = {os.path.basename(one.path): one.reason for one in report.problems}
    assert told.keys() == {"ink.civitai.info", "ink.preview.png", "broken.safetensors", "pipe.ckpt"}
    assert "more than the file has" in told["broken.safetensors"]
    assert imports(library)["ink.safetensors"].meta_json["title"] == "ink"
    assert scan(library).problems == report.problems
    put_json(loras / "ink.civitai.info", civitai("Ink"))
    assert {os.path.basename(one.path) for one in scan(library).problems} == told.keys() - {"ink.civitai.info"}


def test_pickles_are_never_opened_as_such(models: Path, tmp_path: Path) -> None:
    canary = tmp_path / "opened"
    pickle = b"c__builtin__\neval\n(S'open(%r, \"w\").close()'\ntR." % str(canary)
    (models / "loras" / "old.ckpt").write_bytes(pickle)
    watched = audited_process(
        "with Library.open(args[0]) as library:\n    answer = library.model_folders.scan([args[1]]).new",
        tmp_path / "library",
        models,
    )
    assert (watched.answer, watched.unpickled) == (3, [])
    assert not canary.exists()


@pytest.mark.parametrize("folder", ["nowhere", "file.safetensors", "list.yaml"])
def test_what_is_no_folder_is_refused_in_a_sentence(library: Library, tmp_path: Path, folder: str) -> None:
    (tmp_path / "file.safetensors").write_bytes(b"x")
    (tmp_path / "list.yaml").write_text("- a")
    with pytest.raises(SourceError, match="give"):
        scan(library, tmp_path / folder)
    assert library.model_folders.remembered() == []


def test_an_empty_path_is_not_the_current_folder(library: Library) -> None:
    with pytest.raises(SourceError, match="an empty path is no folder"):
        library.model_folders.scan([""])
    with pytest.raises(SourceError, match="an empty path is no folder"):
        library.model_folders.relink([""])
    assert library.model_folders.remembered() == []


def test_many_large_pictures_are_not_held_in_memory_at_once(tmp_path: Path) -> None:
    model = put_model(tmp_path / "models" / "ink.safetensors")
    for n in range(24):
        (model.parent / f"ink_{n}.bmp").write_bytes(bmp(n))
    watched = audited_process(
        "with Library.open(args[0]) as library:\n    answer = library.model_folders.scan([args[1]]).images",
        tmp_path / "library",
        model.parent,
    )
    assert watched.answer == 24
    assert watched.grown_mib < 120, "24 pictures of 9 MiB"


def bmp(seed: int) -> bytes:
    """Return a picture of 9 MiB."""
    out = io.BytesIO()
    Image.new("RGB", (2048, 1536), (seed, 0, 0)).save(out, "BMP")
    return out.getvalue()


def test_example_images_that_cannot_be_read_are_named(library: Library, models: Path, tmp_path: Path) -> None:
    sha256 = digest((models / "checkpoints" / "base.safetensors").read_bytes())
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / sha256).write_text("not a folder")
    report = scan(library, models, examples=tmp_path / "examples")
    assert [(Path(one.path).name, one.reason) for one in report.problems] == [
        (sha256, "it cannot be read (Not a directory)")
    ]
    assert report.new == 2
