"""An interrupt at any moment: committed work stays whole, uncommitted work leaves nothing, and work can continue."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlite_utils import Database

from core import Library, Strategy
from core.domain.enums import Status
from core.files.durable import remove_folder
from core.verify import check_library
from tests.support.builders import OldRow, add_model, add_pending, digest, model_file, old_database, png, sources
from tests.support.cli import Ran, environment, run
from tests.support.paths import ROOT

INTERRUPTS = (KeyboardInterrupt, MemoryError, SystemExit)


@contextmanager
def interrupted_commit(error: type[BaseException]) -> Iterator[None]:
    """Raise ``error`` once a commit has written an entry, as a signal that came while it was synced does."""
    entries: list[str] = []
    injected: list[str] = []
    execute = Database.execute

    def strike(db: Database, sql: str, *args: Any) -> Any:
        result = execute(db, sql, *args)
        if sql.startswith("INSERT INTO journal"):
            entries.append(sql)
        elif sql == "COMMIT" and entries and not injected:
            injected.append(sql)
            raise error
        return result

    with patch.object(Database, "execute", strike), pytest.raises(error):
        yield
    assert injected


@pytest.mark.parametrize("error", INTERRUPTS)
@pytest.mark.parametrize("strategy", [Strategy.MERGE, Strategy.OVERRIDE])
def test_an_interrupted_commit_keeps_the_images_it_named(
    library: Library, tmp_path: Path, strategy: Strategy, error: type[BaseException]
) -> None:
    weights = model_file(tmp_path, "m", b"weights")
    add_model(library, digest(b"weights"), weights, images=[png(1)])
    number = add_pending(library, weights, images=[png(2), png(3)])
    with interrupted_commit(error):
        library.processor.process_single_import(number, strategy)
    assert library.processor.process_single_import(number, strategy).status is Status.NOT_FOUND
    assert library.undo().undone, "the next writer finishes it, and then it can be taken back"
    assert library.processor.process_single_import(number, strategy).status is Status.SUCCESS
    expected = [1, 2, 3] if strategy is Strategy.MERGE else [2, 3]
    assert [source for _, source in sources(library, digest(b"weights"))] == [digest(png(n)) for n in expected]
    library.close()
    with Library.open(library.root) as again:
        assert check_library(again).findings == ()


@pytest.mark.parametrize("error", INTERRUPTS)
def test_an_interrupted_batch_keeps_its_images(library: Library, tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "one.png").write_bytes(png(1))
    old = old_database(tmp_path / "old.db", [OldRow(1, "/m/a", {"images": ["one.png"]}, "a" * 64)])
    with interrupted_commit(error):
        library.import_legacy(old, images_dir=tmp_path / "old")
    assert not library.import_legacy(old, images_dir=tmp_path / "old").problems
    assert library.image_scanner.get_image_list("a" * 64) == ["a" * 64 + "_0"]
    library.close()
    with Library.open(library.root) as again:
        assert check_library(again).ok
        assert again.image_scanner.get_image_list("a" * 64) == ["a" * 64 + "_0"]


def test_an_interrupt_while_a_folder_is_removed_is_not_hidden_by_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    close = os.close

    def strike(descriptor: int) -> None:
        close(descriptor)
        raise KeyboardInterrupt

    with patch.object(os, "close", strike), pytest.raises(KeyboardInterrupt):
        remove_folder(tmp_path / "folder")


def test_ctrl_c_while_an_old_database_is_opened_is_no_fault_of_the_database(library: Library, tmp_path: Path) -> None:
    old = old_database(tmp_path / "old.db", [OldRow(n, f"/m/{n}") for n in range(500)])

    def strike() -> float:
        if sys._getframe(1).f_code.co_name == "late":  # SQLite calls it, and swallows what it raises
            raise KeyboardInterrupt
        return 0.0

    with patch.object(time, "monotonic", strike), pytest.raises(KeyboardInterrupt):
        library.import_legacy(old)
    assert not list(library.queue.search()) and not os.listdir(library.root / "staging")


# The signals come while COMMIT runs, or just before it: Python sees them when it returns.
INTERRUPTING = """
import os, signal, sys
from sqlite_utils import Database
from tui.cli import main
execute, entries = Database.execute, []
def interrupt():
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)
def strike(db, sql, *args):
    if sql.startswith("INSERT INTO journal"):
        entries.append(sql)
    at = sql == "COMMIT" and len(entries) == int(sys.argv[2])
    if at:
        entries.append("")
    if at and sys.argv[1] == "before":
        interrupt()
    result = execute(db, sql, *args)
    if at and sys.argv[1] == "after":
        interrupt()
    return result
Database.execute = strike
main(sys.argv[3:])
"""


def interrupted_twice(when: str, entry: int, *args: object) -> Ran:
    """Run a command line in a process of its own that gets two Ctrl-C at the commit of its ``entry``-th operation."""
    command = [sys.executable, "-c", INTERRUPTING, when, str(entry), *map(str, args)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(("when", "count"), [("before", 1), ("after", 2)])
def test_a_second_ctrl_c_at_a_commit_is_told_as_it_is(library: Library, tmp_path: Path, when: str, count: int) -> None:
    ids = [
        add_pending(library, model_file(tmp_path, name, name.encode()), name=name, images=[png(1), png(2)])
        for name in "abc"
    ]
    library.close()
    ran = interrupted_twice(when, 2, "--json", "--library", library.root, "promote", *ids)
    assert ran.failed(130) == f"interrupted: {count} of 3 were done"
    results = ran.object["results"]
    assert [(one["id"], one["action_taken"]) for one in results] == [(number, "inserted") for number in ids[:count]]
    assert all(len(one["images"]) == 2 for one in results)
    with Library.open(library.root) as again:
        assert list(again.queue.search()) == ids[count:]
        for one in results:
            assert [source for _, source in sources(again, one["sha256"])] == [digest(png(1)), digest(png(2))]
        assert not [finding for finding in check_library(again).findings if finding.severity == "error"]


@pytest.mark.parametrize(("when", "count"), [("before", 1), ("after", 2)])
def test_a_second_ctrl_c_while_undoing_is_told_as_it_is(
    library: Library, tmp_path: Path, when: str, count: int
) -> None:
    ids = [add_pending(library, model_file(tmp_path, name, name.encode()), images=[png(1)]) for name in "abc"]
    for number in ids:
        library.processor.process_single_import(number)
    library.close()
    ran = interrupted_twice(when, 2, "--json", "--library", library.root, "undo", 3)
    assert ran.failed(130) == f"interrupted: {count} of 3 were undone; undo again to go on"
    assert [one["id"] for one in ran.object["undone"]] == ids[::-1][:count]
    with Library.open(library.root) as again:
        assert list(again.queue.search()) == ids[3 - count :]
        assert check_library(again).findings == ()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_second_ctrl_c_while_importing_is_told_and_importing_again_goes_on(tmp_path: Path, when: str) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "one.png").write_bytes(png(1))
    rows = [OldRow(n, str(model_file(tmp_path, f"m{n}")), {"images": ["one.png"]}) for n in range(1, 131)]
    args = ["import-legacy", old_database(tmp_path / "old.db", rows), "--images", tmp_path / "old"]
    root = tmp_path / "library"
    ran = interrupted_twice(when, 2, "--json", "--library", root, *args)
    told = "at least 0 models and 64 pending imports were imported"
    assert ran.failed(130) == f"interrupted: {told}; import again to go on"
    assert (ran.object["pending"], ran.object["images"]) == (64, 64)
    with Library.open(root) as again:
        assert len(again.queue.search()) == (64 if when == "before" else 128)
        assert check_library(again).findings == ()
    assert run(*args, library=root).code == 0
    with Library.open(root) as again:
        assert all(len(row.images) == 1 for row in again.queue.all()) and len(again.queue.search()) == 130
        assert check_library(again).findings == ()


def test_interrupted_at_a_sample_of_all_points_nothing_is_mixed() -> None:
    arguments = [sys.executable, "-m", "tests.torture", "interrupts", "--quick"]
    found = subprocess.run(arguments, cwd=ROOT, capture_output=True, check=False, text=True, timeout=300)
    assert found.returncode == 0, found.stdout + found.stderr
    tried = [int(number) for number in re.findall(r"(\d+) points, .*, 0 bad", found.stdout)]
    assert len(tried) == 42 and sum(tried) > 250, found.stdout
