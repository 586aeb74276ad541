"""Library folders on other disks: top-level links and mounts are the owner's choice, links below are refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from core import Library, Strategy
from core.domain.enums import Action, Status
from core.domain.layout import FOLDERS
from core.operations.trash import TrashLimits
from core.verify import check_library
from tests.support.builders import (
    OldRow,
    add_model,
    add_pending,
    digest,
    files,
    journal,
    model_file,
    old_database,
    png,
    snapshot,
    sources,
    trash,
)
from tests.support.disks import another_disk
from tests.torture.fault_points import ELSEWHERE, die_everywhere, named
from tests.torture.scenarios import one_thread

SHA = digest(b"weights")


def sh(*command: object) -> bool:
    return subprocess.run([*map(str, command)], capture_output=True, check=False).returncode == 0


@pytest.fixture(params=["a link on this disk", "a link to another disk", "a mount", "a mount of this disk"])
def move_away(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """A function that moves a folder elsewhere, so that it is reached by a link or a mount in its place."""
    kind = request.param
    if "mount" in kind and (os.geteuid() != 0 or not _mounts(tmp_path)):
        pytest.skip("nothing can be mounted here")
    there = tmp_path / "elsewhere"
    there.mkdir()
    with another_disk(tmp_path) if "another" in kind else nullcontext(there) as disk:
        if disk is None:
            pytest.skip("there is no other disk")
        with _moving(kind, disk) as move:
            yield move


@contextmanager
def _moving(kind: str, disk: Path) -> Iterator[Callable[[Path], None]]:
    mounted = []

    def move(folder: Path) -> None:
        aside = folder.with_name(f"{folder.name}.aside")
        folder.rename(aside)
        if "link" in kind:
            shutil.move(aside, disk / folder.name)
            folder.symlink_to(disk / folder.name)
            return
        folder.mkdir()
        source = ["-t", "tmpfs", "none"] if kind == "a mount" else ["--bind", disk / folder.name]
        (disk / folder.name).mkdir()
        assert sh("mount", *source, folder)
        mounted.append(folder)
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        shutil.rmtree(aside)

    try:
        yield move
    finally:
        for folder in mounted:
            assert sh("umount", folder)


def _mounts(tmp_path: Path) -> bool:
    place = tmp_path / "place"
    place.mkdir()
    return sh("mount", "-t", "tmpfs", "none", place) and sh("umount", place)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library with a model of two images and three pending imports of it, closed."""
    weights = model_file(tmp_path, "weights", b"weights")
    with Library.open(tmp_path / "library") as library:
        add_model(library, SHA, weights, images=[png(1), png(2)])
        for seed in (3, 5, 7):
            add_pending(library, weights, images=[png(seed), png(seed + 1)])
    return tmp_path / "library"


def seeds(library: Library) -> list[int]:
    by_digest = {digest(png(seed)): seed for seed in range(1, 9)}
    assert check_library(library).findings == ()
    return [by_digest[source] for _, source in sources(library, SHA)]


@pytest.mark.parametrize("tops", [*((top,) for top in FOLDERS), FOLDERS], ids="+".join)
def test_everything_works_with_folders_elsewhere(
    root: Path, move_away: Callable[[Path], None], tops: tuple[str, ...]
) -> None:
    for top in tops:
        move_away(root / top)
    with Library.open(root) as library:
        assert library.warning == ""
        merged = library.processor.process_single_import(1, Strategy.MERGE)
        assert (merged.action_taken, merged.in_place, merged.refused) == (Action.MERGED, True, ())
        assert seeds(library) == [1, 2, 3, 4]
        overridden = library.processor.process_single_import(2, Strategy.OVERRIDE)
        assert (overridden.action_taken, overridden.in_place) == (Action.OVERRIDDEN, True)
        assert seeds(library) == [5, 6, 3, 4]
        assert library.processor.process_single_import(3, Strategy.DELETE).in_place
        assert sorted(os.listdir(root / "pending")) == []
        assert sum(map(len, trash(library).values())) == 2 + 6 + 2 + 2
        assert len(library.undo(3).undone) == 3
        assert seeds(library) == [1, 2]
        assert set(os.listdir(root / "pending")) == {f"{number}_{n}.png" for number in (1, 2, 3) for n in (0, 1)}
        assert os.listdir(root / "staging") == []
    with Library.open(root, trash=TrashLimits(days=0)) as library:
        assert (library.warning, trash(library), seeds(library)) == ("", {}, [1, 2])


def test_an_old_database_comes_in_with_folders_elsewhere(
    root: Path, move_away: Callable[[Path], None], tmp_path: Path
) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.png").write_bytes(png(1))
    extra = {"images": ["a.png"]}
    rows = [OldRow(51, "/m/a", extra, "ab" * 32), OldRow(52, "/m/b", extra)]
    old = old_database(tmp_path / "old.sqlite3", rows)
    for top in FOLDERS:
        move_away(root / top)
    with Library.open(root) as library:
        report = library.import_legacy(old, images_dir=tmp_path / "media")
        assert (report.models, report.pending, report.images) == (1, 1, 2)
        assert library.image_scanner.sequence("ab" * 32) == [0]
        assert not journal(library)[-1]["open"]
        findings = check_library(library).findings
        assert {finding.path for finding in findings} == {"/m/a"}, "the model itself is nowhere"


@pytest.mark.parametrize("strategy", [Strategy.MERGE, Strategy.OVERRIDE])
@pytest.mark.parametrize("deeper", [f"images/{SHA[:2]}", f"images/{SHA[:2]}/{SHA}"])
def test_a_link_below_is_refused_before_anything_is_changed(
    root: Path, tmp_path: Path, deeper: str, strategy: Strategy
) -> None:
    shutil.move(root / deeper, tmp_path / "elsewhere")
    (root / deeper).symlink_to(tmp_path / "elsewhere")
    with Library.open(root) as library:
        library.queue.hash_ahead(list, threading.Event(), lambda _: None)
        library.processor.dry_run(1, strategy)
        before = snapshot(library), files(tmp_path / "elsewhere")
        outcome = library.processor.process_single_import(1, strategy)
        assert outcome.status is Status.ERROR
        assert f"{root / deeper} is a link" in (outcome.error or "") and "nothing was changed" in (outcome.error or "")
        assert (snapshot(library), files(tmp_path / "elsewhere")) == before


@pytest.mark.parametrize("top", FOLDERS)
def test_a_link_to_a_disk_that_is_not_there_is_told(root: Path, tmp_path: Path, top: str) -> None:
    shutil.rmtree(root / top)
    (root / top).symlink_to(tmp_path / "unmounted")
    with pytest.raises(Exception, match=f"{top} is a link to a folder that does not exist"):
        Library.open(root)
    assert not (tmp_path / "unmounted").exists()


@pytest.fixture
def small(root: Path) -> Iterator[Path]:
    """A disk of 1 MiB in the place of the images."""
    if os.geteuid() != 0 or not _mounts(root.parent):
        pytest.skip("nothing can be mounted here")
    (root / "images").rename(root.parent / "aside")
    (root / "images").mkdir()
    assert sh("mount", "-t", "tmpfs", "-o", "size=1m", "none", root / "images")
    try:
        shutil.copytree(root.parent / "aside", root / "images", dirs_exist_ok=True)
        yield root / "images"
    finally:
        assert sh("umount", root / "images")


@pytest.mark.parametrize("strategy", [None, Strategy.MERGE, Strategy.DELETE])
def test_pending_images_on_a_disk_that_goes_away_are_not_taken_for_removed(
    root: Path, tmp_path: Path, strategy: Strategy | None
) -> None:
    disk = tmp_path / "disk"
    shutil.move(root / "pending", disk)
    (root / "pending").symlink_to(disk)
    with Library.open(root) as library:
        before = snapshot(library)
        disk.rename(tmp_path / "away")
        outcome = library.processor.process_single_import(1, strategy)
        assert outcome.status is Status.ERROR
        assert f"{root / 'pending'} is not there; mount the disk" in (outcome.error or "")
        (tmp_path / "away").rename(disk)
        assert snapshot(library) == before
        assert library.processor.process_single_import(1, strategy or Strategy.MERGE).status is Status.SUCCESS


@pytest.mark.parametrize("folder", ["images", "pending"])
def test_a_folder_that_had_to_be_created_anew_is_told(root: Path, folder: str) -> None:
    shutil.rmtree(root / folder)
    with Library.open(root) as library:
        assert library.warning.startswith(f"{folder}/ did not exist and had to be created")
    with Library.open(root) as library:
        assert library.warning == ""


def test_a_full_disk_of_images_is_told_before_anything_is_changed(root: Path, small: Path) -> None:
    room = os.statvfs(small)
    filler = small / "filler"
    filler.write_bytes(b"\0" * (room.f_bavail * room.f_frsize))
    with Library.open(root) as library:
        library.processor.dry_run(1, Strategy.MERGE)
        before = snapshot(library)
        outcome = library.processor.process_single_import(1, Strategy.MERGE)
        assert outcome.status is Status.ERROR
        assert f"the disk of {small} is full" in (outcome.error or "")
        assert snapshot(library) == before
        filler.unlink()
        assert library.processor.process_single_import(1, Strategy.MERGE).in_place
        assert seeds(library) == [1, 2, 3, 4]


def test_images_that_cannot_be_written_are_told_before_anything_is_changed(root: Path, small: Path) -> None:
    with Library.open(root) as library:
        library.processor.dry_run(1, Strategy.MERGE)
        before = snapshot(library)
        assert sh("mount", "-o", "remount,ro", small)
        outcome = library.processor.process_single_import(1, Strategy.MERGE)
        assert outcome.status is Status.ERROR
        assert f"{small} cannot be written" in (outcome.error or "")
        assert snapshot(library) == before
        assert sh("mount", "-o", "remount,rw", small)
        assert library.processor.process_single_import(1, Strategy.MERGE).in_place


@pytest.mark.parametrize("name", ELSEWHERE)
def test_killed_with_images_on_another_disk_the_state_is_one_before_or_after(name: str, tmp_path: Path) -> None:
    """At every ninth of the points; all of them are in ``make torture``."""
    with one_thread(), another_disk(tmp_path) as disk:
        if disk is None:
            pytest.skip("there is no other disk")
        tally, calls = die_everywhere(named(name, tmp_path, disk), tmp_path, 9)
    assert tally.bad == []
    assert {"os.unlink", "os.replace"} & calls.keys()
    assert tally.states.keys() == {0, 1}
