"""Recovery: what was committed before a crash is finished at the next opening, and readers see it before that."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import core.operations.journal
from core import Library, Strategy
from core.domain.enums import Action, Status
from core.domain.operations import Move
from core.domain.outcomes import Outcome
from core.errors import LibraryError
from core.operations.roll_forward import roll_forward
from core.verify import check_library
from core.verify.findings import FindingCode
from tests.support.builders import (
    add_model,
    add_pending,
    digest,
    files,
    journal,
    model_file,
    model_of,
    png,
    snapshot,
    sources,
    trash,
)
from tests.support.paths import ROOT

WEIGHTS = b"weights"
SHA = digest(WEIGHTS)
KILL = """
import os, sys
from core import Library
folder, number, strategy, event, count = sys.argv[1:]
seen = 0
def hook(name, args):
    global seen
    if name == event:
        seen += 1
        if seen == int(count):
            os._exit(9)
library = Library.open(folder)
sys.addaudithook(hook)
library.processor.process_single_import(int(number), strategy)
library.close()
"""


def killed(root: Path, number: int, strategy: Strategy, event: str, count: int) -> None:
    """Promote in a process of its own that ends, as if killed, before its ``count``-th call of ``event``."""
    arguments = [sys.executable, "-c", KILL, str(root), str(number), strategy, event, str(count)]
    found = subprocess.run(arguments, cwd=ROOT, capture_output=True, check=False)
    assert found.returncode == 9, found.stderr.decode()


def prepared(root: Path, weights: Path) -> int:
    with Library.open(root) as library:
        add_model(library, SHA, weights, tag_names=["old"], images=[png(1), png(2)])
        return add_pending(library, weights, name="taken", tag_names=["new"], images=[png(3), b"no image"])


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return model_file(tmp_path, "m", WEIGHTS)


@pytest.mark.parametrize(
    ("event", "count"), [("os.rename", 1), ("os.rename", 3), ("os.rename", 5), ("os.link", 1), ("os.link", 3)]
)
def test_a_promotion_killed_after_its_commit_is_finished_at_opening(
    tmp_path: Path, weights: Path, event: str, count: int
) -> None:
    root = tmp_path / "library"
    number = prepared(root, weights)
    killed(root, number, Strategy.OVERRIDE, event, count)
    with Library.open(root) as library:
        assert library.recovered
        assert model_of(library, SHA).name == "taken"
        assert model_of(library, SHA).tags == ("new", "old")
        assert sources(library, SHA) == [(0, digest(png(3))), (1, digest(png(2)))]
        assert library.show(str(number)) is None
        entry = journal(library)[-1]
        assert (entry["action"], entry["open"], entry["lost"]) == ("overridden", 0, None)
        assert len(trash(library)[entry["op"]]) == 3 + 2, "the three old tiers, and both pending images"
        assert (files(root / "staging"), files(root / "pending")) == ({}, {})
        assert check_library(library).findings == ()
    with Library.open(root) as library:
        assert not library.recovered


def test_a_promotion_killed_before_its_commit_has_not_happened(tmp_path: Path, weights: Path) -> None:
    root = tmp_path / "library"
    number = prepared(root, weights)
    with Library.open(root) as library:
        before = snapshot(library)
    killed(root, number, Strategy.MERGE, "open", 1)  # the first file it opens is the model's
    killed(root, number, Strategy.MERGE, "os.mkdir", 1)  # its staging folder
    with Library.open(root) as library:
        assert not library.recovered
        assert snapshot(library) == before
        assert library.processor.process_single_import(number, Strategy.MERGE).status is Status.SUCCESS


@pytest.fixture
def stuck(library: Library, weights: Path) -> Iterator[tuple[Library, Outcome, Path]]:
    """A promotion that has happened, but whose files cannot be put in place: a file stands where a folder must."""
    add_model(library, "ab" * 32, weights)
    number = add_pending(library, weights, tag_names=["t"], images=[png(1), png(2)])
    obstacle = library.root / "images" / SHA[:2]

    def obstructed(root: Path, moves: Sequence[Move]) -> list[str]:
        obstacle.write_bytes(b"in the way")
        return roll_forward(root, moves)

    with patch.object(core.operations.journal, "roll_forward", obstructed):
        outcome = library.processor.process_single_import(number)
    yield library, outcome, obstacle


def test_it_has_happened_though_the_files_follow(stuck: tuple[Library, Outcome, Path]) -> None:
    library, outcome, obstacle = stuck
    assert (outcome.status, outcome.action_taken, outcome.in_place) == (Status.SUCCESS, Action.INSERTED, False)
    assert outcome.images == (f"{SHA}_0.webp", f"{SHA}_1.webp")
    assert model_of(library, SHA).tags == ("t",)
    assert journal(library)[-1]["open"] == 1
    obstacle.unlink()
    library.close()
    with Library.open(library.root) as again:
        assert again.recovered
        assert sources(again, SHA) == [(0, digest(png(1))), (1, digest(png(2)))]
        assert journal(again)[-1]["open"] == 0
        assert (files(again.root / "staging"), files(again.root / "pending")) == ({}, {})


def test_a_reader_sees_an_open_entry_as_it_will_be(stuck: tuple[Library, Outcome, Path]) -> None:
    library, outcome, _ = stuck
    library.close()
    before = files(library.root)
    with Library.open(library.root, readonly=True) as reader:
        assert reader.image_scanner.get_image_list(SHA) == [f"{SHA}_0", f"{SHA}_1"]
        assert reader.image_scanner.get_next_sequence_index(SHA) == 2
        entry = reader.show(SHA)
        assert entry is not None and entry.images == outcome.images
        with reader.image_scanner.open_image(f"{SHA}_1", "low") as file:
            assert file.read(4) == b"RIFF"
        assert reader.pictures.of_model(f"{SHA}_0", 8, 8).width == 8
        assert list(reader.queue.search()) == []
        report = check_library(reader)
        codes = [finding.code for finding in report.findings]
        assert report.ok and codes == [FindingCode.OPEN_ENTRY, FindingCode.UNKNOWN_FILE], (
            "the other is what must be undone first"
        )
        assert not reader.recovered
    assert files(library.root) == before


def test_no_writer_goes_on_while_an_entry_cannot_be_finished(stuck: tuple[Library, Outcome, Path]) -> None:
    library, _, obstacle = stuck
    number = add_pending(library, model_file(library.root.parent, "other", b"other"))
    before = snapshot(library)
    outcome = library.processor.process_single_import(number)
    assert outcome.status is Status.ERROR and str(obstacle) in (outcome.error or "")
    assert snapshot(library) == before
    library.close()
    with pytest.raises(LibraryError, match="cannot be put in place"):
        Library.open(library.root)


def test_the_next_writer_finishes_what_is_open(stuck: tuple[Library, Outcome, Path]) -> None:
    library, _, obstacle = stuck
    number = add_pending(library, model_file(library.root.parent, "other", b"other"), images=[png(4)])
    obstacle.unlink()
    outcome = library.processor.process_single_import(number)
    assert (outcome.status, outcome.in_place) == (Status.SUCCESS, True)
    assert [seq for seq, _ in sources(library, SHA)] == [0, 1]
    assert sources(library, digest(b"other")) == [(0, digest(png(4)))]
    assert [entry["open"] for entry in journal(library)] == [0, 0]


def test_numbers_are_given_behind_those_of_an_open_entry(stuck: tuple[Library, Outcome, Path], weights: Path) -> None:
    library, _, obstacle = stuck
    number = add_pending(library, weights, images=[png(5)])
    assert library.processor.plan(number, Strategy.MERGE).images.added == (2,)
    obstacle.unlink()
    library.processor.process_single_import(number, Strategy.MERGE)
    assert sources(library, SHA) == [(n, digest(png(seed))) for n, seed in enumerate((1, 2, 5))]


def test_what_is_found_in_neither_place_is_reported(stuck: tuple[Library, Outcome, Path]) -> None:
    library, _, obstacle = stuck
    move = journal(library)[-1]["moves"][0]
    (library.root / move["src"]).unlink()
    obstacle.unlink()
    library.close()
    with Library.open(library.root) as again:
        assert again.recovered
        assert journal(again)[-1]["lost"] == [move["dst"]]
        report = check_library(again)
        assert not report.ok
        assert {finding.code for finding in report.findings} == {FindingCode.FILES_LOST, FindingCode.TIERS_INCOMPLETE}


def test_staging_is_swept_only_by_one_that_has_the_library_alone(tmp_path: Path) -> None:
    root = tmp_path / "library"
    with Library.open(root):
        left = root / "staging" / ("ab" * 16)
        left.mkdir()
        (left / "0_high").write_bytes(b"x")
        with Library.open(root):
            assert left.exists()
        with Library.open(root, readonly=True):
            assert left.exists()
    (root / "staging" / "mine").mkdir()  # staging/ may be a link to where other things are
    with Library.open(root):
        assert os.listdir(root / "staging") == ["mine"]


def test_staging_that_two_libraries_share_is_swept_only_by_one_that_has_it_alone(tmp_path: Path) -> None:
    left = tmp_path / "one" / "staging" / ("ab" * 16)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "staging").symlink_to(left.parent)
    with Library.open(tmp_path / "one"):
        left.mkdir()
        with Library.open(tmp_path / "other"):
            assert left.exists()
    with Library.open(tmp_path / "other"):
        assert not left.exists()


@pytest.mark.parametrize("decided", [False, True])
def test_staging_of_a_process_that_lost_its_lock_file_is_not_lost(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decided: bool
) -> None:
    """Another process that opens the library takes it that nobody has it open, and cleans around the commit."""
    number = add_pending(library, model_file(tmp_path, "m", WEIGHTS), images=[png(1), png(2)])
    for lock in library.root.glob("*.lock"):
        lock.unlink()
    with Library.open(library.root) as other:

        def after_cleaning(step: str) -> None:
            go_on = getattr(library._journal, step)

            def run(*told: Any) -> Any:
                monkeypatch.undo()
                other._journal.clean_staging(other._journal.left_behind())
                return go_on(*told)

            monkeypatch.setattr(library._journal, step, run)

        after_cleaning("roll_forward_open" if decided else "execute")
        outcome = library.processor.process_single_import(number, Strategy.MERGE)
        assert outcome.status is (Status.SUCCESS if decided else Status.ERROR)
        if not decided:
            assert "nothing was changed" in str(outcome.error)
            assert library.processor.process_single_import(number, Strategy.MERGE).status is Status.SUCCESS
    assert check_library(library).ok
    assert len(sources(library, SHA)) == 2
