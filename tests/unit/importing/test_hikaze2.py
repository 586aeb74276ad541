"""The database of Hikaze Model Manager 2 is imported as it is: models, pending imports, tags and images."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from core import Library, Strategy
from core.domain.enums import State
from tests.support.builders import digest, files, model_of, pending_of, png, snapshot, sources
from tests.support.hikaze2 import OTHER, SHA, hikaze_database


def test_models_go_to_the_library_and_pending_imports_keep_their_ids(library: Library, tmp_path: Path) -> None:
    database = hikaze_database(tmp_path / "hikaze")
    before = files(tmp_path / "hikaze")
    report = library.import_legacy(database, images_dir=tmp_path / "hikaze" / "images", path_map={"/m": "/models"})
    assert (report.models, report.pending, report.images, report.problems) == (2, 2, 6, ())
    assert files(tmp_path / "hikaze") == before, "it is only read"
    a, b = model_of(library, SHA), model_of(library, OTHER)
    assert (a.path, a.name, a.type, a.created_at, a.tags) == (
        "/models/a.safetensors", "A", "loras", 1700000000000, ("ink",),
    )  # fmt: skip
    assert a.meta_json == {"description": "of A", "image_count": 2}
    assert (b.name, b.tags, b.meta_json) == ("B", ("wash",), {})
    assert sources(library, SHA) == [(n, digest(png(seed))) for n, seed in enumerate((0, 1, 10))]
    assert sources(library, OTHER) == [(0, digest(png(5)))], "the largest tier there is"
    c, copy = pending_of(library, 12), pending_of(library, 40)
    assert (c.name, c.tags, c.meta_json) == ("C", ("wash",), {"k": 1})
    assert [image.sha256 for image in c.images] == [digest(png(20))]
    assert (copy.name, copy.claimed_sha256, copy.tags, copy.meta_json) == ("A copy", SHA, ("ink",), {})
    assert [image.sha256 for image in copy.images] == [digest(png(21))]


def test_importing_again_adds_nothing_and_undo_takes_all_of_it_back(library: Library, tmp_path: Path) -> None:
    database = hikaze_database(tmp_path / "hikaze")
    before = snapshot(library)
    library.import_legacy(database, images_dir=tmp_path / "hikaze" / "images")
    once = snapshot(library)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM models WHERE sha256 = ?", [SHA])  # the others get other rowids
        connection.execute("INSERT INTO models VALUES (?, '/m/n', 'N', 'vae', 1, 1, NULL)", [digest(b"new")])
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("VACUUM")
    report = library.import_legacy(database, images_dir=tmp_path / "hikaze" / "images")
    assert (report.models, report.pending, report.images, report.skipped) == (1, 0, 0, 3)
    library.undo()
    assert snapshot(library)[0]["models"] == once[0]["models"]
    library.undo()
    assert snapshot(library)[0]["models"] == before[0]["models"] == []


def test_a_pending_import_is_promoted_by_its_id(library: Library, tmp_path: Path) -> None:
    database = hikaze_database(tmp_path / "hikaze")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a copy.safetensors").write_bytes(b"a model of Hikaze")
    library.import_legacy(database, images_dir=tmp_path / "hikaze" / "images", path_map={"/m": str(tmp_path / "m")})
    library.queue.hash_ahead(list, threading.Event(), lambda _: None)
    [row] = library.queue.rows([40])
    assert row.state is State.CONFLICT
    outcome = library.processor.process_single_import(40, Strategy.MERGE)
    assert outcome.sha256 == SHA
    assert len(sources(library, SHA)) == 4


def test_images_are_not_looked_for_behind_a_link(library: Library, tmp_path: Path) -> None:
    database = hikaze_database(tmp_path / "hikaze")
    shutil.move(tmp_path / "hikaze" / "images" / "pending", tmp_path / "elsewhere")
    (tmp_path / "hikaze" / "images" / "pending").symlink_to(tmp_path / "elsewhere")
    report = library.import_legacy(database, images_dir=tmp_path / "hikaze" / "images")
    assert report.images == 4
    assert sorted((problem.row, problem.reason) for problem in report.problems) == [
        (12, "12.png: pending is a link or a file, not a folder"),
        (40, "40: pending is a link or a file, not a folder"),
    ]


def test_what_is_damaged_is_named_and_the_rest_comes_in(library: Library, tmp_path: Path) -> None:
    database = hikaze_database(tmp_path / "hikaze")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE models SET meta_json = '[1' WHERE sha256 = ?", [SHA])
        connection.execute("INSERT INTO models VALUES ('no hash', '/m/x', 'X', 'vae', 1, 1, NULL)")
        connection.execute("INSERT INTO models VALUES (CAST(x'ff' AS TEXT), '/m/y', 'Y', 'vae', 1, 1, NULL)")
        connection.execute("INSERT INTO model_tags VALUES (CAST(x'ff' AS TEXT), 1)")
        connection.execute("DROP TABLE pending_model_tags")
    (tmp_path / "hikaze" / "images" / f"{SHA}_1_high.webp").write_bytes(b"no image")
    report = library.import_legacy(database, images_dir=tmp_path / "hikaze" / "images")
    assert (report.models, report.pending, report.images) == (2, 4, 5)
    fields = {problem.field: problem.reason for problem in reversed(report.problems)}
    assert "kept as text under legacy_raw" in fields[f"extra_json of model {SHA[:12]}"]
    assert fields[f"images of model {SHA[:12]}"].startswith(f"{SHA}_1_high.webp: ")
    assert fields["hash_hex"] == "not 64 hex digits: no hash"
    assert "no tags are imported" in fields["pending_model_tags"]
    assert model_of(library, SHA).meta_json == {"legacy_raw": "[1"}


def test_a_folder_of_pending_images_that_cannot_be_read_is_named(library: Library, tmp_path: Path) -> None:
    database = hikaze_database(tmp_path / "hikaze")
    shutil.rmtree(tmp_path / "hikaze" / "images" / "pending")
    (tmp_path / "hikaze" / "images" / "pending").write_bytes(b"a file")
    report = library.import_legacy(database, images_dir=tmp_path / "hikaze" / "images")
    assert (report.models, report.pending, report.images) == (2, 2, 4)
    assert any("pending cannot be read (Not a directory)" in problem.reason for problem in report.problems)
