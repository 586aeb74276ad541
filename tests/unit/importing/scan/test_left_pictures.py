"""Which pictures a pending import keeps when its file was moved without them, or replaced by another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core import Library
from core.verify import check_library
from tests.support.builders import digest, png
from tests.support.model_tree import civitai, imports, put_json, put_model, scan


def pending_files(library: Library) -> set[str]:
    return {path.name for path in (library.root / "pending").iterdir()}


def _pictures(library: Library, name: str) -> list[str]:
    return [image.sha256 for image in imports(library)[name].images]


def test_pictures_that_a_moved_file_left_behind_are_no_longer_its_own(library: Library, models: Path) -> None:
    scan(library, models)
    assert _pictures(library, "ink.safetensors") == [digest(png(1)), digest(png(2))]
    before = pending_files(library)
    (models / "alone").mkdir()
    (models / "loras" / "ink.safetensors").rename(models / "alone" / "ink.safetensors")
    scan(library)
    assert _pictures(library, "ink.safetensors") == []
    assert pending_files(library) == set() and check_library(library, full=True).ok
    assert library.undo().refused == "", "the record, brought up to date"
    assert pending_files(library) == before
    assert _pictures(library, "ink.safetensors") == [digest(png(1)), digest(png(2))]
    assert check_library(library, full=True).ok
    for name in ("ink.png", "ink.preview.png"):
        (models / "loras" / name).rename(models / "alone" / name)
    scan(library)
    assert _pictures(library, "ink.safetensors") == [digest(png(1)), digest(png(2))], "they followed"
    assert check_library(library, full=True).ok


def test_pictures_that_come_after_the_file_are_taken_again(library: Library, models: Path) -> None:
    scan(library, models)
    (models / "alone").mkdir()
    (models / "loras" / "ink.safetensors").rename(models / "alone" / "ink.safetensors")
    scan(library)
    (models / "loras" / "ink.png").rename(models / "alone" / "ink.png")
    scan(library)
    assert _pictures(library, "ink.safetensors") == [digest(png(1))]


def test_a_picture_that_is_only_deleted_is_kept(library: Library, models: Path) -> None:
    scan(library, models)
    (models / "loras" / "ink.png").unlink()
    put_json(models / "loras" / "ink.civitai.info", civitai("Ink II"))
    scan(library)
    assert imports(library)["ink.safetensors"].meta_json["title"] == "Ink II"
    assert _pictures(library, "ink.safetensors") == [digest(png(1)), digest(png(2))]


@pytest.mark.parametrize("hashed", [False, True])
def test_another_file_under_the_name_keeps_only_what_lies_beside_it(
    library: Library, models: Path, tmp_path: Path, hashed: bool
) -> None:
    """Of another size, or of another hash where that is known, it is another file; else it may have been touched."""
    path = models / "loras" / "ink.safetensors"
    of_ink = tmp_path / "examples" / digest(path.read_bytes())
    of_ink.mkdir(parents=True)
    (of_ink / "image_0.png").write_bytes(png(7))
    library.model_folders.scan([models], examples=tmp_path / "examples")
    taken = [digest(png(n)) for n in (1, 2, 7)]
    assert _pictures(library, "ink.safetensors") == taken
    os.utime(path)
    library.model_folders.scan()
    assert _pictures(library, "ink.safetensors") == taken, "the same file, and nobody said where its examples are"
    if not hashed:
        with library.store.write() as db:
            db.execute("DELETE FROM file_hashes")
    put_model(path, seed=9)
    scan(library)
    assert _pictures(library, "ink.safetensors") == (taken[:2] if hashed else taken)
    path.write_bytes(path.read_bytes() + b"\0")
    (models / "loras" / "ink.png").unlink()
    scan(library)
    assert _pictures(library, "ink.safetensors") == taken[1:2]
    assert check_library(library, full=True).ok


def test_pictures_are_kept_while_something_cannot_be_read(library: Library, models: Path) -> None:
    scan(library, models)
    (models / "alone").mkdir()
    (models / "loras" / "ink.safetensors").rename(models / "alone" / "ink.safetensors")
    (models / "alone" / "ink.preview.png").write_bytes(b"no picture")
    scan(library)
    assert _pictures(library, "ink.safetensors") == [digest(png(1)), digest(png(2))]


def test_a_picture_that_left_the_trash_is_missed_by_undo(library: Library, models: Path) -> None:
    scan(library, models)
    (models / "alone").mkdir()
    (models / "loras" / "ink.safetensors").rename(models / "alone" / "ink.safetensors")
    scan(library)
    [thrown] = [path for path in (library.root / "trash").glob("*/*") if path.suffix == ".png"][:1]
    thrown.unlink()
    newest = library.history.newest()
    assert newest is not None and "no longer in the trash" in newest.undo_blocked_by
    assert "no longer in the trash" in library.undo().refused
    assert _pictures(library, "ink.safetensors") == []
