"""``relink``: files of missing records are found by a map, by their stamp, or by size and hash; and taken back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from core import Library, Strategy
from tests.support.builders import OldRow, digest, old_database, pending_of, png, tables
from tests.support.cli import run
from tests.support.model_tree import civitai, counts, put_json, put_model, scan

NOT_RECORDS = ("journal", "sqlite_sequence", "pulse", "file_hashes", "body_hashes", "scanned_folders", "scanned_files")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with two models."""
    put_model(tmp_path / "old" / "a.safetensors", seed=1)
    put_model(tmp_path / "old" / "b.safetensors", seed=2)
    return tmp_path / "old"


def records(library: Library) -> object:
    return tables(library.root / "library.db", without=NOT_RECORDS)


def test_a_copy_on_another_disk_is_proven_by_its_hash(library: Library, old: Path, tmp_path: Path) -> None:
    scan(library, old)
    library.processor.process_single_import(1, Strategy.MERGE)
    library.processor.dry_run(2)
    before = records(library)
    new = tmp_path / "new"
    new.mkdir()
    for name, other in (("a", "renamed"), ("b", "b")):
        shutil.copyfile(old / f"{name}.safetensors", new / f"{other}.safetensors")
    put_model(new / "decoy.safetensors", seed=9)
    shutil.rmtree(old)
    sha256 = digest((new / "renamed.safetensors").read_bytes())
    found = run("relink", new, "--json", library=library.root).object
    assert found == {
        "relinked": [
            {"kind": "pending", "id": 2, "from": str(old / "b.safetensors"), "to": str(new / "b.safetensors")},
            {
                "kind": "model",
                "sha256": sha256,
                "from": str(old / "a.safetensors"),
                "to": str(new / "renamed.safetensors"),
            },
        ],
        "still_missing": [],
    }
    assert run("show", sha256, "--json", library=library.root).object["path"] == str(new / "renamed.safetensors")
    assert counts(scan(library, new)) == {"files": 3, "new": 1, "known": 2}, "they are known there"
    assert library.undo().refused == ""
    undone = run("undo", library=library.root).out
    assert "relink of 2 files" in undone
    assert records(library) == before or library.model_folders.forget(new)


def test_a_file_that_was_only_moved_is_known_by_its_stamp_without_being_hashed(
    library: Library, old: Path, tmp_path: Path
) -> None:
    scan(library, old)
    os.rename(old, tmp_path / "new")
    report = library.model_folders.relink([tmp_path / "new"])
    assert [one.new for one in report.relinked] == [str(tmp_path / "new" / f"{name}.safetensors") for name in "ab"]
    assert library.store.db.execute("SELECT count(*) FROM file_hashes").fetchone()[0] == 0


def test_a_file_of_that_name_and_size_that_is_another_one_is_not_taken(
    library: Library, old: Path, tmp_path: Path
) -> None:
    scan(library, old)
    library.processor.dry_run(1)
    shutil.rmtree(old)
    put_model(tmp_path / "new" / "a.safetensors", seed=7)
    put_model(tmp_path / "new" / "b.safetensors", seed=8)
    report = run("relink", tmp_path / "new", library=library.root)
    assert (report.code, report.out.splitlines()[-1]) == (0, "0 relinked, 2 still missing")
    assert pending_of(library, 1).path == str(old / "a.safetensors")


def test_a_forgotten_map_of_an_import_is_mended_after_the_fact(library: Library, old: Path, tmp_path: Path) -> None:
    rows = [OldRow(n, rf"D:\AI\models\{name}.safetensors") for n, name in ((1, "a"), (2, "b"), (3, "gone"))]
    library.import_legacy(old_database(tmp_path / "old.db", rows))
    before = records(library)
    found = run("relink", "--map", rf"d:\ai\MODELS={old}", "--json", library=library.root).object
    assert [one["to"] for one in found["relinked"]] == [str(old / "a.safetensors"), str(old / "b.safetensors")]
    assert [one["path"] for one in found["still_missing"]] == [r"D:\AI\models\gone.safetensors"]
    assert library.undo().refused == ""
    assert records(library) == before


def test_statements_follow_a_file_and_the_next_scan_sees_only_what_has_changed(
    library: Library, old: Path, tmp_path: Path
) -> None:
    put_json(old / "a.civitai.info", civitai("Ink"))
    (old / "a.png").write_bytes(png(1))
    scan(library, old)
    new = tmp_path / "new"
    shutil.copytree(old, new)
    for name in "ab":
        library.processor.dry_run(1 if name == "a" else 2)
    shutil.rmtree(old)
    assert len(library.model_folders.relink([new]).relinked) == 2
    put_json(new / "a.civitai.info", civitai("Ink II"))
    assert counts(scan(library, new)) == {"files": 2, "updated": 1, "known": 1}
    assert pending_of(library, 1).meta_json["title"] == "Ink II"


def test_where_nothing_is_missing(library: Library, old: Path) -> None:
    scan(library, old)
    assert run("relink", library=library.root).out == "0 relinked, 0 still missing\n"
    assert run("relink", old / "nowhere", library=library.root).failed(1)
