"""What people wrote in ComfyUI comes in with a scan: names, metadata, tags and previews of both schemas."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core import Library
from core.domain.statements import ClaimKind, SourceTier
from core.errors import SourceError
from core.importing.comfyui import ComfyUIDatabase
from tests.support.builders import digest, png
from tests.support.comfyui import Noted, assets_database
from tests.support.model_tree import counts, imports, promoted, put_model, scan, states

_METADATA = {
    "name": "Ink and wash",
    "base_model": "SD 1.5",
    "trained_words": ["ink", "wash"],
    "additional_tags": ["paper", "style"],
    "description": "Thin lines.",
    "user_description": "Weight 0.7 is enough.",
    "source_arn": "civitai:model:10:version:20",
    "license": "unknown to us",
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return put_model(tmp_path / "ComfyUI" / "models" / "loras" / "ink.safetensors")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "ComfyUI" / "user" / "comfyui.db"


def title_of(library: Library) -> object:
    return imports(library)["ink.safetensors"].meta_json["title"]


@pytest.mark.parametrize("split", [False, True])
def test_what_people_wrote_is_in_the_record(library: Library, model: Path, database: Path, split: bool) -> None:
    noted = Noted(model, metadata=_METADATA, tags=["style", "favourites"], hash="blake3:" + "ab" * 32)
    assets_database(database, [noted, Noted(model.with_name("gone.safetensors"), "Gone")], split=split)
    before = states(database.parent)
    report = scan(library, model.parents[1], database)
    assert counts(report) == {"files": 1, "new": 1} and not report.problems
    found = imports(library)["ink.safetensors"]
    assert title_of(library) == "Ink and wash" and sorted(found.tags) == ["favourites", "paper", "style"]
    meta = found.meta_json
    assert (meta["base_model"], meta["trained_words"]) == ("SD 1.5", ["ink", "wash"])
    assert (meta["description"], meta["notes"]) == ("Thin lines.", "Weight 0.7 is enough.")
    assert meta["ids"] == {"civitai_model": 10, "civitai_version": 20}
    assert meta["comfyui"] == {"license": "unknown to us"}
    entry = library.show(str(found.id))
    assert entry is not None
    [title] = [one for one in entry.known.sources["title"] if one.statement.source == "comfyui"]
    assert (title.file, title.statement.tier) == (str(database), SourceTier.USER)
    assert [(one.stated.claim.kind, one.stated.source) for one in entry.known.claims] == [(ClaimKind.BLAKE3, "comfyui")]
    assert states(database.parent) == before, "the database is only read"


def test_after_the_migration_the_copy_still_tells(library: Library, model: Path, database: Path) -> None:
    assets_database(database, [Noted(model)], split=True)
    assets_database(database.with_name("comfyui.db.bkp"), [Noted(model, "Rescued", tags=["kept"])])
    scan(library, model.parents[1], database)
    found = imports(library)["ink.safetensors"]
    assert (found.meta_json["title"], found.tags) == ("Rescued", ("kept",))


def test_what_stands_in_the_database_itself_outranks_the_copy(library: Library, model: Path, database: Path) -> None:
    assets_database(database, [Noted(model, "New name")], split=True)
    assets_database(database.with_name("comfyui.db.bkp"), [Noted(model, "Old name")])
    scan(library, model.parents[1], database)
    assert title_of(library) == "New name"


@pytest.mark.parametrize("change", ["size", "time"])
def test_a_record_of_another_file_at_that_path_does_not_count(
    library: Library, model: Path, database: Path, change: str
) -> None:
    assets_database(database, [Noted(model, "Of what was there", mtime_ns=7 if change == "time" else None)])
    if change == "size":
        status = model.stat()
        model.write_bytes(model.read_bytes() + b"more")
        os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))
    scan(library, model.parents[1], database)
    assert title_of(library) == "ink"


def test_folders_that_are_links_are_known_by_the_path_that_comfyui_takes(
    library: Library, tmp_path: Path, database: Path
) -> None:
    there = put_model(tmp_path / "big disk" / "ink.safetensors")
    link = tmp_path / "ComfyUI" / "models" / "loras"
    link.parent.mkdir(parents=True)
    link.symlink_to(there.parent)
    assets_database(database, [Noted(link / "ink.safetensors", "Through a link")])
    scan(library, link.parent, database)
    assert title_of(library) == "Through a link"


def test_a_change_there_comes_with_the_next_scan_and_nothing_is_read_twice(
    library: Library, model: Path, database: Path
) -> None:
    assets_database(database, [Noted(model, "First")])
    scan(library, model.parents[1], database)
    sha256 = promoted(library, "ink.safetensors")
    assert counts(scan(library)) == {"files": 1, "known": 1}
    assets_database(database, [Noted(model, "Second")])
    assert counts(scan(library, model.parents[1])) == {"files": 1, "updated": 1}, "though only the folder was named"
    assert title_of(library) == "Second"
    promoted(library, "ink.safetensors")
    assets_database(database, [Noted(model)])
    scan(library)
    entry = library.show(sha256)
    assert entry is not None and "comfyui" not in {one.statement.source for one in entry.known.sources["title"]}


def test_previews_are_read_from_the_scanned_folders_alone(library: Library, model: Path, database: Path) -> None:
    inside = model.parents[2] / "output" / "ink_01.png"
    inside.parent.mkdir()
    inside.write_bytes(png(3))
    assets_database(database, [Noted(model, preview=inside)])
    assert scan(library, model.parents[1], database).images == 0, "output was not given"
    assert scan(library, model.parents[2]).images == 1
    assert scan(library).images == 0, "it is taken once"
    assert [one.sha256 for one in imports(library)["ink.safetensors"].images] == [digest(png(3))]


def test_odd_metadata_is_named_and_the_rest_counts(library: Library, model: Path, database: Path) -> None:
    assets_database(database, [Noted(model, "Named", metadata="{no json")])
    report = scan(library, model.parents[1], database)
    assert title_of(library) == "Named"
    [problem] = report.problems
    assert problem.path == str(database) and "its metadata of ink.safetensors is no JSON" in problem.reason


def test_a_database_that_is_gone_is_named_and_the_folders_are_scanned(
    library: Library, model: Path, database: Path
) -> None:
    assets_database(database, [Noted(model, "Named")])
    scan(library, model.parents[1], database)
    database.rename(database.with_name("away.db"))
    put_model(model.with_name("new.safetensors"), seed=3)
    report = scan(library)
    assert counts(report) == {"files": 2, "new": 1, "known": 1}
    assert {"ink.safetensors", "new.safetensors"} == set(imports(library))
    assert title_of(library) == "Named", "what it said is not taken back"
    assert any(one.path == str(database) and "no file" in one.reason for one in report.problems)
    database.with_name("away.db").rename(database)
    assert counts(scan(library)) == {"files": 2, "known": 2}
    assert title_of(library) == "Named"


def test_a_table_without_a_column_is_named_and_the_models_come_in(
    library: Library, model: Path, database: Path
) -> None:
    assets_database(database, [Noted(model, "Named")])
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("ALTER TABLE asset_reference_tags RENAME COLUMN added_at TO since")
    report = scan(library, model.parents[1], database)
    assert title_of(library) == "ink"
    assert [one.path for one in report.problems] == [str(database)] and "no such column" in report.problems[0].reason


def test_metadata_of_any_size_is_bounded(library: Library, model: Path, database: Path) -> None:
    assets_database(database, [Noted(model, "Named", metadata={"description": "x" * (17 << 20)})])
    report = scan(library, model.parents[1], database)
    assert title_of(library) == "ink"
    assert [one.path for one in report.problems] == [str(database)] and "too big" in report.problems[0].reason


@pytest.mark.parametrize("split", [False, True])
def test_records_are_looked_up_by_indices(tmp_path: Path, model: Path, database: Path, split: bool) -> None:
    assets_database(database, [Noted(model, "Named", preview=model.with_name("x.png"))], split=split)
    reading = ComfyUIDatabase(str(database), tmp_path)
    try:
        assert reading._connection is not None
        for sql in (reading._schema.records, reading._schema.tags, reading._schema.preview):
            plan = [row[3].decode() for row in reading._connection.execute(f"EXPLAIN QUERY PLAN {sql}", {"key": "x"})]
            assert not [step for step in plan if step.startswith("SCAN")], plan
    finally:
        reading.close()


def _view(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            "ALTER TABLE asset_references RENAME TO hidden; CREATE VIEW asset_references AS SELECT * FROM hidden;"
        )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(b"no database"), "is not an SQLite database: give ComfyUI's comfyui.db"),
        (lambda path: path.write_bytes(b""), "is no database of ComfyUI's"),
        (lambda path: path.unlink(), "cannot be scanned (No such file"),
        (_view, "is no database of ComfyUI's"),
    ],
)
def test_what_is_no_such_database_is_refused(
    library: Library, model: Path, database: Path, spoil: object, words: str
) -> None:
    assets_database(database, [Noted(model)])
    assert callable(spoil)
    spoil(database)
    with pytest.raises(SourceError) as error:
        scan(library, model.parents[1], database)
    assert words in str(error.value)
    assert library.model_folders.remembered() == [] and not library.queue.search()


def test_a_database_alone_needs_a_folder(library: Library, model: Path, database: Path) -> None:
    assets_database(database, [Noted(model)])
    with pytest.raises(SourceError, match="give the folders of models too"):
        scan(library, database)


def test_a_database_given_later_tells_of_the_folders_that_are_remembered(
    library: Library, model: Path, database: Path
) -> None:
    scan(library, model.parents[1])
    assets_database(database, [Noted(model, "Told later")])
    assert counts(scan(library, database)) == {"files": 1, "updated": 1}
    assert title_of(library) == "Told later"
    assert not library.model_folders.relink().relinked


@pytest.mark.parametrize("split", [False, True])
def test_it_is_no_old_manager_s_database(library: Library, model: Path, database: Path, split: bool) -> None:
    assets_database(database, [Noted(model)], split=split)
    with pytest.raises(SourceError, match="is ComfyUI's database, not an old manager's: give it to scan"):
        library.import_legacy(database)
