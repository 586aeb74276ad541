"""A stranger's library whose folders are links: files at the links' targets are neither moved nor removed."""

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
    with pytest.raises(LibraryError, match=r"is a link to .*Pictures, where .* does not belong to a library"):
        Library.open(root)
    with Library.open(root, readonly=True) as library:
        assert library.queue.search()
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


def decided(root: Path, files_there: tuple[str, ...] = ()) -> None:
    """Have a library look as if a restore of itself had been interrupted."""
    ready = root / "library.db.restoring-20260101T000000000000"
    for name in files_there:
        (ready / name).parent.mkdir(parents=True, exist_ok=True)
        (ready / name).write_bytes(b"a stranger's")
    ready.mkdir(exist_ok=True)
    shutil.copy(root / "library.db", ready / "library.db")


@pytest.mark.parametrize("linked", [False, True])
def test_an_interrupted_restore_takes_nothing_of_others_out_of_staging(
    root: Path, tmp_path: Path, linked: bool
) -> None:
    home = root / "staging"
    if linked:
        home = tmp_path / "home"
        home.mkdir()
        lead(root, "staging", home)
    for place in ("thesis.txt", "Mail/letter", f"{OP}/system.journal"):
        (home / place).parent.mkdir(exist_ok=True)
        (home / place).write_bytes(b"somebody's")
    before = files(home)
    decided(root)
    Library.open(root).close()
    assert not list(root.glob("library.db.restoring-*")), "it was finished"
    assert files(home) == before


def test_an_interrupted_restore_puts_files_under_names_of_ours_only(root: Path, tmp_path: Path) -> None:
    autostart = tmp_path / "autostart"
    autostart.mkdir()
    lead(root, "pending", autostart)
    decided(root, ("pending/.bashrc", "pending/evil.desktop", f"pending/{BAD}_0.png", "staging/x/0_high"))
    Library.open(root).close()
    assert os.listdir(autostart) == [f"{BAD}_0.png"]
    assert not (root / "staging" / "x").exists()


def test_pending_images_are_not_taken_from_among_hidden_files(root: Path, tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_bytes(b"somebody's")
    lead(root, "pending", tmp_path)
    with pytest.raises(LibraryError, match="does not belong to a library"):
        Library.open(root)
