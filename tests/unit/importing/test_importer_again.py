"""Repeating Stage 1, missing images, and the old manager's folder, which stays unchanged."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import Library, Strategy
from core.domain.imports import ImportReport, Problem
from tests.support.builders import (
    OldRow,
    add_pending,
    digest,
    files,
    half_png,
    model_file,
    model_of,
    old_database,
    pending_of,
    png,
    snapshot,
    sources,
)

WEIGHTS = b"weights"
SHA = digest(WEIGHTS)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "old" / "images"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(png(1))
    (folder / "b.png").write_bytes(png(2))
    return folder


@pytest.fixture
def database(media: Path, tmp_path: Path) -> Path:
    """A model with two images, a pending import with two, a pending import without a file."""
    extra = {"images": ["a.png", "late.png", "b.png"], "note": "n"}
    rows = [
        OldRow(1, "/m/model", extra, hash_hex="ab" * 32, tags=(1,)),
        OldRow(2, str(model_file(tmp_path, "m", WEIGHTS)), extra, tags=(1,)),
        OldRow(3, "/m/lost", extra),
    ]
    return old_database(media.parent / "manager.sqlite3", rows, {1: "t"})


def stat_of(folder: Path) -> dict[str, tuple[int, int, int, int]]:
    found = {}
    for path in [folder, *folder.rglob("*")]:
        stat = path.lstat()
        found[str(path)] = stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino
    return found


def test_the_old_folder_stays_byte_for_byte(library: Library, database: Path, media: Path) -> None:
    folder = database.parent
    before, stats = files(folder), stat_of(folder)
    library.import_legacy(database, images_dir=media)
    library.import_legacy(database, images_dir=media)
    for number in list(library.queue.search()):
        library.processor.process_single_import(number, Strategy.DELETE)
    assert (files(folder), stat_of(folder)) == (before, stats)


def test_importing_again_adds_and_changes_nothing(library: Library, database: Path, media: Path) -> None:
    first = library.import_legacy(database, images_dir=media)
    assert (first.models, first.pending, first.tags, first.images, first.skipped) == (1, 2, 1, 6, 0)
    library.queue.decide([2], Strategy.MERGE)
    library.store.db.execute("UPDATE pending_import SET name = 'mine', meta_json = '{}' WHERE id = 3")
    library.store.db.execute("INSERT INTO tags VALUES (7, 'mine', NULL, NULL)")
    library.store.db.execute("INSERT INTO pending_import_tags VALUES (3, 7)")
    before = snapshot(library)
    again = library.import_legacy(database, images_dir=media)
    late = [Problem(row, "images", "late.png: its file is missing") for row in (1, 2, 3)]
    assert again == ImportReport(skipped=3, problems=tuple(late))
    assert snapshot(library) == before


def test_rows_are_known_by_the_real_path(library: Library, database: Path, media: Path, tmp_path: Path) -> None:
    library.import_legacy(database, images_dir=media)
    (tmp_path / "link").symlink_to(database)
    assert library.import_legacy(tmp_path / "link", images_dir=media).skipped == 3
    other = tmp_path / "copy.sqlite3"
    other.write_bytes(database.read_bytes())
    assert library.import_legacy(other).pending == 3, "another database is another source"


def test_what_was_promoted_or_deleted_does_not_come_back(library: Library, database: Path, media: Path) -> None:
    library.import_legacy(database, images_dir=media)
    library.processor.process_single_import(2)
    library.processor.process_single_import(3, Strategy.DELETE)
    (media / "late.png").write_bytes(png(3))
    before = files(library.root / "pending"), model_of(library, SHA), sources(library, SHA)
    report = library.import_legacy(database, images_dir=media)
    assert (report.models, report.pending, report.skipped, report.images) == (0, 0, 3, 1)
    assert list(library.queue.search()) == []
    assert (files(library.root / "pending"), model_of(library, SHA), sources(library, SHA)) == before


def test_images_that_were_missing_are_appended_where_the_record_lives(
    library: Library, database: Path, media: Path
) -> None:
    library.import_legacy(database, images_dir=media)
    (media / "late.png").write_bytes(png(3))
    report = library.import_legacy(database, images_dir=media)
    assert (report.images, report.problems) == (3, ())
    expected = [digest(png(n)) for n in (1, 2, 3)]
    assert sources(library, "ab" * 32) == list(enumerate(expected))
    for number in (2, 3):
        assert [image.sha256 for image in pending_of(library, number).images] == expected
        assert [image.file for image in pending_of(library, number).images] == [f"{number}_{n}.png" for n in range(3)]
    before = snapshot(library)
    assert library.import_legacy(database, images_dir=media).images == 0
    assert snapshot(library) == before


def test_every_image_that_did_not_come_is_named(library: Library, media: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png(9))
    (media / "link.png").symlink_to(tmp_path / "secret.png")
    (media / "folder.png").mkdir()
    os.mkfifo(media / "fifo.png")
    (media / "half.png").write_bytes(half_png(4))
    (media / "text.png").write_bytes(b"no image")
    names = ["../secret.png", "/media/gone.png", "link.png", "folder.png", "fifo.png", "text.png", "half.png", "a.png"]
    extra = {"images": [*names, 5, "..", "a.png"]}
    rows = [OldRow(1, "/m/a", extra, hash_hex=SHA), OldRow(2, "/m/b", extra)]
    report = library.import_legacy(old_database(media.parent / "db", rows), images_dir=media)
    told = {row: [problem.reason for problem in report.problems if problem.row == row] for row in (1, 2)}
    for reasons in told.values():
        for name in ["5", '".."', *names[:6]]:
            assert len([reason for reason in reasons if name in reason]) == 1, name
        assert not any("a.png:" in reason for reason in reasons)
    assert any("half.png" in reason for reason in told[1]), "a model takes no half image"
    assert sources(library, SHA) == [(0, digest(png(1)))]
    kept = [digest(b"no image"), digest(half_png(4)), digest(png(1))]
    assert [image.sha256 for image in pending_of(library, 2).images] == kept, "as it came, for the curator"
    assert digest(png(9)) not in files(library.root).values()
    outcome = library.processor.process_single_import(2, Strategy.DELETE)
    assert outcome.in_place


def test_a_bad_row_does_not_stop_the_others(library: Library, media: Path) -> None:
    rows = [
        OldRow(1, "/m/a", "{broken", hash_hex="not a hash", tags=(77,)),
        OldRow(2, "/m/b", size_bytes=-5),
        OldRow(3, "/m/c", {"fine": 1}),
    ]
    report = library.import_legacy(old_database(media.parent / "db", rows), images_dir=media)
    assert (report.pending, report.cancelled) == (3, False)
    fields = {(problem.row, problem.field) for problem in report.problems}
    assert {(1, "extra_json"), (1, "hash_hex"), (2, "size_bytes")} <= fields
    assert not any(row == 3 for row, _ in fields)
    assert pending_of(library, 3).meta_json == {"fine": 1}
    assert pending_of(library, 2).size_bytes == 0


def test_an_imported_image_goes_all_the_way(library: Library, database: Path, media: Path) -> None:
    library.import_legacy(database, images_dir=media)
    outcome = library.processor.process_single_import(2)
    assert outcome.images == (f"{SHA}_0.webp", f"{SHA}_1.webp")
    assert sources(library, SHA) == [(0, digest(png(1))), (1, digest(png(2)))]
    assert model_of(library, SHA).meta_json == {"note": "n"}


def test_a_full_disk_in_the_middle_leaves_whole_rows_only(library: Library, database: Path, media: Path) -> None:
    mine = add_pending(library, "/m/mine")
    library.store.db.execute(
        "CREATE TRIGGER full BEFORE INSERT ON model_images BEGIN SELECT RAISE(ABORT, 'no room left'); END"
    )
    with pytest.raises(Exception, match="no room left"):
        library.import_legacy(database, images_dir=media)
    assert (list(library.queue.search()), library.show("ab" * 32)) == ([mine], None)
    assert (files(library.root / "pending"), files(library.root / "staging")) == ({}, {})
    library.store.db.execute("DROP TRIGGER full")
    assert library.import_legacy(database, images_dir=media).models == 1


def test_another_database_in_the_place_of_one_is_not_mixed_with_it(
    library: Library, media: Path, tmp_path: Path
) -> None:
    def imported(model: str, image: str) -> ImportReport:
        rows = [
            OldRow(1, f"/{model}/hashed", {"images": [image]}, hash_hex=digest(model.encode()), name=model),
            OldRow(2, f"/{model}/pending", {"images": [image]}, name=model),
        ]
        path = tmp_path / "manager.sqlite3"
        path.unlink(missing_ok=True)
        return library.import_legacy(old_database(path, rows), images_dir=media)

    assert imported("cat", "a.png").images == 2
    before = snapshot(library)
    report = imported("dog", "b.png")
    assert snapshot(library) == before
    assert (report.skipped, report.images) == (2, 0)
    assert [(problem.row, problem.field) for problem in report.problems] == [(1, "id"), (2, "id")]
    assert "copy the database to another path" in report.problems[0].reason
    assert imported("cat", "a.png").problems == ()


@pytest.mark.parametrize(
    "change", [{"path": "/elsewhere/m"}, {"name": "renamed"}, {"created_at": 7}, {"hash_hex": "cd" * 32}]
)
def test_a_row_that_was_edited_in_the_old_manager_is_still_the_same(
    library: Library, media: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    row = OldRow(1, "/m/model", {"images": ["a.png"]})
    path = tmp_path / "manager.sqlite3"
    library.import_legacy(old_database(path, [row]), images_dir=media)
    path.unlink()
    edited = replace(row, **change, extra={"images": ["a.png", "b.png"]})
    report = library.import_legacy(old_database(path, [edited]), images_dir=media)
    assert (report.images, report.skipped, report.problems) == (1, 1, ())
