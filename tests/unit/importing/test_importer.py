"""Stage 1: how the rows of an old database are imported."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core import Library
from core.domain.imports import ImportReport, NotFound, Problem
from core.domain.records import Model, PendingImport
from core.errors import LibraryError, SourceError
from core.importing.legacy.rows import IMAGE_KEYS
from tests.support.builders import (
    OldRow,
    add_pending,
    digest,
    files,
    journal,
    locations,
    model_of,
    old_database,
    pending_of,
    png,
    snapshot,
    sources,
    tables,
)

SHA = "ab" * 32


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "old" / "images"
    folder.mkdir(parents=True)
    for n in range(6):
        (folder / f"{n}.png").write_bytes(png(n))
    return folder


def imported(library: Library, media: Path, *rows: OldRow, **options: Any) -> ImportReport:
    tag_names: Mapping[int, str] = options.pop("tag_names", {})
    database = old_database(media.parent / f"{len(os.listdir(media.parent))}.sqlite3", rows, tag_names)
    return library.import_legacy(database, images_dir=media, **options)


def test_a_row_without_a_hash_becomes_pending_whole(library: Library, media: Path) -> None:
    extra = {"description": "d", "images": ["/media/1.png", "0.png"], "odd": {"deep": [1, None]}, "n": 0}
    report = imported(
        library, media, OldRow(7, "/m/a", extra, meta_json='{"k": 1}', tags=(3, 5)), tag_names={3: "x", 5: "a"}
    )
    assert report == ImportReport(pending=1, tags=2, images=2, not_found=(NotFound("/m", 1),))
    meta = {"description": "d", "odd": {"deep": [1, None]}, "n": 0, "legacy_meta_json": {"k": 1}}
    record = pending_of(library, 7)
    expected = PendingImport(7, "/m/a", "old name", "lora", 3, 100, meta, ("a", "x"), record.images)
    assert record == expected
    assert [(i.n, i.file, i.sha256) for i in record.images] == [
        (0, "7_0.png", digest(png(1))),
        (1, "7_1.png", digest(png(0))),
    ]
    assert files(library.root / "pending") == {"7_0.png": digest(png(1)), "7_1.png": digest(png(0))}
    assert (files(library.root / "staging"), files(library.root / "trash")) == ({}, {})
    tags = tables(library.root / "library.db")["tags"]
    assert tags == [(3, "x", "#abc", 50), (5, "a", "#abc", 50)]
    (entry,) = journal(library)
    assert (entry["kind"], entry["action"], entry["open"]) == ("import", "imported", 0)
    assert entry["before"] == {"import": [{"run": entry["op"], "source": str(media.parent / "1.sqlite3")}]}
    assert [(new["id"], new["row"]) for new in entry["after"]["new_imports"]] == [(7, 7)]


def test_a_row_with_a_hash_becomes_a_model_with_tiers(library: Library, media: Path) -> None:
    row = OldRow(2, "/m/a", {"images": ["1.png", "2.png"], "a": 1}, hash_hex=SHA.upper(), tags=(1,))
    report = imported(library, media, row, tag_names={1: "t"})
    assert report == ImportReport(models=1, tags=1, images=2, not_found=(NotFound("/m", 1),))
    assert model_of(library, SHA) == Model(SHA, "/m/a", "old name", "lora", 3, 100, {"a": 1}, ("t",))
    assert sources(library, SHA) == [(0, digest(png(1))), (1, digest(png(2)))]
    assert locations(library, SHA) == ["/m/a"]
    assert (list(library.queue.search()), files(library.root / "pending")) == ([], {})


def test_a_later_row_with_the_same_hash_becomes_pending_and_overwrites_nothing(library: Library, media: Path) -> None:
    report = imported(
        library,
        media,
        OldRow(1, "/m/a", {"images": ["1.png"], "who": "first"}, hash_hex=SHA, tags=(1,)),
        OldRow(2, "/m/b", {"images": ["2.png"], "who": "second"}, hash_hex=SHA, tags=(2,)),
        tag_names={1: "one", 2: "two"},
    )
    assert (report.models, report.pending, report.images) == (1, 1, 2)
    first, second = model_of(library, SHA), pending_of(library, 2)
    assert (first.meta_json, first.tags, first.path) == ({"who": "first"}, ("one",), "/m/a")
    assert (second.meta_json, second.tags, second.claimed_sha256) == ({"who": "second"}, ("two",), SHA)
    assert sources(library, SHA) == [(0, digest(png(1)))]
    assert files(library.root / "pending") == {"2_0.png": digest(png(2))}
    third = imported(library, media, OldRow(9, "/m/c", {}, hash_hex=SHA))
    assert (third.models, third.pending) == (0, 1)
    assert model_of(library, SHA) == first


def test_image_keys_are_stripped_at_the_top_only_and_count_in_their_order(library: Library, media: Path) -> None:
    extra: dict[str, Any] = {
        "thumbnail": "3.png", "image": "C:\\old\\1.png", "nested": {"image": "stays"}, "images": ["2.png", "1.png"],
        **dict.fromkeys(IMAGE_KEYS - {"thumbnail", "image", "images"}), "IMAGE": "stays",
    }  # fmt: skip
    report = imported(library, media, OldRow(1, "/m/a", extra))
    assert report.problems == ()
    record = pending_of(library, 1)
    assert record.meta_json == {"nested": {"image": "stays"}, "IMAGE": "stays"}
    assert [image.sha256 for image in record.images] == [digest(png(n)) for n in (3, 1, 2)]


RAW = ['{"a": NaN}', '{"a": 1, "a": 2}', "[1]", "{broken", '{"a": "\\ud800"}', '{"a":' + "[" * 5000 + "]" * 5000 + "}"]


@pytest.mark.parametrize("raw", [*RAW, '{"a": ' + "9" * 400 + "}"])
def test_metadata_that_is_no_json_object_is_kept_as_text(library: Library, media: Path, raw: str) -> None:
    report = imported(library, media, OldRow(1, "/m/a", raw), OldRow(2, "/m/b", raw, hash_hex=SHA), OldRow(3, "/m/c"))
    assert pending_of(library, 1).meta_json == model_of(library, SHA).meta_json == {"legacy_raw": raw}
    assert pending_of(library, 3).meta_json == {}
    assert [(problem.row, problem.field) for problem in report.problems] == [(1, "extra_json"), (2, "extra_json")]
    for table in ("models", "pending_import"):
        for (text,) in library.store.db.execute(f"SELECT meta_json FROM {table}"):
            assert isinstance(json.loads(text), dict)


def test_ids_are_kept_where_they_were_never_given(library: Library, media: Path) -> None:
    for _ in range(3):
        add_pending(library, "/m/mine")
    rows = [OldRow(n, f"/m/{n}") for n in (-4, 0, 2, 5, 40, 2**31)]
    imported(library, media, *rows)
    paths = {row.id: row.path for row in library.queue.all() if row.path != "/m/mine"}
    assert paths == {41: "/m/-4", 42: "/m/0", 43: "/m/2", 5: "/m/5", 40: "/m/40", 44: "/m/2147483648"}
    assert add_pending(library, "/m/next") == 45


def test_an_id_whose_pending_import_is_gone_is_not_given_again(library: Library, media: Path) -> None:
    imported(library, media, OldRow(1, "/m/a"), OldRow(2, "/m/b"))
    library.processor.process_single_import(2, "delete")
    imported(library, media, OldRow(2, "/other/b"))
    assert {row.id: row.path for row in library.queue.all()} == {1: "/m/a", 3: "/other/b"}


def test_tags_are_mapped_by_name_and_keep_free_ids(library: Library, media: Path) -> None:
    mine = add_pending(library, "/m/mine", tag_names=["mine", "shared"])
    mapped = {1: "theirs", 9: "shared", 8: "free", 7: "Mine"}
    report = imported(library, media, OldRow(50, "/m/a", tags=(1, 9, 8, 7)), tag_names=mapped)
    assert report.tags == 3
    assert pending_of(library, 50).tags == ("Mine", "free", "shared", "theirs")
    assert pending_of(library, mine).tags == ("mine", "shared")
    tags = {name: number for number, name, *_ in tables(library.root / "library.db")["tags"]}
    assert (tags["mine"], tags["shared"], tags["free"], tags["Mine"]) == (1, 2, 8, 7)
    assert tags["theirs"] not in (1, 2, 7, 8)


def test_paths_of_another_machine_are_mapped(library: Library, media: Path) -> None:
    row = OldRow(1, "D:\\AI\\ComfyUI\\models\\loras\\a.st")
    model = OldRow(2, "d:\\ai\\comfyui\\models\\b.st", hash_hex=SHA)
    imported(library, media, row, model, path_map={"D:\\AI\\ComfyUI\\models": "/srv/models"})
    assert pending_of(library, 1).path == "/srv/models/loras/a.st"
    assert model_of(library, SHA).path == "/srv/models/b.st"
    assert locations(library, SHA) == ["/srv/models/b.st"]


def test_without_an_image_folder_only_metadata_comes_in(library: Library, media: Path) -> None:
    database = old_database(media.parent / "db", [OldRow(1, "/m/a", {"images": ["1.png", "/x/2.png"]})])
    report = library.import_legacy(database)
    reasons = tuple(Problem(1, "images", f"{name}: no image folder was given") for name in ("1.png", "/x/2.png"))
    assert (report.pending, report.images, report.problems) == (1, 0, reasons)
    assert pending_of(library, 1).meta_json == {}
    again = library.import_legacy(database, images_dir=media)
    assert (again.skipped, again.images, again.problems) == (1, 2, ())
    with pytest.raises(LibraryError, match="image folder"):
        library.import_legacy(database, images_dir=media / "none")


def test_what_is_no_old_database_leaves_the_library_as_it_was(library: Library, tmp_path: Path) -> None:
    before = snapshot(library)
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_bytes(b"no database" * 500)
    for name in ("missing", "empty", "text", "library"):
        with pytest.raises(SourceError):
            library.import_legacy(tmp_path / name)
    assert snapshot(library) == before


def test_cancelling_leaves_whole_rows_only_and_importing_again_goes_on(library: Library, media: Path) -> None:
    rows = [OldRow(n, f"/m/{n}", {"images": [f"{n % 6}.png"]}, tags=(1,)) for n in range(1, 151)]
    database = old_database(media.parent / "db", rows, {1: "t"})
    cancel, told = threading.Event(), []

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        cancel.set()

    report = library.import_legacy(database, images_dir=media, cancel=cancel, progress=progress)
    assert report.cancelled and 0 < report.pending < 150
    assert told == [(report.pending, 150)]
    ids = list(library.queue.search())
    assert ids == list(range(1, report.pending + 1))
    for row in library.queue.all():
        assert (row.tags, row.images) == (("t",), (f"{row.id}_0.png",))
    assert len(files(library.root / "pending")) == report.pending == report.images
    assert files(library.root / "staging") == {}
    rest = library.import_legacy(database, images_dir=media)
    assert (rest.pending, rest.skipped, rest.cancelled) == (150 - report.pending, report.pending, False)
    assert list(library.queue.search()) == list(range(1, 151))
