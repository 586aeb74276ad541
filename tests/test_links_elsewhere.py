"""A stranger's library whose folders are links: what lies where they lead is neither moved nor removed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core import Library
from core.errors import LibraryError
from core.operations.trash import TrashLimits
from tests.support.builders import files
from tests.support.payloads import BAD, template

OP = "c" * 32


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(template(), tmp_path / "from")
    return tmp_path / "from" / "library"


def lead(root: Path, top: str, to: Path) -> None:
    shutil.rmtree(root / top)
    (root / top).symlink_to(to)


def test_pending_images_are_not_taken_from_among_other_things(root: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "Pictures"
    pictures.mkdir()
    (pictures / "holiday.jpg").write_bytes(b"holiday")
    (pictures / f"{BAD}_0.png").write_bytes(b"also holiday")
    lead(root, "pending", pictures)
    before = files(pictures)
    with pytest.raises(LibraryError, match=r"is a link to .*Pictures, where .* is no part of a library"):
        Library.open(root)
    with Library.open(root, readonly=True) as library:
        assert library.queue.ids()
    assert files(pictures) == before


def test_pending_on_a_disk_of_its_own(root: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    shutil.move(root / "pending", disk)
    (root / "pending").symlink_to(disk)
    (disk / "lost+found").mkdir()
    (disk / ".DS_Store").touch()
    with Library.open(root) as library:
        assert library.processor.process_single_import(BAD, "merge").refused == ()


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("folder", [OP, "copy-20240101"])
@pytest.mark.parametrize("file", ["system.journal", "user@1000/0_high"])
def test_only_what_is_ours_is_swept(root: Path, tmp_path: Path, linked: bool, folder: str, file: str) -> None:
    elsewhere = root / "staging"
    if linked:
        elsewhere = tmp_path / "journal"
        elsewhere.mkdir()
        lead(root, "staging", elsewhere)
    for name in (folder, "d" * 32):
        (elsewhere / name).mkdir()
        (elsewhere / name / "0_high").write_bytes(b"staged")
    place = elsewhere / folder / file
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"somebody's")
    Library.open(root).close()
    assert os.listdir(elsewhere) == [folder]
    assert place.read_bytes() == b"somebody's"


@pytest.mark.parametrize("linked", [False, True])
def test_only_what_is_ours_leaves_the_trash(root: Path, tmp_path: Path, linked: bool) -> None:
    elsewhere = root / "trash"
    if linked:
        elsewhere = tmp_path / "journal"
        elsewhere.mkdir()
        lead(root, "trash", elsewhere)
    (elsewhere / OP).mkdir()
    (elsewhere / OP / "system.journal").write_bytes(b"somebody's")
    with closing(sqlite3.connect(root / "library.db", isolation_level=None)) as connection:
        connection.execute("INSERT INTO journal (op, kind, moves, open, at) VALUES (?, 'image', '[]', 0, 0)", [OP])
    Library.open(root, trash=TrashLimits(0, 0)).close()
    assert os.listdir(elsewhere) == [OP]
    assert (elsewhere / OP / "system.journal").read_bytes() == b"somebody's"
