"""A library that is moved, replaced or removed while open: nothing is changed, neither there nor in its replacement."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core import Library
from core.domain.enums import Status
from core.errors import LibraryError
from core.storage import LibraryDatabase
from core.storage.upgrading import migrate
from tests.support.builders import files
from tests.support.payloads import BAD, template


def moved(root: Path) -> None:
    root.rename(root.with_name("moved"))


def swapped(root: Path) -> None:
    moved(root)
    root.with_name("other").rename(root)


def database_replaced(root: Path) -> None:
    (root / "library.db").rename(root.parent / "aside.db")
    shutil.copy(root.with_name("other") / "library.db", root / "library.db")


CASES = (moved, swapped, database_replaced)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(template(), tmp_path / "from")
    shutil.copytree(template() / "library", tmp_path / "from" / "other")
    return tmp_path / "from" / "library"


def state(library: Library) -> object:
    """The files of both libraries, and the rows of the one that was opened, through the connection it has."""
    there = {path for path in files(library.root.parent) if ".db" not in path}
    return there, *(library.store.db.execute(f"SELECT * FROM {t}").fetchall() for t in ("pending_import", "journal"))


@pytest.mark.parametrize("strategy", ["delete", "merge", "override"])
@pytest.mark.parametrize("happens", CASES)
def test_nothing_is_promoted(root: Path, happens: Callable[[Path], None], strategy: str) -> None:
    with Library.open(root) as library:
        happens(root)
        before = state(library)
        outcome = library.processor.process_single_import(BAD, strategy)
        assert outcome.status is Status.ERROR and "was moved or replaced while it was open" in (outcome.error or "")
        assert state(library) == before


@pytest.mark.parametrize("happens", CASES)
def test_nothing_is_undone_or_backed_up_or_decided(root: Path, happens: Callable[[Path], None], tmp_path: Path) -> None:
    with Library.open(root) as library:
        happens(root)
        before = state(library)
        assert "was moved or replaced" in library.undo().refused
        with pytest.raises(LibraryError, match="was moved or replaced"):
            library.backup_with_images(tmp_path / "copy")
        with pytest.raises(LibraryError, match="was moved or replaced"):
            library.queue.decide([BAD], None)
        assert state(library) == before


@pytest.mark.parametrize("happens", CASES)
def test_another_thread_does_not_read_another_library(root: Path, happens: Callable[[Path], None]) -> None:
    told: list[str] = []

    def read() -> None:
        try:
            library.queue.search()
        except LibraryError as error:
            told.append(str(error))

    with Library.open(root) as library:
        happens(root)
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
        assert len(told) == 1 and "was moved or replaced while it was open" in told[0]


def test_no_database_is_made_where_one_was(root: Path) -> None:
    with Library.open(root) as library:
        moved(root)
        root.mkdir()
        for name in ("images", "pending", "staging", "trash"):
            (root / name).mkdir()
        library.processor.process_single_import(BAD, "merge")
        assert not (root / "library.db").exists()


def test_a_database_that_has_just_gone_is_not_read_as_an_empty_one(root: Path) -> None:
    store = LibraryDatabase(root / "library.db", readonly=True)
    (root / "library.db").unlink()
    with pytest.raises(LibraryError, match=r"library\.db \(No such file or directory\)"):
        migrate(store)
    store.close()
