"""Scanning model folders into the queue: what is new, what has changed, what moved, what is gone."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from core import Library, Strategy
from core.domain.knowledge import Knowledge
from core.domain.scans import MovedFile, ScanProgress
from core.domain.statements import Source
from tests.support.audit import audited_process
from tests.support.builders import digest, model_of, png, snapshot
from tests.support.model_tree import civitai, counts, imports, promoted, put_json, put_model, scan, states


def known(library: Library, key: str | int) -> Knowledge:
    """Return what is known about the file of a record."""
    entry = library.show(str(key))
    assert entry is not None
    return entry.known


def test_a_folder_becomes_the_queue(library: Library, models: Path) -> None:
    before = states(models)
    report = scan(library, models)
    assert counts(report) == {"files": 2, "new": 2, "images": 2}
    assert report.problems == ()
    found = imports(library)
    ink = found["ink.safetensors"]
    assert (ink.name, ink.type, ink.path) == ("ink.safetensors", "loras", str(models / "loras" / "ink.safetensors"))
    assert ink.size_bytes == (models / "loras" / "ink.safetensors").stat().st_size
    assert (ink.meta_json["title"], ink.meta_json["base_model"]) == ("Ink", "SD 1.5")
    assert (ink.meta_json["trained_words"], ink.tags) == (["ink", "wash"], ("style",))
    assert [image.sha256 for image in ink.images] == [digest(png(1)), digest(png(2))]
    assert found["base.safetensors"].type == "checkpoints"
    assert states(models) == before, "nothing beside the models is touched"


def test_every_value_keeps_its_source(library: Library, models: Path) -> None:
    put_json(
        models / "loras" / "ink.metadata.json", {"model_name": "Ink wash", "notes": "mine", "base_model": "SD 1.5"}
    )
    scan(library, models)
    of_ink = known(library, imports(library)["ink.safetensors"].id)
    titles = [(one.statement.source, one.statement.value) for one in of_ink.sources["title"]]
    assert titles == [(Source.LORA_MANAGER, "Ink wash"), (Source.CIVITAI_INFO, "Ink"), (Source.FILE_NAME, "ink")]
    assert of_ink.sources["notes"][0].file == str(models / "loras" / "ink.metadata.json")
    assert of_ink.structure is not None
    assert of_ink.structure.base_model == "SD 1.x"


def test_a_second_scan_opens_no_file_and_brings_nothing(models: Path, tmp_path: Path) -> None:
    script = """
with Library.open(args[0]) as library:
    if args[2] == "first":
        library.model_folders.scan([args[1]])
    else:
        report = library.model_folders.scan()
        answer = [report.files, report.known, report.new]
"""
    first = audited_process(script, tmp_path / "library", models, "first")
    assert "loras/ink.safetensors" in first.opened_below(models)
    again = audited_process(script, tmp_path / "library", models, "again")
    assert again.answer == [2, 2, 0]
    assert again.opened_below(models) == set()
    assert not again.unpickled


def test_a_changed_sidecar_changes_just_that_in_its_import(library: Library, models: Path) -> None:
    scan(library, models)
    before = imports(library)["ink.safetensors"]
    library.queue.decide([before.id], Strategy.MERGE)
    put_json(models / "loras" / "ink.civitai.info", civitai("Ink II", trainedWords=["ink"]))
    assert counts(scan(library)) == {"files": 2, "updated": 1, "known": 1}
    after = imports(library)["ink.safetensors"]
    assert after.id == before.id
    assert after.meta_json == {**before.meta_json, "title": "Ink II", "trained_words": ["ink"]}
    assert (after.images, after.tags) == (before.images, before.tags)
    assert after.decision is not None, "what the curator decided stays"


def test_a_changed_sidecar_of_a_model_is_a_conflict_with_just_that_change(library: Library, models: Path) -> None:
    scan(library, models)
    sha256 = promoted(library, "ink.safetensors")
    put_json(models / "loras" / "ink.civitai.info", civitai("Ink", trainedWords=["ink", "wash", "brush"]))
    (models / "loras" / "ink.example.0.png").write_bytes(png(3))
    assert counts(scan(library)) == {"files": 2, "updated": 1, "known": 1, "images": 1}
    found = imports(library)["ink.safetensors"]
    model = model_of(library, sha256)
    assert found.meta_json == {**model.meta_json, "trained_words": ["ink", "wash", "brush"]}
    assert [image.sha256 for image in found.images] == [digest(png(3))], "the others are in the library"
    outcome = library.processor.process_single_import(found.id, Strategy.OVERRIDE)
    assert outcome.status == "success"
    assert model_of(library, sha256).meta_json == found.meta_json, "even an override changes nothing else"
    assert counts(scan(library)) == {"files": 2, "known": 2}


def test_what_was_deleted_does_not_come_back_but_another_file_does(library: Library, models: Path) -> None:
    scan(library, models)
    library.processor.process_single_import(imports(library)["ink.safetensors"].id, Strategy.DELETE)
    put_json(models / "loras" / "ink.civitai.info", civitai("Ink II"))
    assert counts(scan(library)) == {"files": 2, "known": 2}
    put_model(models / "loras" / "ink.safetensors", seed=9)
    assert counts(scan(library)) == {"files": 2, "new": 1, "known": 1, "images": 2}
    assert imports(library)["ink.safetensors"].meta_json["title"] == "Ink II"


def test_a_model_whose_file_was_replaced_comes_as_a_new_import(library: Library, models: Path) -> None:
    scan(library, models)
    sha256 = promoted(library, "ink.safetensors")
    path = put_model(models / "loras" / "ink.safetensors", seed=9)
    assert counts(scan(library)) == {"files": 2, "new": 1, "known": 1, "images": 2}
    assert imports(library)["ink.safetensors"].path == str(path)
    assert model_of(library, sha256).meta_json["title"] == "Ink"


def test_a_model_whose_file_only_has_another_time_brings_nothing(library: Library, models: Path) -> None:
    scan(library, models)
    promoted(library, "ink.safetensors")
    os.utime(models / "loras" / "ink.safetensors", (1, 1))
    assert counts(scan(library)) == {"files": 2, "known": 2}


@pytest.mark.parametrize("in_library", [False, True])
def test_a_file_that_moved_is_followed(library: Library, models: Path, in_library: bool) -> None:
    scan(library, models)
    old, new = models / "loras" / "ink.safetensors", models / "loras" / "styles" / "brush.safetensors"
    before = imports(library)["ink.safetensors"]
    sha256 = promoted(library, "ink.safetensors") if in_library else None
    new.parent.mkdir()
    for path in list(old.parent.glob("ink.*")):
        path.rename(new.parent / path.name.replace("ink", "brush"))
    report = scan(library)
    assert report.moved == (MovedFile(sha256, str(old), str(new)),)
    assert (report.new, report.updated, report.known, report.missing, report.images) == (0, 0, 1, 0, 0)
    if sha256 is not None:
        model = model_of(library, sha256)
        assert model.path == str(new)
        assert set(known(library, sha256).locations) == {str(old), str(new)}
        assert "brush.safetensors" not in imports(library), "a new name alone is no conflict"
    else:
        found = imports(library)["brush.safetensors"]
        assert (found.id, found.name, found.meta_json) == (before.id, "brush.safetensors", before.meta_json)
        assert [image.sha256 for image in found.images] == [image.sha256 for image in before.images]
    assert counts(scan(library)) == {"files": 2, "known": 2}


def test_a_file_that_is_gone_is_missing_until_it_is_back(library: Library, models: Path) -> None:
    scan(library, models)
    path = models / "loras" / "ink.safetensors"
    path.rename(models.parent / "away")
    assert counts(scan(library)) == counts(scan(library)) == {"files": 1, "known": 1, "missing": 1}
    (models.parent / "away").rename(path)
    assert counts(scan(library)) == {"files": 2, "known": 2}


def test_a_folder_that_is_gone_counts_its_files_as_missing(library: Library, models: Path) -> None:
    scan(library, models)
    shutil.rmtree(models / "loras")
    assert counts(scan(library)) == {"files": 1, "known": 1, "missing": 1}


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_a_root_that_is_not_there_is_offline_and_nothing_is_missing(library: Library, models: Path, how: str) -> None:
    other = put_model(models.parent / "others" / "x.safetensors", seed=5).parent
    scan(library, models, other)
    before = snapshot(library)
    shutil.rmtree(models)
    if how == "empty":
        models.mkdir()
    report = scan(library)
    assert (report.offline, report.files, report.missing) == ((str(models),), 1, 0)
    assert snapshot(library) == before


def test_links_and_second_names_are_other_paths_of_one_record(library: Library, models: Path) -> None:
    ink = models / "loras" / "ink.safetensors"
    (models / "checkpoints" / "link.safetensors").symlink_to(ink)
    os.link(ink, models / "loras" / "same.safetensors")
    (models / "again").symlink_to(models / "loras")
    assert counts(scan(library, models))["new"] == 2
    locations = known(library, imports(library)["ink.safetensors"].id).locations
    assert locations[0] == str(ink)
    assert {os.path.relpath(path, models) for path in locations[1:]} == {
        "again/ink.safetensors",
        "checkpoints/link.safetensors",
        "loras/same.safetensors",
    }


def test_roots_are_remembered_and_forgotten(library: Library, models: Path, tmp_path: Path) -> None:
    list_of_folders = tmp_path / "extra_model_paths.yaml"
    list_of_folders.write_text(f"comfyui:\n  base_path: {models}\n  vae: loras\n  clip: nowhere\n")
    report = scan(library, list_of_folders)
    assert counts(report) == {"files": 1, "new": 1, "images": 2}
    assert imports(library)["ink.safetensors"].type == "vae", "the list tells the type"
    assert [one.path for one in report.problems] == [str(list_of_folders)]
    assert library.model_folders.remembered() == [str(list_of_folders)]
    assert library.model_folders.forget(list_of_folders)
    assert not library.model_folders.forget(list_of_folders)
    assert counts(scan(library)) == {}
    assert counts(scan(library, models)) == {"files": 2, "new": 1, "known": 1}


def test_a_dry_run_tells_of_a_moved_file_once(library: Library, models: Path) -> None:
    scan(library, models)
    (models / "loras" / "ink.safetensors").rename(models / "loras" / "tusche.safetensors")
    (models / "checkpoints" / "base.safetensors").unlink()
    foreseen = scan(library, models, dry_run=True)
    assert (len(foreseen.moved), foreseen.missing) == (1, 1)
    assert counts(foreseen) == counts(scan(library, models))


def test_a_dry_run_writes_nothing_and_tells_the_same(library: Library, models: Path) -> None:
    before = snapshot(library)
    foreseen = scan(library, models, dry_run=True)
    assert snapshot(library) == before
    assert library.model_folders.remembered() == []
    assert foreseen == scan(library, models)


def test_a_cancelled_scan_is_completed_by_the_next(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "models"
    for n in range(450):
        put_model(root / "loras" / f"m{n:03}.safetensors", seed=n)
    cancel = threading.Event()

    def stop(progress: ScanProgress) -> None:
        if progress.done >= 200:
            cancel.set()

    report = scan(library, root, cancel=cancel, progress=stop)
    assert report.cancelled
    assert (report.new, report.missing) == (200, 0)
    assert counts(scan(library)) == {"files": 450, "new": 250, "known": 200}
    assert len(imports(library)) == 450


def test_two_scans_at_once_take_each_file_once(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "models"
    for n in range(300):
        put_model(root / "loras" / f"m{n:03}.safetensors", seed=n)
        (root / "loras" / f"m{n:03}.png").write_bytes(png(n % 7))
    threads = [threading.Thread(target=scan, args=(library, root)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(library.queue.search()) == 300
    assert all(len(one.images) == 1 for one in imports(library).values())
    assert counts(scan(library)) == {"files": 300, "known": 300}


def test_example_images_are_found_by_the_proven_hash(library: Library, models: Path, tmp_path: Path) -> None:
    sha256 = digest((models / "checkpoints" / "base.safetensors").read_bytes())
    folder = tmp_path / "examples" / sha256.upper()
    folder.mkdir(parents=True)
    for name, seed in (("image_10.png", 11), ("image_2.png", 12), ("custom_ab.png", 13), ("other.png", 14)):
        (folder / name).write_bytes(png(seed))
    scan(library, models)
    assert imports(library)["base.safetensors"].images == ()
    library.processor.plan(imports(library)["base.safetensors"].id)  # hashes it
    assert scan(library, models, examples=tmp_path / "examples").images == 3
    found = imports(library)["base.safetensors"].images
    assert [image.sha256 for image in found] == [digest(png(seed)) for seed in (12, 11, 13)]
    assert scan(library, models, examples=tmp_path / "examples").images == 0
