"""Undo restores everything, newest first, completely or not at all; and the history."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from core import Library, Strategy
from core.domain.decision import Decision
from core.domain.enums import Action, OperationKind, Status
from core.files.library_files import LibraryFiles
from core.sample.library import sample_library
from tests.support.builders import (
    add_model,
    add_pending,
    digest,
    files,
    model_file,
    model_of,
    pending_of,
    png,
    snapshot,
    tables,
)
from tests.support.builders import trash as trashed

MEMORY = ("file_hashes", "body_hashes", "image_generations", "image_verdicts", "journal", "pulse", "sqlite_sequence")


def state(library: Library) -> tuple[dict[str, Any], dict[str, str]]:
    """Rows and files without what an undo leaves on purpose: the journal's lines, and the trash."""
    rows = tables(library.root / "library.db", without=MEMORY)
    there = {
        path: data
        for path, data in files(library.root).items()
        # An empty folder of a model that is gone is no loss.
        if not path.startswith("trash") and not (path.startswith("images/") and data == "folder")
    }
    return rows, there


def conflict(library: Library, tmp_path: Path) -> tuple[int, str]:
    """A model with two images, and a pending import of the same file with two of which one is the same."""
    path = model_file(tmp_path, "x.safetensors")
    add_model(library, digest(b"weights"), path, meta={"a": 1, "list": [1]}, tag_names=["t1"], images=[png(1), png(2)])
    meta = {"a": 2, "b": 3, "list": [2]}
    pending_id = add_pending(library, path, meta=meta, tag_names=["t1", "t2"], images=[png(2), png(3)])
    return pending_id, digest(b"weights")


@pytest.mark.parametrize("strategy", [Strategy.MERGE, Strategy.OVERRIDE, Strategy.DELETE])
def test_undo_brings_everything_back(library: Library, tmp_path: Path, strategy: Strategy) -> None:
    pending_id, sha256 = conflict(library, tmp_path)
    library.queue.decide([pending_id], strategy)
    before = state(library)
    done = library.processor.process_single_import(pending_id, strategy)
    assert done.status is Status.SUCCESS
    assert state(library) != before
    report = library.undo()
    assert report.refused == ""
    assert [(past.operation.pending_id, past.operation.action) for past in report.undone] == [
        (pending_id, done.action_taken)
    ]
    assert state(library) == before
    assert pending_of(library, pending_id).decision == Decision(strategy)
    assert library.queue.rows([pending_id])[0].sha256 == (None if strategy is Strategy.DELETE else sha256)


def test_undoing_an_insert_takes_the_model_out_again(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "x.safetensors")
    pending_id = add_pending(library, path, tag_names=["t"], images=[png(1), png(2)], meta={"k": [1, {"a": None}]})
    before = state(library)
    library.processor.process_single_import(pending_id)
    library.undo()
    assert state(library) == before
    assert library.show(digest(b"weights")) is None


def test_names_that_are_not_utf8_come_back_byte_for_byte(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "caf\udce9\n-x.safetensors")
    pending_id = add_pending(library, path)
    before = state(library)
    assert library.processor.process_single_import(pending_id).status is Status.SUCCESS
    assert library.undo().refused == ""
    assert state(library) == before
    assert pending_of(library, pending_id).path == str(path)


@pytest.mark.parametrize("seed", range(3))
def test_undoing_everything_gives_the_first_state_back(tmp_path: Path, seed: int) -> None:
    strategies = [Strategy.MERGE, Strategy.OVERRIDE, Strategy.DELETE]
    with sample_library(tmp_path) as library:
        before = state(library)
        ids = list(library.queue.search())
        turns = itertools.islice(itertools.cycle(strategies), seed, seed + len(ids))
        done = [library.processor.process_single_import(i, s) for i, s in zip(ids, turns, strict=True)]
        count = sum(outcome.status is Status.SUCCESS for outcome in done)
        assert count >= len(ids) - 1
    with Library.open(tmp_path / "library") as library:  # across restarts
        report = library.undo(count)
        assert (len(report.undone), report.refused) == (count, "")
        numbers = [past.operation.number for past in report.undone]
        assert numbers == sorted(numbers, reverse=True)
        assert state(library) == before
        assert library.undo().undone[0].operation.action is Action.IMPORTED, "the sample came by an import"
        assert library.undo().refused == "there is nothing to undo"


def test_an_undo_is_not_counted_and_cannot_be_redone(library: Library, tmp_path: Path) -> None:
    first = add_pending(library, model_file(tmp_path, "a", b"a"))
    second = add_pending(library, model_file(tmp_path, "b", b"b"))
    for pending_id in (first, second):
        library.processor.process_single_import(pending_id)
    assert library.undo().undone[0].operation.pending_id == second
    assert library.undo().undone[0].operation.pending_id == first
    assert library.undo().undone == ()
    kinds = [past.operation.kind for past in library.history.operations()]
    assert kinds == [OperationKind.UNDO, OperationKind.UNDO, OperationKind.PROMOTE, OperationKind.PROMOTE]
    assert library.history.newest() is None


def test_what_was_undone_can_be_promoted_again(library: Library, tmp_path: Path) -> None:
    pending_id, sha256 = conflict(library, tmp_path)
    library.processor.process_single_import(pending_id, Strategy.OVERRIDE)
    once = state(library)
    library.undo()
    assert library.processor.process_single_import(pending_id, Strategy.OVERRIDE).status is Status.SUCCESS
    assert state(library) == once
    assert library.undo().refused == ""
    assert model_of(library, sha256).meta_json == {"a": 1, "list": [1]}


def test_a_model_that_changed_since_is_refused_whole(library: Library, tmp_path: Path) -> None:
    pending_id, sha256 = conflict(library, tmp_path)
    library.processor.process_single_import(pending_id, Strategy.MERGE)
    image = tmp_path / "later.png"
    image.write_bytes(png(9))
    library.image_processor.promote_pending_image(image, sha256, 7)
    before = snapshot(library)
    report = library.undo(5)
    assert report.undone == ()
    assert "its model was changed since" in report.refused
    assert snapshot(library) == before


@pytest.mark.parametrize("strategy", [Strategy.OVERRIDE, Strategy.DELETE])
def test_files_that_left_the_trash_are_missed(library: Library, tmp_path: Path, strategy: Strategy) -> None:
    pending_id, _ = conflict(library, tmp_path)
    library.processor.process_single_import(pending_id, strategy)
    for folder in (library.root / "trash").iterdir():
        shutil.rmtree(folder)
    before = snapshot(library)
    report = library.undo()
    assert "its files are no longer in the trash" in report.refused
    assert snapshot(library) == before
    assert library.history.operations()[0].undo_blocked_by == "its files are no longer in the trash"


def test_a_refusal_stops_the_older_ones(library: Library, tmp_path: Path) -> None:
    older = add_pending(library, model_file(tmp_path, "a", b"a"))
    newer = add_pending(library, model_file(tmp_path, "b", b"b"), images=[png(4)])
    for pending_id in (older, newer):
        library.processor.process_single_import(pending_id)
    (library.root / "trash" / next(iter(trashed(library))) / f"{newer}_0.png").unlink()
    report = library.undo(2)
    assert (report.undone, len(report.refused) > 0) == ((), True)
    assert library.show(digest(b"a")) is not None


def test_a_disk_that_fails_stops_undo_and_what_was_undone_is_told(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        number = add_pending(library, model_file(tmp_path, name, name.encode()), name=name, images=[png(1)])
        assert library.processor.process_single_import(number, Strategy.MERGE).status is Status.SUCCESS
    after_one: list[Any] = []

    def fails(_: LibraryFiles, path: str) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    def first_is_undone(_: int) -> None:
        after_one.append(snapshot(library))
        monkeypatch.setattr(LibraryFiles, "stat", fails)

    report = library.undo(2, progress=first_is_undone)
    newest = library.history.newest()
    monkeypatch.undo()
    assert newest is not None
    assert newest.undo_blocked_by.endswith(" cannot be read (Input/output error)")
    assert [past.name for past in report.undone] == ["two"]
    assert report.refused.startswith("Input/output error: ")
    assert report.refused.endswith("; nothing was changed")
    assert [snapshot(library)] == after_one
    assert [past.name for past in library.undo().undone] == ["one"]


def test_the_history_tells_what_happened(library: Library, tmp_path: Path) -> None:
    pending_id, sha256 = conflict(library, tmp_path)
    library.processor.process_single_import(pending_id, Strategy.MERGE)
    newest = library.history.newest()
    assert newest is not None
    assert (newest.name, newest.operation.action, newest.operation.sha256) == ("new", Action.MERGED, sha256)
    assert newest.operation.timestamp_ms > 1_700_000_000_000
    library.undo()
    undo, merge, *_ = library.history.operations(2)
    assert merge.operation.undone_by == undo.operation.number
    assert undo.operation.kind is OperationKind.UNDO
    assert [past.operation.number for past in library.history.operations(1, below=undo.operation.number)] == [
        merge.operation.number
    ]


def test_a_readonly_library_has_a_history_too(library: Library, tmp_path: Path) -> None:
    pending_id, _ = conflict(library, tmp_path)
    library.processor.process_single_import(pending_id, Strategy.MERGE)
    with Library.open(library.root, readonly=True) as reader:
        assert reader.history.operations() == library.history.operations()
