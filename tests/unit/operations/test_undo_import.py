"""Undo of imports: it removes everything an import added, in whole batches only, and importing again restores it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import core.importing.importer
from core import Library, Strategy
from core.domain.enums import Action, OperationKind, Status
from core.domain.history import Imported
from core.verify import check_library
from tests.support.builders import OldRow, add_model, add_pending, journal, model_file, old_database, pending_of, png
from tests.support.builders import trash as trashed
from tests.unit.operations.test_history import state

KNOWN = "ab" * 32


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "old" / "images"
    folder.mkdir(parents=True)
    for n in range(1, 4):
        (folder / f"{n}.png").write_bytes(png(n))
    return folder


@pytest.fixture
def database(media: Path, tmp_path: Path) -> Path:
    """Five rows: a model, a conflict with it, two others with images, one that gets no id of its own."""
    weights = str(model_file(tmp_path, "m", b"weights"))
    rows = [
        OldRow(1, "/m/known", {"images": ["1.png", "2.png"]}, hash_hex=KNOWN, tags=(1,)),
        OldRow(2, "/m/again", {"images": ["3.png"]}, hash_hex=KNOWN),
        OldRow(3, weights, {"images": ["1.png", "late.png"], "note": "n"}, tags=(1, 2)),
        OldRow(4, "/m/caf\udce9".encode("utf-8", "surrogateescape").decode("latin-1")),
        OldRow(2**40, "/m/far"),
    ]
    return old_database(media.parent / "manager.sqlite3", rows, {1: "one", 2: "two"})


def without_tags(library: Library) -> tuple[dict[str, Any], dict[str, str]]:
    rows, there = state(library)
    del rows["tags"]  # those that an import added stay
    return rows, there


def test_everything_that_an_import_brought_goes_and_comes_again(
    library: Library, database: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.importing.importer, "_BATCH_ROWS", 2)
    add_model(library, "cd" * 32, "/m/mine", images=[png(9)])
    before = without_tags(library)
    report = library.import_legacy(database, images_dir=media)
    assert (report.models, report.pending, report.images) == (1, 4, 4)
    after, ids = state(library), list(library.queue.search())
    done = library.undo()
    assert done.refused == ""
    (past,) = done.undone
    assert past.imported == Imported(str(database), models=1, pending=4, images=4)
    assert (past.operation.action, past.operation.pending_id, past.name) == (Action.IMPORTED, None, "manager.sqlite3")
    assert without_tags(library) == before
    assert check_library(library).ok
    kinds = [entry["kind"] for entry in journal(library)]
    assert kinds == ["image", "import", "import", "import", "undo", "undo", "undo"], "each batch by itself"
    assert sum(len(names) for names in trashed(library).values()) == 2 * 3 + 2

    again = library.import_legacy(database, images_dir=media)
    assert again == replace(report, tags=0), "the tags stay"
    assert list(library.queue.search()) == [*ids[:-1], ids[-1] + 1], "the ids of the old rows, else new ones"
    rows, there = state(library)
    assert (there, rows["models"], rows["pending_images"]) == (after[1], after[0]["models"], after[0]["pending_images"])
    assert rows["tags"] == after[0]["tags"]


def test_an_id_that_was_taken_back_is_not_given_to_another_database(library: Library, tmp_path: Path) -> None:
    one = old_database(tmp_path / "one.db", [OldRow(1, "/m/a"), OldRow(2, "/m/b")])
    other = old_database(tmp_path / "other.db", [OldRow(1, "/m/c"), OldRow(3, "/m/d")])
    library.import_legacy(one)
    library.undo()
    library.import_legacy(other)
    assert [(i, pending_of(library, i).path) for i in library.queue.search()] == [(3, "/m/d"), (4, "/m/c")]
    library.import_legacy(one)
    assert [(i, pending_of(library, i).path) for i in list(library.queue.search())[:2]] == [(1, "/m/a"), (2, "/m/b")]


def test_images_appended_by_a_second_import_go_alone(library: Library, database: Path, media: Path) -> None:
    first = library.import_legacy(database, images_dir=media)
    assert first.problems
    library.queue.decide([3], Strategy.MERGE)
    before = without_tags(library)
    (media / "late.png").write_bytes(png(7))
    assert library.import_legacy(database, images_dir=media).images == 1
    assert library.undo().undone[0].imported == Imported(str(database), images=1)
    assert without_tags(library) == before
    assert library.import_legacy(database, images_dir=media).images == 1, "and can come again"


def test_decisions_are_no_change_and_go_with_the_import(library: Library, database: Path, media: Path) -> None:
    library.import_legacy(database, images_dir=media)
    library.queue.decide([2, 3], Strategy.MERGE)
    newest = library.history.newest()
    assert newest is not None and newest.imported is not None
    assert (newest.imported.decisions, newest.undo_blocked_by) == (2, ""), "told before"
    assert library.undo().undone[0].imported == newest.imported
    assert list(library.queue.search()) == []


def test_promotions_are_taken_back_before_the_import_they_came_from(
    library: Library, database: Path, media: Path
) -> None:
    before = without_tags(library)
    library.import_legacy(database, images_dir=media)
    assert library.processor.process_single_import(3).status is Status.SUCCESS
    report = library.undo(2)
    assert [past.operation.kind for past in report.undone] == [OperationKind.PROMOTE, OperationKind.IMPORT]
    assert without_tags(library) == before


def test_a_batch_is_refused_where_a_later_operation_stands_in_the_way(
    library: Library, database: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.importing.importer, "_BATCH_ROWS", 2)
    library.import_legacy(database, images_dir=media)
    image = media / "1.png"
    library.image_processor.promote_pending_image(image, KNOWN, 7)
    newest = library.history.newest()
    assert newest is not None
    reason = "operation 1 (import of manager.sqlite3) cannot be undone: operation 4 (image added) must be undone first"
    assert newest.undo_blocked_by == reason, "told before"
    report = library.undo(5)
    assert report.refused == reason
    (past,) = report.undone
    assert past.imported == Imported(str(database), pending=3, images=1), "what was taken back, no more"
    assert list(library.queue.search()) == [2]
    assert check_library(library).ok


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE models SET name = 'edited'",
        "UPDATE pending_import SET meta_json = '{}' WHERE id = 3",
        "INSERT INTO pending_import_tags VALUES (4, 1)",
        "DELETE FROM pending_images WHERE pending_id = 2",
        "DELETE FROM pending_import WHERE id = 4",
    ],
)
def test_what_was_changed_since_stays(library: Library, database: Path, media: Path, change: str) -> None:
    library.import_legacy(database, images_dir=media)
    library.store.db.execute(change)
    before = state(library)
    report = library.undo()
    assert (report.undone, "its models were changed since" in report.refused) == ((), True)
    assert state(library) == before


def test_an_import_that_another_one_followed_is_the_second_to_go(library: Library, tmp_path: Path) -> None:
    for name in ("a", "b"):
        library.import_legacy(old_database(tmp_path / f"{name}.db", [OldRow(5, f"/m/{name}")]))
    report = library.undo(3)
    assert [past.name for past in report.undone] == ["b.db", "a.db"]
    assert report.refused == "there is nothing to undo"


def test_it_ends_between_two_batches_and_goes_on(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.importing.importer, "_BATCH_ROWS", 2)
    library.import_legacy(old_database(tmp_path / "old.db", [OldRow(n, f"/m/{n}") for n in range(1, 8)]))
    cancel, seen = threading.Event(), list[int]()

    def progress(done: int) -> None:
        seen.append(done)
        if done == 2:
            cancel.set()

    report = library.undo(cancel=cancel, progress=progress)
    assert (report.cancelled, report.refused, seen) == (True, "", [1, 2])
    assert [past.imported for past in report.undone] == [Imported(str(tmp_path / "old.db"), pending=3)]
    assert list(library.queue.search()) == [1, 2, 3, 4]
    rest = library.undo()
    assert [past.imported for past in rest.undone] == [Imported(str(tmp_path / "old.db"), pending=4)]
    assert list(library.queue.search()) == []


def test_an_import_that_an_earlier_version_made_stays(library: Library, database: Path, media: Path) -> None:
    older = add_pending(library, model_file(media, "older", b"older"))
    library.processor.process_single_import(older)
    library.import_legacy(database, images_dir=media)
    library.store.db.execute("UPDATE journal SET before = NULL, after = NULL, action = NULL WHERE kind = 'import'")
    past, _ = library.history.operations()
    assert (past.operation.kind, past.undo_blocked_by) == (OperationKind.IMPORT, "made by an earlier version")
    assert library.undo().undone[0].operation.pending_id == older, "it does not stand in the way of what is older"
    assert library.undo().refused == "there is nothing to undo"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("after", {}),
        ("after", {"new_imports": 3}),
        ("after", {"new_imports": [{"id": "1", "row": 1, "digest": ""}]}),
        ("before", {"import": []}),
        ("before", {"import": [{"run": 3, "source": "x"}]}),
        ("before", {"import": ["x"]}),
    ],
)
def test_a_damaged_entry_is_refused_and_told(
    library: Library, database: Path, media: Path, column: str, value: Any
) -> None:
    library.import_legacy(database, images_dir=media)
    library.store.db.execute(f"UPDATE journal SET {column} = ?", [json.dumps(value)])
    before = state(library)
    assert library.history.newest() is not None
    assert "its entry in the journal is damaged" in library.undo().refused
    assert library.history.operations()
    assert state(library) == before
    library.import_legacy(old_database(media / "other.db", [OldRow(50, "/m/x")]))


def test_an_image_that_somebody_removed_does_not_stand_in_the_way(
    library: Library, database: Path, media: Path
) -> None:
    before = without_tags(library)
    library.import_legacy(database, images_dir=media)
    (library.root / "pending" / "3_0.png").unlink()
    assert library.undo().refused == ""
    assert without_tags(library) == before


def test_the_digests_cost_little_room(library: Library, tmp_path: Path) -> None:
    rows = [OldRow(n, f"/m/{n}", {"description": "x" * 5000}) for n in range(1, 201)]
    library.import_legacy(old_database(tmp_path / "old.db", rows))
    (size,) = library.store.db.execute("SELECT length(before) + length(after) FROM journal").fetchone()
    assert size < 200 * 100
