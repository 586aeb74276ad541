"""Verification beside a working process: moves in progress are not findings, real damage is."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import core.operations.journal
import core.verify.looks
import core.verify.rows
from core import Library, Strategy
from core.domain.enums import Action, OperationKind, Tier
from core.files.library_files import LibraryFiles
from core.images.scanner import ImageScanner, relative_path
from core.verify import check_library
from core.verify.findings import Finding, FindingCode
from tests.support.builders import add_model, add_pending, digest, model_file, png
from tests.support.paths import ROOT

SHA = digest(b"weights")
MEANWHILE: dict[str, tuple[object, str]] = {
    "images are read": (ImageScanner, "open_image"),
    "pending images are read": (LibraryFiles, "read_image"),
    "folders are listed": (os, "fwalk"),
}


@pytest.fixture
def number(library: Library, tmp_path: Path) -> int:
    """A model with two images, and a pending import of the same file with two others."""
    path = model_file(tmp_path, "m", b"weights")
    add_model(library, SHA, path, images=[png(1), png(2)])
    return add_pending(library, path, images=[png(3), png(4), png(5)])


@pytest.fixture
def reader(library: Library) -> Iterator[Library]:
    with Library.open(library.root, readonly=True) as reader:
        yield reader


def before_each(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, work: Callable[[], object]) -> None:
    """Have ``work`` done before each call of ``owner.name``, but not before the calls that the work itself makes."""
    original = getattr(owner, name)
    in_call = False

    def called(*args: Any, **kwargs: Any) -> Any:
        nonlocal in_call
        if not in_call:
            in_call = True
            work()
            in_call = False
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, called)


def fails(*_: object) -> list[str]:
    raise OSError("not now")


def once(work: Callable[[], object]) -> Callable[[], object]:
    turns = itertools.count()
    return lambda: work() if next(turns) == 0 else None


def promoting_and_undoing(library: Library, number: int, strategy: Strategy) -> Callable[[], object]:
    """Promote an import and undo that, by turns."""
    turns = itertools.count()

    def work() -> None:
        if next(turns) % 2:
            assert library.undo().refused == ""
        else:
            assert library.processor.process_single_import(number, strategy).action_taken is not None

    return work


def codes(findings: tuple[Finding, ...]) -> list[FindingCode]:
    return [finding.code for finding in findings]


@pytest.mark.parametrize("moment", MEANWHILE)
@pytest.mark.parametrize("strategy", [Strategy.OVERRIDE, Strategy.MERGE, Strategy.DELETE])
@pytest.mark.parametrize("first", ["promote", "undo"])
def test_an_operation_meanwhile_is_no_finding(
    library: Library,
    reader: Library,
    number: int,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    strategy: Strategy,
    first: str,
) -> None:
    work = promoting_and_undoing(library, number, strategy)
    if first == "undo":
        work()
        add_pending(library, "/m/other", images=[png(6)])  # so that there are pending images to be read
    before_each(monkeypatch, *MEANWHILE[moment], once(work))
    newest = library.history.operations(1)[0].operation.number
    assert check_library(reader).findings == ()
    assert library.history.operations(1)[0].operation.number == newest + 1, "nothing happened meanwhile"


def test_an_image_that_changes_at_every_look_is_not_told_and_verification_ends(
    library: Library, reader: Library, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.verify.looks, "_MOST_LOOKS", 5)
    before_each(monkeypatch, ImageScanner, "open_image", promoting_and_undoing(library, number, Strategy.OVERRIDE))
    assert check_library(reader).findings == ()


def test_a_fault_of_a_model_that_is_promoted_to_all_the_time_is_found(
    library: Library, reader: Library, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.truncate(library.root / relative_path(SHA, 1, Tier.LOW), 20)
    (library.root / relative_path(SHA, 0, Tier.MEDIUM)).unlink()
    before_each(monkeypatch, ImageScanner, "open_image", promoting_and_undoing(library, number, Strategy.MERGE))
    assert codes(check_library(reader).findings) == [FindingCode.IMAGE_UNDECODABLE, FindingCode.TIERS_INCOMPLETE]


def test_a_stray_is_found_while_everything_around_it_moves(
    library: Library, reader: Library, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stray = relative_path(SHA, 7, Tier.LOW)
    (library.root / stray).touch()
    before_each(monkeypatch, os, "walk", promoting_and_undoing(library, number, Strategy.DELETE))
    assert [(f.code, f.path) for f in check_library(reader).findings] == [(FindingCode.ORPHAN_IMAGE, stray)]


def test_what_vanishes_while_it_is_looked_at_is_no_finding(
    library: Library, reader: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    strays = [library.root / name for name in ("notes.txt", "pending/x", "images/x")]
    for stray in strays:
        stray.touch()

    def tidy() -> None:
        for stray in strays:
            stray.unlink()

    before_each(monkeypatch, LibraryFiles, "stat", once(tidy))
    assert check_library(reader).findings == ()


def test_staging_is_left_only_where_nobody_has_the_library_open(tmp_path: Path) -> None:
    root = tmp_path / "library"
    with Library.open(root) as library, library._journal.staging() as staging:
        staging.make()
        with Library.open(root, readonly=True) as reader:
            assert check_library(reader).findings == ()
        staging.keep = True  # as if it were killed
    with Library.open(root, readonly=True) as reader:
        (finding,) = check_library(reader).findings
    assert (finding.code, finding.key) == (FindingCode.STAGING_LEFT, staging.op)


@pytest.fixture
def stuck(library: Library, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A promotion whose files are still to be moved."""
    with monkeypatch.context() as patches:
        patches.setattr(core.operations.journal, "roll_forward", fails)
        outcome = library.processor.process_single_import(number, Strategy.MERGE)
    assert outcome.action_taken is Action.MERGED and not outcome.in_place


def test_a_pending_image_that_comes_back_during_the_second_look_is_there(
    library: Library, reader: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = add_pending(library, "/m/lost", images=[png(3)])

    def undo_but_for_the_files() -> None:
        with monkeypatch.context() as patches:
            patches.setattr(core.operations.journal, "roll_forward", fails)
            assert library.undo().refused == ""

    works: Iterator[Callable[[], object]] = itertools.chain(
        [lambda: library.processor.process_single_import(number, Strategy.DELETE)],
        itertools.repeat(library._journal.roll_forward_open),
    )

    def work() -> None:
        next(works)()

    before_each(monkeypatch, LibraryFiles, "read_image", work)
    before_each(monkeypatch, core.verify.looks, "_look_again", once(undo_but_for_the_files))
    assert check_library(reader).findings == ()
    assert library.history.operations(1)[0].operation.kind is OperationKind.UNDO


@pytest.mark.usefixtures("stuck")
def test_an_operation_whose_files_are_moved_a_moment_later_is_not_open(
    library: Library, reader: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.verify.rows, "_PATIENCE", 60)
    before_each(monkeypatch, time, "sleep", library._journal.roll_forward_open)
    assert check_library(reader).findings == ()


@pytest.mark.usefixtures("stuck")
def test_an_operation_that_stays_open_is_told_though_a_process_lives(
    reader: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.verify.rows, "_PATIENCE", 0.1)
    assert codes(check_library(reader).findings) == [FindingCode.OPEN_ENTRY]


def test_three_hundred_runs_beside_a_process_that_promotes_and_undoes() -> None:
    """A short version of what ``make torture`` does ten thousand times."""
    arguments = [sys.executable, "-m", "tests.torture", "verify", "--quick"]
    found = subprocess.run(arguments, cwd=ROOT, capture_output=True, check=False, text=True, timeout=300)
    assert found.returncode == 0, found.stdout + found.stderr
    operations = re.findall(r"\d+ runs beside (\d+) operations, 0 false findings, 0 missed", found.stdout)
    assert len(operations) == 2, found.stdout
    assert int(operations[0]) >= 20, "hardly anything happened meanwhile"
