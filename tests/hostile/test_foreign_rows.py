"""A library from a stranger: whatever its journal and rows name, nothing outside it is touched or read."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import Library
from core.domain.enums import Status, Tier
from core.errors import CuratorError, ImageRefused, LibraryError
from core.images.scanner import relative_path
from core.operations.trash import TrashLimits
from core.verify import check_library
from core.verify.findings import FindingCode
from tests.support.builders import add_model, add_pending, digest, files, model_file, png, snapshot, tables, trash

SHA = digest(b"weights")
SECRET = png(99)
OP, OTHER = "ab" * 16, "cd" * 16
STAGED = f"staging/{OP}/0_high"
TIER = relative_path(SHA, 7, Tier.HIGH)
Shelf = tuple[Path, Path]


def shelf(folder: Path) -> Shelf:
    """A library with a model, an undone-able promotion and a pending import, and files of a person's beside it."""
    outside = folder / "outside"
    outside.mkdir(parents=True)
    (outside / "thesis.txt").write_bytes(SECRET)
    (outside / "bashrc").write_bytes(b"mine")
    with Library.open(folder / "library") as library:
        weights = model_file(folder, "weights", b"weights")
        add_model(library, SHA, weights, images=[png(1)])
        number = add_pending(library, weights, images=[png(2)])
        library.processor.process_single_import(number, "override")
        add_pending(library, weights, images=[png(3), png(4)])
    staged = folder / "library" / STAGED
    staged.parent.mkdir()
    staged.write_bytes(b"staged")
    return folder / "library", outside


@pytest.fixture(name="shelf")
def shelf_fixture(tmp_path: Path) -> Shelf:
    return shelf(tmp_path)


def change(root: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(root / "library.db", isolation_level=None)) as db:
        db.executescript("PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON")
        db.execute(sql, values)


def add_entry(root: Path, moves: object, *, kind: str = "promote", op: str = OP, is_open: int = 1) -> None:
    text = moves if isinstance(moves, str | bytes) else json.dumps(moves)
    change(
        root, "INSERT INTO journal (op, kind, moves, open, at, before, after) VALUES (?, ?, ?, ?, 0, '{}', '{}')",
        op, kind, text, is_open,
    )  # fmt: skip


def a_move(src: str, dst: str, keep: str | None = None, had: bool = False) -> dict[str, Any]:
    return {"src": src, "dst": dst, "keep": keep or f"trash/{OP}/{dst.rpartition('/')[2]}", "had": had}


def hostile_moves(root: Path, outside: Path) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    return {
        "overwrites a file by its whole path": [a_move(STAGED, str(outside / "bashrc"))],
        "overwrites a file by a way up": [a_move(STAGED, "../outside/bashrc")],
        "takes a file in": [a_move(str(outside / "thesis.txt"), TIER)],
        "takes a file in by a way up": [a_move("pending/../../outside/thesis.txt", f"trash/{OP}/thesis.txt")],
        "keeps a file elsewhere": [a_move(STAGED, relative_path(SHA, 0, Tier.HIGH), "../outside/bashrc", True)],
        "overwrites the database": [a_move(STAGED, "library.db")],
        "takes a pending image as a tier": [a_move("pending/2_0.png", TIER)],
        "takes another operation's files": [a_move(f"staging/{OTHER}/0_high", TIER)],
        "moves an image to another model": [a_move(relative_path(SHA, 0, Tier.HIGH), TIER)],
    }


NAMES = list(hostile_moves(Path("/x"), Path("/y")))


@pytest.mark.parametrize("name", NAMES)
def test_a_library_whose_open_entry_is_a_strangers_is_not_opened_for_writing(shelf: Shelf, name: str) -> None:
    root, outside = shelf
    add_entry(root, hostile_moves(root, outside)[name])
    before = files(outside), files(root), tables(root / "library.db", without=())
    with pytest.raises(LibraryError, match=r"the journal's open entry \d+ was not written by this program"):
        Library.open(root)
    with Library.open(root, readonly=True) as library:
        report = check_library(library)
        assert [f.code for f in report.findings if f.code is not FindingCode.STAGING_LEFT] == [
            FindingCode.JOURNAL_UNSAFE
        ]
        assert not report.ok
        assert library.image_scanner.sequence(SHA) == [0]
    assert (files(outside), files(root), tables(root / "library.db", without=())) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_strangers_operation_is_not_undone(shelf: Shelf, name: str) -> None:
    root, outside = shelf
    moves = [{**m, "src": m["dst"], "dst": m["src"]} for m in hostile_moves(root, outside)[name]]
    add_entry(root, moves, is_open=0)
    with Library.open(root) as library:
        before = files(outside), snapshot(library)
        report = library.undo()
        assert "was not written by this program" in report.refused and not report.undone
        assert "was not written by this program" in library.history.operations()[0].undo_blocked_by
        newest = library.history.newest()
        assert newest is not None and newest.undo_blocked_by
        assert (files(outside), snapshot(library)) == before
        assert FindingCode.JOURNAL_UNSAFE in {finding.code for finding in check_library(library).findings}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("moves", "{"), ("moves", "[[1]]"), ("moves", b"\xff"), ("moves", "[" * 100_000), ("moves", "9" * 5000),
        ("kind", "explode"), ("action", "explode"), ("op", "../outside"), ("op", 7), ("lost", "3"),
        ("sha256", "../../etc/passwd"), ("pending_id", "x"), ("before", "[]"),
        ("before", '{"models": [{"1=1) --": 1}]}'),
        ("before", '{"models": 3}'), ("after", "{"), ("before", '{"pending_images": [{"file": "../x"}]}'),
        ("before", '{"pending_import": [{"id": 1, "name": "\\ud800"}]}'),
        ("before", f'{{"pending_import": [{{"id": 1, "created_at": {2**70}}}]}}'),
        ("before", '{"pending_import": [{"id": 2, "name": "of another import"}]}'),
    ],
)  # fmt: skip
def test_whatever_an_entry_holds_is_named_and_the_rest_works(shelf: Shelf, column: str, value: object) -> None:
    root, _ = shelf
    change(root, f"UPDATE journal SET {column} = ? WHERE kind = 'promote'", value)
    with Library.open(root) as library:
        found = [f for f in check_library(library).findings if f.code is FindingCode.JOURNAL_UNSAFE]
        assert [f.key for f in found] == ["2"]
        assert len(library.history.operations()) == 2
        assert not library.undo().undone
        assert library.processor.process_single_import(2, "merge").status is Status.SUCCESS
        assert len(library.undo().undone) == 1


@pytest.mark.parametrize("strategy", ["delete", "merge", "override"])
@pytest.mark.parametrize(
    "file", ["../../outside/thesis.txt", "../outside/thesis.txt", "{outside}/thesis.txt", "1_0.png"]
)
def test_a_pending_image_that_is_another_file_is_refused_by_its_row(shelf: Shelf, strategy: str, file: str) -> None:
    root, outside = shelf
    (root / "pending" / "1_0.png").write_bytes(SECRET)
    sql = "UPDATE pending_images SET file = ?, sha256 = ? WHERE n = 0"
    change(root, sql, file.format(outside=outside), digest(SECRET))
    with Library.open(root) as library:
        library.queue.hash_ahead(list, threading.Event(), lambda _: None)
        before = files(outside), snapshot(library)
        outcome = library.processor.process_single_import(2, strategy)
        if strategy == "delete":  # it can go; what is not its own is left alone
            assert outcome.status is Status.SUCCESS
            assert files(outside) == before[0] and (root / "pending" / "1_0.png").read_bytes() == SECRET
            return
        assert outcome.status is Status.ERROR
        assert "pending import 2" in (outcome.error or "")
        assert (files(outside), snapshot(library)) == before
        found = [f for f in check_library(library).findings if f.code is FindingCode.ROW_UNSAFE]
        assert {(f.key.partition("/")[0], f.path) for f in found} == {("2", "library.db")}


def test_the_trash_expires_only_what_operations_put_there(shelf: Shelf) -> None:
    root, _ = shelf
    mine = root / "trash" / "Documents"
    mine.mkdir()
    (mine / "letter").write_text("mine")
    add_entry(root, [], op="Documents", is_open=0)
    with Library.open(root, trash=TrashLimits(days=0)) as library:
        assert trash(library) == {"Documents": {"letter"}}


@pytest.mark.parametrize("top", ["staging", "trash"])
def test_a_folder_that_is_a_link_to_a_persons_own_is_not_emptied(shelf: Shelf, top: str) -> None:
    root, outside = shelf
    shutil.rmtree(root / top)
    (outside / "Documents").mkdir()
    (root / top).symlink_to(outside)
    before = files(outside)
    with Library.open(root, trash=TrashLimits(days=0)):
        pass
    assert files(outside) == before


# Paths as a stranger might put them together: of our own pieces, and of any others.
PIECES = st.one_of(
    st.sampled_from(["images", "pending", "staging", "trash", "library.db", "..", ".", "", "\0", "\ud800", "a\n"]),
    st.sampled_from(
        [SHA, SHA[:2], OP, OTHER, "0_high", f"{SHA}_0_high.webp", f"{SHA}_7_high.webp", "2_0.png", "1_0.png"]
    ),
    st.sampled_from(["outside", "library", "bashrc", "thesis.txt"]),
)
OURS = st.one_of(
    st.sampled_from([STAGED, TIER, relative_path(SHA, 0, Tier.HIGH), "pending/2_0.png", f"trash/{OP}/2_0.png"]),
    st.sampled_from(["{outside}/bashrc", "{outside}/thesis.txt", "../outside/bashrc", "../outside/thesis.txt"]),
)
PATHS = st.one_of(OURS, OURS, st.lists(PIECES, max_size=6).map("/".join), st.text(max_size=20))
MOVES = st.lists(
    st.builds(a_move, PATHS, PATHS, st.one_of(st.none(), PATHS), st.booleans())
    | st.dictionaries(st.sampled_from(["src", "dst", "keep", "had", "x"]), PATHS | st.booleans()),
    max_size=3,
)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        shelf(Path(folder) / "template")
        yield Path(folder) / "template"


def everything(root: Path) -> None:
    """Do with a library what a person may do who was handed it."""
    with suppress(CuratorError), Library.open(root, readonly=True) as library:
        check_library(library)
        library.image_scanner.sequence(SHA)
        library.history.operations()
        for row in library.queue.all():
            for file in row.images:
                with suppress(ImageRefused):
                    library.pictures.of_pending(file, 8, 8)
    with suppress(CuratorError), Library.open(root, trash=TrashLimits(days=0)) as library:
        check_library(library)
        for number in list(library.queue.search()):
            for strategy in ("merge", "delete"):
                library.processor.process_single_import(number, strategy)
                library.undo(3)


def unharmed(folder: Path, expected: Mapping[str, str]) -> None:
    assert files(folder / "outside") == expected
    inside = {path: data for path, data in files(folder / "library").items() if data == digest(SECRET)}
    assert not inside, "a file from outside lies in the library"
    with closing(sqlite3.connect(folder / "library" / "library.db")) as db:
        taken = db.execute("SELECT count(*) FROM model_images WHERE source_sha256 = ?", [digest(SECRET)]).fetchone()
    assert taken == (0,), "a file from outside became an image"


@settings(max_examples=60, deadline=None)
@given(moves=MOVES, kind=st.sampled_from(["promote", "undo", "import", "image"]), is_open=st.booleans())
def test_nothing_outside_is_touched_whatever_the_journal_holds(
    template: Path, moves: list[dict[str, Any]], kind: str, is_open: bool
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(template, Path(place) / "shelf"))
        outside = folder / "outside"
        text = json.dumps(moves).replace("{outside}", str(outside))
        add_entry(folder / "library", text, kind=kind, is_open=int(is_open))
        before = files(outside)
        everything(folder / "library")
        unharmed(folder, before)


@settings(max_examples=60, deadline=None)
@given(file=PATHS | st.lists(PIECES, max_size=3).map(lambda parts: "../" + "/".join(parts)), known=st.booleans())
def test_nothing_outside_is_touched_whatever_pending_images_name(template: Path, file: str, known: bool) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(template, Path(place) / "shelf"))
        outside = folder / "outside"
        name = file.replace("{outside}", str(outside)).encode(errors="replace").decode()
        change(folder / "library", "UPDATE pending_images SET file = ?, sha256 = ? WHERE n = 0", name, digest(SECRET))
        if known:  # a verdict that is kept: the file is not read again
            change(folder / "library", "INSERT INTO image_verdicts VALUES (?, NULL)", digest(SECRET))
        before = files(outside)
        everything(folder / "library")
        unharmed(folder, before)
