"""Undo of scans: records, files and what was known are as before, and the next scan brings the same again."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import Library, Strategy
from core.domain.history import UndoReport
from core.verify import check_library
from tests.support.builders import files, model_of, png, sources, tables
from tests.support.model_tree import civitai, counts, imports, put_ink, put_json, put_model, scan

JOURNAL = ("journal", "sqlite_sequence", "pulse", "file_hashes", "body_hashes", "image_generations", "image_verdicts")
SCANNED = ("scanned_folders", "scanned_files", "statements", "claims", "scanned_pictures", "scan_problems")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    root = put_ink(tmp_path / "models")
    put_model(root / "loras" / "other.safetensors", seed=1)
    return root


def records(library: Library) -> object:
    """Return the rows of all records and the files of the library, without what only scans look at."""
    rows = tables(library.root / "library.db", without=(*JOURNAL, *SCANNED, "tags"))
    kept = {
        path for path, found in files(library.root).items() if found != "folder" and path[:7] in ("images/", "pending")
    }
    return rows, kept


def undone(library: Library) -> UndoReport:
    report = library.undo()
    assert report.refused == ""
    assert check_library(library).ok
    return report


def test_a_first_scan(library: Library, models: Path) -> None:
    library.model_folders.scan([models], dry_run=True)
    before = records(library)
    report = scan(library, models)
    past = undone(library).undone[0]
    assert past.imported is not None
    assert (past.imported.pending, past.imported.images, past.imported.scanned) == (2, 1, 2)
    with library.store.write() as db:
        db.execute("DELETE FROM scan_roots")
    assert records(library) == before
    assert counts(scan(library, models)) == counts(report)


def test_an_import_that_was_brought_up_to_date(library: Library, models: Path) -> None:
    scan(library, models)
    before = records(library)
    put_json(models / "loras" / "ink.civitai.info", civitai("Ink II", trainedWords=["x"]))
    (models / "loras" / "ink.preview.png").write_bytes(png(2))
    report = scan(library)
    assert counts(report) == {"files": 2, "updated": 1, "known": 1, "images": 1}
    after = imports(library)["ink.safetensors"]
    past = undone(library).undone[0]
    assert past.imported is not None
    assert past.imported.updated == 1
    assert records(library) == before
    assert counts(scan(library)) == counts(report), "the change is found again"
    assert imports(library)["ink.safetensors"] == after


def test_a_conflict_with_a_change(library: Library, models: Path) -> None:
    scan(library, models)
    sha256 = library.processor.process_single_import(imports(library)["ink.safetensors"].id, Strategy.MERGE).sha256
    assert sha256 is not None
    before = records(library)
    put_json(models / "loras" / "ink.civitai.info", civitai("Ink II"))
    report = scan(library)
    assert report.updated == 1
    undone(library)
    assert records(library) == before
    assert counts(scan(library)) == counts(report)


@pytest.mark.parametrize("in_library", [False, True])
def test_a_file_that_moved(library: Library, models: Path, in_library: bool) -> None:
    scan(library, models)
    ink = imports(library)["ink.safetensors"].id
    sha256 = library.processor.process_single_import(ink, Strategy.MERGE).sha256 if in_library else None
    before = records(library)
    new = models / "loras" / "brush.safetensors"
    (models / "loras" / "ink.safetensors").rename(new)
    report = scan(library)
    assert len(report.moved) == 1
    undone(library)
    assert records(library) == before
    again = scan(library)
    assert again.moved == report.moved
    if sha256 is not None:
        assert model_of(library, sha256).path == str(new)
        assert sources(library, sha256)


def test_a_record_that_changed_since_is_in_the_way(library: Library, models: Path) -> None:
    scan(library, models)
    put_json(models / "loras" / "ink.civitai.info", civitai("Ink II"))
    scan(library)
    ink = imports(library)["ink.safetensors"].id
    library.processor.process_single_import(ink, Strategy.MERGE)
    assert library.undo().refused == ""
    with library.store.write() as db:
        db.execute("UPDATE pending_import SET meta_json = '{}' WHERE id = ?", [ink])
    before = records(library)
    assert "changed since" in library.undo().refused
    assert records(library) == before


def test_everything_back_to_the_empty_library(library: Library, models: Path) -> None:
    before = records(library)
    scan(library, models)
    put_json(models / "loras" / "ink.civitai.info", civitai("Ink II"))
    scan(library)
    for record in imports(library).values():
        library.processor.process_single_import(record.id, Strategy.MERGE)
    (models / "loras" / "ink.safetensors").rename(models / "loras" / "brush.safetensors")
    put_json(models / "loras" / "brush.civitai.info", civitai("Brush"))
    scan(library)
    assert library.undo(100).refused == "there is nothing to undo"
    with library.store.write() as db:
        db.execute("DELETE FROM scan_roots")
    assert records(library) == before
    assert check_library(library).ok
    assert scan(library, models).new == 2


@pytest.mark.parametrize(
    "damage",
    [
        "json_remove(before, '$.scanned_files[0].id')",
        "json_set(before, '$.scanned_files[0].evil', 1)",
        "json_set(before, '$.statements[0].value', json('[1]'))",
    ],
)
def test_a_damaged_entry_is_refused(library: Library, models: Path, damage: str) -> None:
    scan(library, models)
    put_json(models / "loras" / "ink.civitai.info", civitai("Ink II"))
    scan(library)
    with library.store.write() as db:
        db.execute(f"UPDATE journal SET before = {damage} WHERE n = (SELECT max(n) FROM journal)")
    before = records(library)
    assert "damaged" in library.undo().refused
    assert records(library) == before
