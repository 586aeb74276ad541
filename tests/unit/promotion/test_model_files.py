"""Model files that cannot be hashed: the promotion fails, and nothing changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core import Library, Strategy
from core.domain.enums import Action, Status
from tests.support.builders import add_model, add_pending, digest, files, model_file, model_of, png, snapshot

WEIGHTS = b"weights"
SHA = digest(WEIGHTS)
TAKING = [None, Strategy.OVERRIDE, Strategy.MERGE]


def _link_to_nothing(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def _file_as_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_bytes(b"")


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "missing"),
    "folder": (lambda path: path.mkdir(), "not a regular file"),
    "fifo": (os.mkfifo, "not a regular file"),
    "dangling link": (_link_to_nothing, "missing"),
    "link to itself": (_link_to_itself, "cannot be read"),
    "empty": (lambda path: path.touch(), "empty"),
    "below a file": (_file_as_folder, "missing"),
    "link to a device": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
}


@pytest.mark.parametrize("strategy", TAKING)
@pytest.mark.parametrize("kind", BAD)
def test_a_model_file_that_is_none(library: Library, tmp_path: Path, kind: str, strategy: Strategy | None) -> None:
    path = tmp_path / "models" / "m.safetensors"
    path.parent.mkdir()
    make, reason = BAD[kind]
    make(path)
    pending_id = add_pending(library, path, images=[png(1)], tag_names=["t"], claimed=SHA)
    before = snapshot(library)
    outcome = library.processor.process_single_import(pending_id, strategy)
    assert (outcome.status, outcome.action_taken, outcome.sha256) == (Status.ERROR, None, None)
    assert reason in (outcome.error or "")
    dry = library.processor.dry_run(pending_id, strategy)
    assert (dry.status, dry.error) == (Status.ERROR, outcome.error)
    assert snapshot(library) == before


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_a_path_that_can_be_none(library: Library, path: str) -> None:
    pending_id = add_pending(library, path, images=[png(1)])
    before = snapshot(library)
    outcome = library.processor.process_single_import(pending_id, Strategy.MERGE)
    assert outcome.status is Status.ERROR and outcome.error
    assert snapshot(library) == before


def _appended(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"!")


def _replaced(path: Path) -> None:
    other = model_file(path.parent, "other", WEIGHTS)
    other.replace(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "grew": _appended,
    "shrank": lambda path: os.truncate(path, 1),
    "rewritten": lambda path: os.utime(path, ns=(1, 1)),
    "replaced by its like": _replaced,
    "vanished": lambda path: path.unlink(),
}


@pytest.mark.parametrize("conflict", [True, False])
@pytest.mark.parametrize("kind", CHANGES)
def test_a_model_file_that_changed_while_it_was_hashed(
    library: Library, tmp_path: Path, kind: str, conflict: bool
) -> None:
    path = model_file(tmp_path, "m.safetensors", WEIGHTS)
    if conflict:
        add_model(library, SHA, "/m/old", images=[png(9)])
    pending_id = add_pending(library, path, images=[png(1)], tag_names=["t"])
    before = snapshot(library)

    def meanwhile(done: int, total: int) -> None:
        if done == len(WEIGHTS):
            CHANGES[kind](path)

    outcome = library.processor.process_single_import(pending_id, Strategy.MERGE, progress=meanwhile)
    assert outcome.status is Status.ERROR and "changed while it was read" in (outcome.error or "")
    assert snapshot(library) == before
    assert not library.store.db.execute("SELECT 1 FROM file_hashes").fetchall(), "a hash of no file was kept"


def test_a_link_to_a_model_file_is_followed(library: Library, tmp_path: Path) -> None:
    real = model_file(tmp_path, "store/m.safetensors", WEIGHTS)
    link = tmp_path / "link.safetensors"
    link.symlink_to(real)
    outcome = library.processor.process_single_import(add_pending(library, link))
    assert (outcome.action_taken, outcome.sha256) == (Action.INSERTED, SHA)
    assert model_of(library, SHA).path == str(link)
    assert real.read_bytes() == WEIGHTS and link.is_symlink()


def test_a_pickle_is_hashed_and_never_loaded(library: Library, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    evil = f"cos\nsystem\n(S'touch {victim}'\ntR.".encode()
    path = model_file(tmp_path, "evil.ckpt", evil)
    assert library.processor.process_single_import(add_pending(library, path)).sha256 == digest(evil)
    assert not victim.exists()
    assert path.read_bytes() == evil


def test_no_promotion_touches_a_model_file(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    paths = [model_file(folder, f"{n}.safetensors", bytes([n // 2, 1])) for n in range(6)]
    for path in paths:
        path.chmod(0o400)
    stats = [path.stat() for path in paths]
    before = files(folder)
    for path in paths:
        number = add_pending(library, path)
        for strategy in (Strategy.SKIP, None, Strategy.MERGE):
            library.processor.process_single_import(number, strategy)
    library.processor.process_single_import(add_pending(library, paths[0]), Strategy.OVERRIDE)
    library.processor.process_single_import(add_pending(library, paths[0]), Strategy.DELETE)
    assert files(folder) == before
    for path, stat in zip(paths, stats, strict=True):
        now = path.stat()
        assert (now.st_mtime_ns, now.st_ctime_ns, now.st_ino) == (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for the superuser")
def test_a_model_file_that_may_not_be_read(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "m.safetensors", WEIGHTS)
    path.chmod(0)
    outcome = library.processor.process_single_import(add_pending(library, path))
    assert outcome.status is Status.ERROR and "cannot be read" in (outcome.error or "")
