"""Opening a library: created if missing, refused with one message, read without leaving a trace."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import Library
from core.domain.records import Model, PendingImport
from core.errors import LibraryError, NoLibrary
from tests.support.builders import add_model, add_pending, files, png, tables

SHA = "ab" * 32


def test_a_new_library_has_its_folders(tmp_path: Path) -> None:
    with Library.open(tmp_path / "deep" / "library") as library:
        assert (library.recovered, library.readonly, library.root) == (False, False, tmp_path / "deep" / "library")
    assert {"library.db", "images", "pending", "staging", "trash"} <= set(os.listdir(tmp_path / "deep" / "library"))
    before = tables(library.root / "library.db")
    with Library.open(str(tmp_path / "deep" / "library")):
        pass
    assert tables(library.root / "library.db") == before
    assert not list(library.root.glob("library.db.before*")), "nothing was migrated"


def test_everything_is_on_disk_for_the_next_one(tmp_path: Path) -> None:
    with Library.open(tmp_path / "l") as library:
        add_model(library, SHA, "/m/a", meta={"a": 1}, tag_names=["t"], images=[png(1)])
        number = add_pending(library, "/m/b", images=[png(2)])
        shown = library.show(SHA), library.show(str(number))
    with Library.open(tmp_path / "l") as library:
        assert (library.show(SHA), library.show(str(number))) == shown


def test_show_finds_models_and_pending_imports(library: Library) -> None:
    add_model(library, SHA, "/m/a", images=[png(1)])
    number = add_pending(library, "/m/b", images=[png(2), png(3)])
    model, waiting = library.show(SHA.upper()), library.show(str(number))
    assert model is not None and isinstance(model.record, Model) and model.images == (f"{SHA}_0.webp",)
    assert waiting is not None and isinstance(waiting.record, PendingImport)
    assert waiting.images == (f"{number}_0.png", f"{number}_1.png")
    for key in ("", "0", "99", "-1", "cd" * 32, "a", "1.0", "²", "1" * 30, f"{SHA}_0"):
        assert library.show(key) is None


def test_reading_needs_a_library(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("none", "file", ""):
        with pytest.raises(NoLibrary):
            Library.open(tmp_path / name, readonly=True)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("where", ["file", "file/below", "images is a file"])
def test_a_folder_that_cannot_be_one(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "images is a file").mkdir()
    (tmp_path / "images is a file" / "images").touch()
    with pytest.raises(LibraryError, match="not a folder"):
        Library.open(tmp_path / where)
    assert (tmp_path / "file").read_bytes() == b"x"


@pytest.mark.parametrize("readonly", [True, False])
def test_a_database_that_is_none(tmp_path: Path, readonly: bool) -> None:
    (tmp_path / "library.db").write_bytes(b"this is no database " * 100)
    with pytest.raises(LibraryError):
        Library.open(tmp_path, readonly=readonly)
    assert (tmp_path / "library.db").read_bytes() == b"this is no database " * 100


@pytest.mark.parametrize("readonly", [True, False])
def test_a_library_of_a_newer_version_is_left_alone(tmp_path: Path, readonly: bool) -> None:
    Library.open(tmp_path / "l").close()
    connection = sqlite3.connect(tmp_path / "l" / "library.db")
    name = next(iter(connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%migrations'")))[0]
    columns = connection.execute(f"SELECT * FROM {name}").description
    row = dict(zip([c[0] for c in columns], next(iter(connection.execute(f"SELECT * FROM {name}"))), strict=True))
    row = {**row, "name": "99_later", **({"id": 99} if "id" in row else {})}
    connection.execute(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [*row.values()])
    connection.commit()
    connection.close()
    before = tables(tmp_path / "l" / "library.db")
    with pytest.raises(LibraryError, match="newer version"):
        Library.open(tmp_path / "l", readonly=readonly)
    assert tables(tmp_path / "l" / "library.db") == before


def test_reading_leaves_no_trace_in_rows_and_files(tmp_path: Path) -> None:
    with Library.open(tmp_path / "l") as library:
        add_model(library, SHA, "/m/a", images=[png(1)])
        number = add_pending(library, "/m/b", images=[png(2)])
    before = tables(library.root / "library.db", without=()), files(library.root)
    data = (library.root / "library.db").read_bytes()
    with Library.open(tmp_path / "l", readonly=True) as reader:
        reader.show(SHA)
        reader.queue.counts()
        reader.queue.preview(number, None)
        reader.pictures.of_pending(f"{number}_0.png", 8, 8)
        with pytest.raises(LibraryError):
            reader.queue.decide([number], None)
    assert (library.root / "library.db").read_bytes() == data
    assert (tables(library.root / "library.db", without=()), files(library.root)) == before


def test_a_reader_beside_a_writer_sees_what_is_committed(library: Library) -> None:
    with Library.open(library.root, readonly=True) as reader:
        assert list(reader.queue.search()) == []
        number = add_pending(library, "/m/a")
        assert list(reader.queue.search()) == [number]


def test_every_thread_may_use_it(library: Library) -> None:
    number = add_pending(library, "/m/a")
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: list(library.queue.search()), range(32))) == [[number]] * 32


def test_an_exception_in_a_transaction_leaves_nothing(library: Library) -> None:
    def fail() -> None:
        with library.store.write() as db:
            db.execute("INSERT INTO tags VALUES (1, 'x', NULL, NULL)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with library.store.read() as db:
        assert db.execute("SELECT * FROM tags").fetchall() == []


def test_rows_that_the_schema_forbids(library: Library) -> None:
    for sql in (
        "INSERT INTO models VALUES ('AB', '', '', '', 0, 0, '{}')",
        f"INSERT INTO models VALUES ('{SHA.upper()}', '', '', '', 0, 0, '{{}}')",
        "INSERT INTO pending_images VALUES (99, 0, 'x', 'y')",
        "INSERT INTO pending_import (path, name, type, size_bytes, created_at, meta_json, decision) "
        "VALUES ('', '', '', 0, 0, '{}', 'insert')",
    ):
        with pytest.raises(LibraryError, match="constraint"), library.store.write() as db:
            db.execute(sql)


def test_closing_waits_for_whoever_is_reading_and_then_nobody_can(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "closing")
    reading, go_on = threading.Event(), threading.Event()
    rows: list[object] = []

    def read() -> None:
        with library.store.read() as db:
            reading.set()
            go_on.wait(30)
            rows.extend(db.execute("SELECT beats FROM pulse").fetchall())

    reader = threading.Thread(target=read)
    reader.start()
    assert reading.wait(30)
    closer = threading.Thread(target=library.close)
    closer.start()
    closer.join(0.1)
    assert closer.is_alive()
    go_on.set()
    reader.join(30)
    closer.join(30)
    assert len(rows) == 1
    with pytest.raises(LibraryError, match="is closed"):
        library.queue.search()


def test_a_folder_that_cannot_be_read_for_a_moment_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Library.open(tmp_path).close()
    failed, left = 0, 1

    def list_folder(folder: str | Path) -> list[str]:
        nonlocal left
        left -= folder == tmp_path
        if not left:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(folder))
        return listdir(folder)

    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", list_folder)
    while True:
        try:
            Library.open(tmp_path).close()
        except LibraryError as error:
            assert str(error) == f"{tmp_path} cannot be read (Input/output error); fix that, then open it again"
            failed += 1
            left = failed + 1
        else:
            break
    assert failed >= 2, "for a restore to be finished, and for what one left"
