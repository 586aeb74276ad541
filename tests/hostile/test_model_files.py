"""Model files that change while being hashed, at real sizes: no wrong hash is stored, and the row stays."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from core import Library, Strategy
from core.domain.enums import State, Status
from tests.support.builders import add_pending, digest, model_file, pending_of, png, snapshot
from tests.support.cli import run

MEBIBYTE = 1024 * 1024
WEIGHTS = random.Random(1).randbytes(4 * MEBIBYTE)
OTHER = random.Random(2).randbytes(4 * MEBIBYTE)


def _overwritten_behind(path: Path) -> None:
    """Change bytes that have been read already; size and inode stay."""
    with path.open("r+b") as file:
        file.write(OTHER[:100])


def _overwritten_ahead(path: Path) -> None:
    """Change bytes that are still to be read, and set the time back as a copying program does."""
    times = path.stat()
    with path.open("r+b") as file:
        file.seek(3 * MEBIBYTE)
        file.write(OTHER[:100])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _replaced(path: Path) -> None:
    model_file(path.parent, "other", OTHER).replace(path)


def _by_a_link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


def _by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _grown(path: Path) -> None:
    with path.open("ab") as file:
        file.write(OTHER)


CHANGES: dict[str, Callable[[Path], object]] = {
    "changed in place, behind": _overwritten_behind,
    "changed in place, ahead": _overwritten_ahead,
    "replaced": _replaced,
    "moved, a link in its place": _by_a_link,
    "a folder in its place": _by_a_folder,
    "cut": lambda path: os.truncate(path, 2 * MEBIBYTE + 5),
    "emptied": lambda path: os.truncate(path, 0),
    "grown": _grown,
    "vanished": lambda path: path.unlink(),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_in_the_middle_of_hashing_stores_no_wrong_hash(library: Library, tmp_path: Path, kind: str) -> None:
    path = model_file(tmp_path, "models/m.safetensors", WEIGHTS)
    number = add_pending(library, path, images=[png(1)], tag_names=["t"])
    before, record = snapshot(library), pending_of(library, number)
    changed = False

    def meanwhile(done: int, total: int) -> None:
        nonlocal changed
        if done == 2 * MEBIBYTE and not changed:
            changed = True
            CHANGES[kind](path)

    outcome = library.processor.process_single_import(number, Strategy.MERGE, progress=meanwhile)
    assert changed
    if kind == "moved, a link in its place":  # the very same file, but its times say that something happened to it
        assert outcome.status in (Status.ERROR, Status.SUCCESS)
    else:
        assert outcome.status is Status.ERROR and outcome.error and "\n" not in outcome.error
        assert (snapshot(library), pending_of(library, number)) == (before, record)
    stored = [sha256 for (sha256,) in library.store.db.execute("SELECT sha256 FROM file_hashes")]
    stored += [sha256 for (sha256,) in library.store.db.execute("SELECT sha256 FROM models")]
    assert set(stored) <= ({digest(path.read_bytes())} if path.is_file() else set())
    if path.is_file() and path.stat().st_size and outcome.status is Status.ERROR:
        again = library.processor.process_single_import(number)
        assert (again.status, again.sha256) == (Status.SUCCESS, digest(path.read_bytes()))


def test_a_file_changed_after_it_was_hashed_is_hashed_anew(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "m.safetensors", WEIGHTS)
    number = add_pending(library, path)
    assert library.processor.dry_run(number).sha256 == digest(WEIGHTS)
    assert library.queue.rows([number])[0].state is State.NEW
    _overwritten_ahead(path)
    assert library.queue.rows([number])[0].state is State.UNHASHED
    assert library.processor.process_single_import(number).sha256 == digest(path.read_bytes()) != digest(WEIGHTS)


def test_the_command_says_the_reason_and_the_row_stays(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "folder.safetensors").mkdir()
    os.mkfifo(folder / "fifo.safetensors")
    (folder / "dangling.safetensors").symlink_to("nothing")
    (folder / "empty.safetensors").touch()
    (folder / "device.safetensors").symlink_to("/dev/zero")
    reasons = {
        "missing": "missing", "folder": "not a regular file", "fifo": "not a regular file", "dangling": "missing",
        "empty": "empty", "device": "not a regular file",
    }  # fmt: skip
    ids = [add_pending(library, folder / f"{name}.safetensors") for name in reasons]
    ran = run("promote", *ids, "--json", library=library.root)
    results = ran.object["results"]
    assert ran.code == 1 and [result["status"] for result in results] == ["error"] * len(ids)
    for result, reason in zip(results, reasons.values(), strict=True):
        assert reason in result["error"] and result["sha256"] is None, json.dumps(result)
    assert list(library.queue.search()) == ids
    states = {row.path: row.state for row in library.queue.rows(ids)}
    assert set(states.values()) <= {State.MISSING, State.UNHASHED}
    real = model_file(folder, "real.safetensors", b"real")
    (folder / "link.safetensors").symlink_to(real.name)
    number = add_pending(library, folder / "link.safetensors")
    assert run("promote", number, "--json", library=library.root).object["results"][0]["sha256"] == digest(b"real")
