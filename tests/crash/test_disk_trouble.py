"""A full, failing or read-only disk: before the commit nothing has happened, after it the files follow."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import Library, Strategy
from core.domain.enums import Action, Status
from core.errors import LibraryError
from core.verify import check_library
from tests.support.builders import add_model, add_pending, digest, journal, model_file, png, snapshot, sources
from tests.torture.errors import honest
from tests.torture.fault_points import Hook, injected, named, names_of
from tests.torture.scenarios import Scene, one_thread
from tests.torture.strace_kills import judge

SHA = digest(b"weights")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES)
EVERY = {"promote merge": 3, "promote override": 4, "undo override": 3, "stage 1": 9}


def failing(at: int, code: int, *, lasting: bool) -> Hook:
    """Fail the call number ``at``, and all after it if ``lasting``."""
    met = itertools.count()

    def strike(_name: str, path: str | None) -> None:
        number = next(met)
        if number == at or (lasting and number > at):
            raise OSError(code, os.strerror(code), path)

    return strike


def answered(scene: Scene, root: Path, strike: Hook) -> str:
    with injected(strike, sql=False):
        return scene.work(root)


@pytest.mark.parametrize("name", ["promote merge", "promote override", "promote delete", "undo override", "stage 1"])
def test_any_call_that_fails_is_told_as_what_it_comes_to(name: str, tmp_path: Path) -> None:
    """Errors go round, once and for good, from call to call; every single one of each is in ``make torture``."""
    trials = itertools.product((False, True), ERRORS)
    with one_thread():
        scene = named(name, tmp_path)
        calls = names_of(scene, tmp_path, sql=False)
        ends = set()
        for at, (lasting, code) in zip(range(0, len(calls), EVERY.get(name, 1)), itertools.cycle(trials), strict=False):
            root = scene.fresh(tmp_path)
            answer = answered(scene, root, failing(at, code, lasting=lasting))
            state = judge(scene, root)
            honest(scene, answer, state)
            if answer.startswith("error") and name != "stage 1":
                assert state == 0, f"{calls[at]} failed: {answer}"
            ends.add(answer.split(":")[0])
    if name not in ("undo override", "promote delete"):  # those touch no file before the commit
        assert {"error"} < ends, "the calls lie on one side of the commit only"


@pytest.fixture
def library(library: Library, tmp_path: Path) -> Library:
    add_model(library, SHA, model_file(tmp_path, "m", b"weights"), images=[png(1)])
    return library


def add(library: Library, tmp_path: Path, *seeds: int) -> int:
    return add_pending(library, tmp_path / "m", images=[png(seed) for seed in seeds], meta={"notes": "n" * 50_000})


def at_first(name: str, code: int, root: str, *, lasting: bool = False) -> Hook:
    """Fail the first call of that name on a path below ``root``, and all such calls if ``lasting``."""
    left = itertools.count()

    def strike(called: str, path: str | None) -> None:
        if called == name and (path or "").startswith(root) and (not next(left) or lasting):
            raise OSError(code, os.strerror(code), path)

    return strike


def test_a_database_that_cannot_grow_changes_nothing_and_works_once_it_can(library: Library, tmp_path: Path) -> None:
    number = add(library, tmp_path, 2, 3)
    library.processor.plan(number, Strategy.MERGE)  # hashes, and judges the images
    before = snapshot(library)
    [(pages,)] = library.store.db.execute("PRAGMA page_count")
    library.store.db.execute(f"PRAGMA max_page_count={pages}").fetchone()
    outcome = library.processor.process_single_import(number, Strategy.MERGE)
    assert outcome.status is Status.ERROR
    assert "could not be written (database or disk is full); nothing was changed" in str(outcome.error)
    assert snapshot(library) == before
    library.store.db.execute("PRAGMA max_page_count=1000000").fetchone()
    assert library.processor.process_single_import(number, Strategy.MERGE).action_taken is Action.MERGED
    assert [source for _, source in sources(library, SHA)] == [digest(png(seed)) for seed in (1, 2, 3)]


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("name", ["open", "os.mkdir"])
def test_staging_that_fails_is_an_error_that_names_the_file(
    library: Library, tmp_path: Path, name: str, code: int
) -> None:
    number = add(library, tmp_path, 2)
    before = snapshot(library)
    with injected(at_first(name, code, str(library.root / "staging")), sql=False):
        outcome = library.processor.process_single_import(number, Strategy.MERGE)
    assert outcome.status is Status.ERROR
    assert os.strerror(code) in str(outcome.error) and str(library.root / "staging") in str(outcome.error)
    assert snapshot(library) == before
    assert library.processor.process_single_import(number, Strategy.MERGE).status is Status.SUCCESS


@pytest.mark.parametrize("name", ["open", "os.mkdir"])
def test_an_image_that_cannot_be_staged_is_not_added_and_the_file_is_named(
    library: Library, tmp_path: Path, name: str
) -> None:
    (tmp_path / "b.png").write_bytes(png(2))
    before = snapshot(library)
    staging = str(library.root / "staging")
    with (
        injected(at_first(name, errno.ENOSPC, staging), sql=False),
        pytest.raises(LibraryError, match=f"^No space left on device: {staging}/.*; nothing was changed$"),
    ):
        library.image_processor.promote_pending_image(tmp_path / "b.png", SHA, 1)
    assert snapshot(library) == before
    library.image_processor.promote_pending_image(tmp_path / "b.png", SHA, 1)
    assert [source for _, source in sources(library, SHA)] == [digest(png(seed)) for seed in (1, 2)]


def after_the_commit(library: Library, number: int, code: int, *, lasting: bool) -> Callable[[int], Status]:
    """Promote so that no file can be moved; return how another promotion ends under the same trouble."""
    strike = at_first("os.replace", code, str(library.root), lasting=lasting)
    with injected(strike, sql=False):
        outcome = library.processor.process_single_import(number, Strategy.MERGE)
        assert (outcome.status, outcome.action_taken) == (Status.SUCCESS, Action.MERGED)
        assert not outcome.in_place
        assert outcome.images == (f"{SHA}_0.webp", f"{SHA}_1.webp")

    def promote(other: int) -> Status:
        with injected(strike, sql=False):
            again = library.processor.process_single_import(other, Strategy.MERGE)
        if lasting:
            stuck = [entry for entry in journal(library) if entry["open"]]
            assert str(library.root / stuck[0]["moves"][0]["dst"]) in str(again.error)
        return again.status

    return promote


@pytest.mark.parametrize("code", ERRORS)
def test_after_the_commit_the_next_writer_brings_the_files(library: Library, tmp_path: Path, code: int) -> None:
    first, second = add(library, tmp_path, 2), add(library, tmp_path, 3)
    assert after_the_commit(library, first, code, lasting=False)(second) is Status.SUCCESS
    assert [source for _, source in sources(library, SHA)] == [digest(png(seed)) for seed in (1, 2, 3)]
    assert not any(entry["open"] for entry in journal(library))


@pytest.mark.parametrize("code", ERRORS)
def test_a_lasting_error_stops_all_writers_and_opening_mends_it(tmp_path: Path, code: int) -> None:
    root = tmp_path / "library"
    with Library.open(root) as library:
        add_model(library, SHA, model_file(tmp_path, "m", b"weights"), images=[png(1)])
        first, second = add(library, tmp_path, 2), add(library, tmp_path, 3)
        assert after_the_commit(library, first, code, lasting=True)(second) is Status.ERROR
        assert library.show(str(second)) is not None
    with Library.open(root) as library:
        assert library.recovered
        assert [source for _, source in sources(library, SHA)] == [digest(png(seed)) for seed in (1, 2)]
        assert library.processor.process_single_import(second, Strategy.MERGE).status is Status.SUCCESS
        assert check_library(library).findings == ()


def test_an_image_that_cannot_be_read_for_a_moment_is_not_lost(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending_id = add_pending(library, model_file(tmp_path, "other", b"other"), images=[png(1)])
    before = snapshot(library)
    really_open = os.open

    def failing(path: Any, *args: Any, **more: Any) -> int:
        if str(path).endswith(f"{pending_id}_0.png"):
            raise OSError(errno.EIO, "Input/output error", str(path))
        return really_open(path, *args, **more)

    with monkeypatch.context() as trouble:
        trouble.setattr(os, "open", failing)
        outcome = library.processor.process_single_import(pending_id)
    assert outcome.status is Status.ERROR
    assert f"pending/{pending_id}_0.png" in (outcome.error or "") and "try again" in (outcome.error or "")
    assert snapshot(library) == before
    assert library.processor.process_single_import(pending_id).images == (f"{digest(b'other')}_0.webp",)
