"""Files that take each other's places between two scans are told apart, and their records follow them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import Library, Strategy
from core.verify import check_library
from tests.support.builders import digest, model_of, pending_of, png, tables
from tests.support.model_tree import civitai, counts, imports, put_json, put_model, scan

NOT_RECORDS = (
    "journal", "sqlite_sequence", "pulse", "file_hashes", "body_hashes", "image_generations", "image_verdicts",
    "scanned_folders",
    "scanned_files", "statements", "claims", "scanned_pictures", "scan_problems", "tags",
)  # fmt: skip


@pytest.fixture
def loras(library: Library, tmp_path: Path) -> Path:
    """Three models, scanned; those of the parameter are promoted by the test."""
    folder = tmp_path / "models" / "loras"
    for seed, name in enumerate("abc"):
        put_model(folder / f"{name}.safetensors", seed=seed)
        put_json(folder / f"{name}.civitai.info", civitai(name.upper()))
        (folder / f"{name}.png").write_bytes(png(seed))
    scan(library, folder.parent)
    return folder


def move(folder: Path, *pairs: tuple[str, str]) -> None:
    """Rename models with everything beside them."""
    for old, new in pairs:
        for path in folder.glob(f"{old}.*"):
            path.rename(folder / path.name.replace(old, new, 1))


def records(library: Library) -> object:
    return tables(library.root / "library.db", without=NOT_RECORDS)


@pytest.mark.parametrize("promoted", [False, True])
@pytest.mark.parametrize("new", ["a_v1", "0a"])
def test_a_file_is_renamed_and_another_takes_its_name(library: Library, loras: Path, promoted: bool, new: str) -> None:
    before = imports(library)["a.safetensors"]
    sha256 = digest((loras / "a.safetensors").read_bytes())
    if promoted:
        library.processor.process_single_import(before.id, Strategy.MERGE)
    (loras / "a.safetensors").rename(loras / f"{new}.safetensors")
    put_model(loras / "a.safetensors", seed=77, metadata={"modelspec.title": "another"})
    report = scan(library)
    assert [(one.old, one.new) for one in report.moved] == [
        (str(loras / "a.safetensors"), str(loras / f"{new}.safetensors"))
    ]
    assert counts(report)["new"] == 1
    if promoted:
        assert model_of(library, sha256).path == str(loras / f"{new}.safetensors")
    else:
        assert pending_of(library, before.id).path == str(loras / f"{new}.safetensors")
    assert imports(library)["a.safetensors"].id not in (before.id,)
    assert counts(scan(library)) == {"files": 4, "known": 4}


@pytest.mark.parametrize("promoted", [False, True])
def test_names_are_exchanged(library: Library, loras: Path, promoted: bool) -> None:
    pairs = (("a", "temp"), ("b", "a"), ("temp", "b"))
    old = imports(library)
    hashes = {name: digest((loras / f"{name}.safetensors").read_bytes()) for name in "ab"}
    if promoted:
        for name in "ab":
            library.processor.process_single_import(old[f"{name}.safetensors"].id, Strategy.MERGE)
    before = records(library)
    move(loras, *pairs)
    report = scan(library)
    assert len(report.moved) == 2
    assert (report.new, report.updated, report.missing, report.images) == (0, 0, 0, 0)
    for name, other in ("ab", "ba"):
        path = str(loras / f"{other}.safetensors")
        if promoted:
            assert model_of(library, hashes[name]).path == path
        else:
            found = pending_of(library, old[f"{name}.safetensors"].id)
            assert (found.path, found.name, found.meta_json["title"]) == (path, f"{other}.safetensors", name.upper())
            assert [image.sha256 for image in found.images] == [digest(png("ab".index(name)))]
    assert counts(scan(library)) == {"files": 3, "known": 3}
    assert library.undo().refused == ""
    assert records(library) == before
    assert check_library(library).ok


def test_a_chain_of_names(library: Library, loras: Path) -> None:
    ids = {name: imports(library)[f"{name}.safetensors"].id for name in "abc"}
    move(loras, ("c", "d"), ("b", "c"), ("a", "b"))
    assert len(scan(library).moved) == 3
    for name, new in ("ab", "bc", "cd"):
        found = pending_of(library, ids[name])
        assert (found.path, found.meta_json["title"]) == (str(loras / f"{new}.safetensors"), name.upper())


def test_another_file_under_a_queued_name_does_not_get_its_decision(library: Library, loras: Path) -> None:
    found = imports(library)["a.safetensors"]
    library.queue.decide([found.id], Strategy.DELETE)
    put_model(loras / "a.safetensors", seed=9, metadata={"modelspec.title": "of another size"})
    assert counts(scan(library)) == {"files": 3, "updated": 1, "known": 2}
    assert pending_of(library, found.id).decision is None


def test_pictures_whose_names_are_not_utf_8_can_be_taken_back(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    name = "caf\udce9"
    put_model(folder / f"{name}.safetensors")
    (folder / f"{name}.png").write_bytes(png(1))
    assert scan(library, folder).images == 1
    assert library.undo().refused == ""
    assert scan(library).images == 1
