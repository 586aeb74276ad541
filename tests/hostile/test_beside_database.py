"""Files a stranger put beside a library's database: SQLite would overwrite them, or delete files they name."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core import Library
from core.backup.restore import restore
from core.errors import LibraryError, SchemaForeign
from tests.support.builders import LEGACY_SCHEMA
from tests.support.payloads import BAD, template

THESIS = b"a thesis, chapter by chapter\n" * 3000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library with a pending import."""
    shutil.copytree(template(), tmp_path / "from")
    return tmp_path / "from" / "library"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Somebody's file, which does not belong to the library."""
    path = tmp_path / "thesis.txt"
    path.write_bytes(THESIS)
    return path


def read(root: Path) -> None:
    with Library.open(root, readonly=True) as library:
        library.queue.rows(library.queue.search())


def write(root: Path) -> None:
    with Library.open(root) as library:
        library.processor.process_single_import(BAD, "delete")


def make_link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def make_hard_link(path: Path, victim: Path) -> None:
    os.link(victim, path)


@pytest.mark.parametrize("use", [read, write])
@pytest.mark.parametrize("make", [make_link, make_hard_link])
@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_another_file_is_not_written_over(
    root: Path, victim: Path, suffix: str, make: Callable[[Path, Path], None], use: Callable[[Path], None]
) -> None:
    place = root / f"library.db{suffix}"
    place.unlink(missing_ok=True)
    make(place, victim)
    with pytest.raises(LibraryError, match=rf"library\.db{suffix} is (not a regular file|a hard link)"):
        use(root)
    assert victim.read_bytes() == THESIS


def journal_that_names(victim: Path) -> bytes:
    """A rollback journal that changes nothing and belongs to a transaction over several databases."""
    magic, name = bytes.fromhex("d9d505f920a163d7"), os.fsencode(victim)
    header = (magic + struct.pack(">IIIII", 0, 0, 1, 512, 4096)).ljust(512, b"\0")
    return header + struct.pack(">I", 0x40000000 // 4096 + 1) + name + struct.pack(">II", len(name), sum(name)) + magic


@pytest.mark.parametrize("use", [read, write])
def test_a_journal_deletes_no_file_elsewhere(root: Path, victim: Path, use: Callable[[Path], None]) -> None:
    (root / "library.db-journal").write_bytes(journal_that_names(victim))
    with pytest.raises(LibraryError, match="names another file"):
        use(root)
    assert victim.read_bytes() == THESIS


def test_a_database_of_two_names_is_read_and_not_written(root: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot.db"
    os.link(root / "library.db", snapshot)
    before = snapshot.read_bytes()
    read(root)
    with pytest.raises(LibraryError, match=r"library\.db is a hard link"):
        write(root)
    assert snapshot.read_bytes() == before


def books(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE books (title)")


def old_manager(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(LEGACY_SCHEMA)


@pytest.mark.parametrize("make", [books, old_manager])
@pytest.mark.parametrize("linked", [False, True])
def test_the_database_of_another_program_stays_as_it_is(
    tmp_path: Path, make: Callable[[Path], None], linked: bool
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    database = tmp_path / "other.db" if linked else folder / "library.db"
    make(database)
    if linked:
        (folder / "library.db").symlink_to(database)
    before = database.read_bytes()
    with pytest.raises(SchemaForeign):
        Library.open(folder)
    assert database.read_bytes() == before
    assert os.listdir(folder) == ["library.db"]


def dangling(path: Path) -> None:
    path.symlink_to(path.parent.parent / "made elsewhere")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [dangling, pipe, bound_socket, folder])
def test_the_lock_is_a_file_of_the_library(root: Path, make: Callable[[Path], None]) -> None:
    (root / "alive.lock").unlink(missing_ok=True)
    make(root / "alive.lock")
    for use in (write, lambda it: restore(it, template() / "library" / "library.db")):
        with pytest.raises(LibraryError, match=r"alive\.lock is not a regular file; remove it"):
            use(root)
    assert not (root.parent / "made elsewhere").exists()
