"""A library folder that is read-only, not a folder, or on a full disk: one message, and nothing has changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import Library
from core.domain.enums import Status
from tests.support.audit import run as run_script
from tests.support.builders import (
    OldRow,
    add_pending,
    digest,
    files,
    model_file,
    old_database,
    png,
    snapshot,
    sources,
    tables,
)
from tests.support.cli import environment, run
from tests.support.paths import ROOT

WEIGHTS = b"weights"
SHA = digest(WEIGHTS)
COMMANDS = (["import-legacy", "{old}"], ["promote", "1"], ["undo"], ["pending"], ["show", "1"], ["images", SHA])
READING = ("pending", "show", "images")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder with a library of one pending import and an old database in it."""
    with Library.open(tmp_path / "library") as library:
        add_pending(library, model_file(tmp_path, "m", WEIGHTS), images=[png(1)])
    old_database(tmp_path / "old.sqlite3", [OldRow(1, "/m/a")])
    return tmp_path


def command(args: list[str], folder: Path) -> list[str]:
    return ["--json", "--library", str(folder / "library"), *(arg.format(old=folder / "old.sqlite3") for arg in args)]


def bound_by_permissions(args: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command line as somebody whom permissions bind, which takes a capability from the superuser."""
    before = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if before and shutil.which(before[0]) is None:
        pytest.skip("nothing binds the superuser here")
    return subprocess.run(
        [*before, sys.executable, "-m", "tui", *args],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[0])
def test_a_library_that_may_not_be_written(shelf: Path, args: list[str]) -> None:
    """Reading works all the same; whatever must write says one sentence."""
    before = tables(shelf / "library" / "library.db", without=()), files(shelf / "library")
    modes = {path: path.stat().st_mode for path in [shelf / "library", *(shelf / "library").rglob("*")]}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        ran = bound_by_permissions(command(args, shelf))
        assert (tables(shelf / "library" / "library.db", without=()), files(shelf / "library")) == before
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    if args[0] in READING:
        assert ran.returncode == (4 if args[0] == "images" else 0), ran
    else:
        assert ran.returncode == 1, ran
        assert ran.stderr.count("\n") == 1 and "permissions" in ran.stderr and "Traceback" not in ran.stderr


@pytest.mark.parametrize("place", ["a file", "below a file", "images is a file", "a database that is a folder"])
@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[0])
def test_a_file_in_the_place_of_a_folder(shelf: Path, place: str, args: list[str]) -> None:
    folder = shelf / "other"
    folder.mkdir()
    if place == "a file":
        (folder / "library").write_text("mine")
    elif place == "below a file":
        folder.rmdir()
        folder.write_text("mine")
    else:
        (folder / "library" / ("library.db" if "database" in place else "")).mkdir(parents=True)
        (folder / "library" / "images").write_text("mine")
    before = files(shelf)
    ran = run(*(arg.format(old=shelf / "old.sqlite3") for arg in args), library=folder / "library")
    assert ran.failed(1)
    left = {name for name in files(shelf) if name not in before}
    assert all("mine" not in name for name in left)
    assert {name: data for name, data in files(shelf).items() if name in before} == before


def test_a_library_of_a_newer_version(shelf: Path) -> None:
    connection = sqlite3.connect(shelf / "library" / "library.db")
    connection.execute("UPDATE _sqlite_migrations SET name = '99_future' WHERE name = '7_pictures_beside'")
    connection.commit()
    connection.close()
    before = tables(shelf / "library" / "library.db", without=()), files(shelf / "library")
    for args in COMMANDS:
        ran = run(*(arg.format(old=shelf / "old.sqlite3") for arg in args), library=shelf / "library")
        assert "newer version" in ran.failed(1)
    assert (tables(shelf / "library" / "library.db", without=()), files(shelf / "library")) == before


def mounted(folder: Path) -> bool:
    """Mount a file system of 2 MiB there, if this process may."""
    folder.mkdir()
    if os.geteuid() != 0:
        return False
    ended = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], capture_output=True, check=False
    )
    return ended.returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own, of 2 MiB."""
    folder = tmp_path / "disk"
    if not mounted(folder):
        pytest.skip("nothing can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path, left: int) -> Path:
    """Fill a disk up to so many bytes; return the file that does it."""
    found = os.statvfs(disk)
    filler = disk / "filler"
    filler.write_bytes(b"\0" * max(0, found.f_bavail * found.f_frsize - left))
    return filler


def test_a_disk_that_is_full_while_images_are_staged(small_disk: Path, tmp_path: Path) -> None:
    weights = model_file(tmp_path, "m", WEIGHTS)
    with Library.open(small_disk / "library") as library:
        images = [png(seed, (200, 150)) for seed in range(3)]  # some 20 kB each as tiers
        number = add_pending(library, weights, images=images, tag_names=["t"])
        library.processor.dry_run(number)  # what is only remembered, hash and verdicts, is there before
        before = snapshot(library)
        filler = fill(small_disk, 40_000)
        outcome = library.processor.process_single_import(number)
        assert outcome.status is Status.ERROR and "No space left" in (outcome.error or "")
        assert "\n" not in (outcome.error or "")
        filler.unlink()
        assert snapshot(library) == before
        assert library.processor.process_single_import(number).status is Status.SUCCESS
        assert [source for _, source in sources(library, SHA)] == [digest(data) for data in images]


def test_a_disk_that_is_full_while_an_old_database_comes_in(small_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    for seed in range(4):
        (tmp_path / "media" / f"{seed}.png").write_bytes(png(seed, (100, 80)))
    extra = {"images": [f"{seed}.png" for seed in range(4)]}
    rows = [OldRow(1, "/m/a", extra, "ab" * 32), OldRow(2, "/m/b", extra)]
    old = old_database(tmp_path / "old.sqlite3", rows)
    with Library.open(small_disk / "library") as library:
        before = snapshot(library)
        filler = fill(small_disk, 90_000)
        ran = run("import-legacy", old, "--images", tmp_path / "media", library=library.root)
        assert "No space left" in ran.failed(1)
        filler.unlink()
        assert snapshot(library) == before
    ran = run("import-legacy", old, "--images", tmp_path / "media", "--json", library=small_disk / "library")
    assert (ran.code, ran.object["models"], ran.object["pending"], ran.object["images"]) == (0, 1, 1, 8)


LIMITED = """
import resource, sys
from core import Library
with Library.open(sys.argv[1]) as library:
    library.processor.dry_run(1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    outcome = library.processor.process_single_import(1)
    print(outcome.status, outcome.error)
"""


def test_a_file_that_cannot_grow_while_images_are_staged(library: Library, tmp_path: Path) -> None:
    """Works where nothing can be mounted: no file of the process may be larger than the largest tier needs."""
    add_pending(library, model_file(tmp_path, "m", WEIGHTS), images=[png(1, (1100, 900))])
    library.processor.dry_run(1)
    before = snapshot(library)
    printed = run_script(LIMITED, library.root, 600_000)
    assert printed.startswith("error File too large"), printed
    assert snapshot(library) == before
    assert library.processor.process_single_import(1).status is Status.SUCCESS
