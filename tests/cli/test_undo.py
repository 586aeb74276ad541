"""``undo``, ``history`` and ``backup`` on the command line."""

from __future__ import annotations

import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core import Library, Strategy
from core.domain.history import UndoReport
from core.text import sanitize
from tests.support.builders import OldRow, add_model, add_pending, digest, model_file, old_database, png
from tests.support.cli import program, run

NAME = "old\x1b.db"


def promoted(tmp_path: Path) -> Path:
    """A library in which one import was deleted, and then one merged into what was there."""
    root = tmp_path / "library"
    path = model_file(tmp_path, "x.safetensors")
    with Library.open(root) as library:
        add_model(library, digest(b"weights"), path, images=[png(1)])
        first = add_pending(library, path, name="gone\x1b[31m", images=[png(2)])
        second = add_pending(library, path, name="[bold]second", images=[png(3)])
        library.processor.process_single_import(first, Strategy.DELETE)
        library.processor.process_single_import(second, Strategy.MERGE)
    return root


def test_undo_takes_the_newest_back(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    ran = run("undo", library=root)
    assert (ran.code, ran.out, ran.err) == (0, "2  undone: merged\n", "")
    assert [row["id"] for row in run("pending", "--json", library=root).object["pending"]] == [2]


def test_undo_as_json(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    ran = run("undo", "2", "--json", library=root)
    assert ran.code == 0
    assert ran.object == {
        "undone": [
            {"id": 2, "sha256": digest(b"weights"), "action_taken": "merged"},
            {"id": 1, "sha256": None, "action_taken": "deleted"},
        ]
    }


def imported(tmp_path: Path) -> Path:
    """A library with two imports, one with a hash and one without, from an old database; one of them is decided."""
    rows = [OldRow(1, "/m/a", hash_hex="ab" * 32), OldRow(2, "/m/b")]
    with Library.open(tmp_path / "library") as library:
        library.import_legacy(old_database(tmp_path / NAME, rows))
        library.queue.decide([2], Strategy.MERGE)
    return tmp_path / "library"


def test_undo_takes_an_import_back_as_one(tmp_path: Path) -> None:
    root = imported(tmp_path)
    ran = run("undo", library=root)
    words = f"undone: import of 2 rows from {sanitize(NAME)} (1 model, 1 pending import; 1 decision dropped)\n"
    assert (ran.code, ran.out, ran.err) == (0, words, "")
    undone, done = run("history", library=root).out.splitlines()
    assert "undid imported  old" in undone
    assert "imported  " in done and done.endswith("undone by 2")


def test_undo_of_an_import_as_json(tmp_path: Path) -> None:
    root = imported(tmp_path)
    (undone,) = run("undo", "--json", library=root).object["undone"]
    assert undone == {
        "id": None,
        "sha256": None,
        "action_taken": "imported",
        "source": str(tmp_path / NAME),
        "models": 1,
        "pending": 1,
        "images": 0,
        "updated": 0,
        "decisions": 1,
    }


def test_an_import_of_an_earlier_version_is_told_to_stay(tmp_path: Path) -> None:
    root = imported(tmp_path)
    with closing(sqlite3.connect(root / "library.db")) as connection, connection:
        connection.execute("UPDATE journal SET action = NULL, before = NULL, after = NULL")
    assert run("history", library=root).out.endswith("cannot be undone: made by an earlier version\n")
    assert run("undo", library=root).failed(1) == "there is nothing to undo"


def test_ctrl_c_ends_between_two_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = imported(tmp_path)
    undo = Library.undo

    def interrupted(library: Library, count: int, *, cancel: threading.Event, progress: Any) -> UndoReport:
        signal.raise_signal(signal.SIGINT)
        return undo(library, count, cancel=cancel, progress=progress)

    monkeypatch.setattr(Library, "undo", interrupted)
    ran = run("undo", "--json", library=root)
    assert (ran.code, ran.object) == (
        130,
        {"undone": [], "error": "interrupted: 0 of 1 were undone; undo again to go on"},
    )


def test_nothing_left_to_undo_is_a_failure_that_says_what_was_done(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    ran = run("--json", "undo", "3", library=root)
    assert ran.code == 1
    assert [one["id"] for one in ran.object["undone"]] == [2, 1]
    assert ran.object["error"] == "there is nothing to undo"
    again = run("undo", library=root)
    assert again.failed(1) == "there is nothing to undo"
    assert again.out == ""


def test_a_refused_one_stops_the_older(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    with closing(sqlite3.connect(root / "library.db")) as connection, connection:
        connection.execute("UPDATE models SET name = 'edited'")
    assert "its model was changed since" in run("undo", "2", library=root).failed(1)
    assert run("pending", "--json", library=root).object == {"pending": []}


def test_wrong_counts_are_wrong_usage(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    for count in ("0", "-1", "x", "99999999999999999999999"):
        assert run("undo", "--", count, library=root).code == 2


def test_undo_makes_no_library(tmp_path: Path) -> None:
    assert "there is no library" in run("undo", library=tmp_path / "typo").failed(1)
    assert not (tmp_path / "typo").exists()


def test_the_history(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    run("undo", library=root)
    lines = run("history", library=root).out.splitlines()
    assert [line.split()[3] for line in lines] == ["undid", "merged", "deleted", "image"]
    assert "undone by" in lines[1] and "[bold]second" in lines[1]
    assert "[bold]second" in lines[0], "what was taken back"
    assert "\x1b" not in lines[2]
    past = run("history", "--json", "--limit", "2", library=root).object["operations"]
    assert [one["kind"] for one in past] == ["undo", "promote"]
    assert past[1]["undone_by"] == past[0]["n"]
    assert set(past[0]) == {
        *("n", "kind", "id", "sha256", "action_taken", "name", "at", "open", "undone_by", "kept", "lost")
    }


def test_an_empty_history(tmp_path: Path) -> None:
    Library.open(tmp_path / "library").close()
    assert run("history", library=tmp_path / "library").out == "Nothing has happened yet.\n"


def test_a_backup(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    ran = run("backup", tmp_path / "copy.db", "--json", library=root)
    assert (ran.code, ran.object) == (0, {"backup": str(tmp_path / "copy.db")})
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert connection.execute("SELECT count(*) FROM journal").fetchone() == (3,)
    assert "overwrites nothing" in run("backup", tmp_path / "copy.db", library=root).failed(1)


def test_the_environment_says_how_long_the_trash_keeps_things(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    with Library.open(root) as library:
        add_pending(library, tmp_path / "x.safetensors")
    before = len(list((root / "trash").iterdir()))
    assert before == 2
    assert program("undo", env={"MODEL_CURATOR_LIBRARY": str(root), "MODEL_CURATOR_TRASH_DAYS": "x"}).returncode == 2
    ran = program("undo", env={"MODEL_CURATOR_LIBRARY": str(root), "MODEL_CURATOR_TRASH_GIB": "0"})
    assert "its files are no longer in the trash" in ran.stderr
    assert list((root / "trash").iterdir()) == []


def test_what_was_left_open_is_finished_and_told(tmp_path: Path) -> None:
    root = promoted(tmp_path)
    with closing(sqlite3.connect(root / "library.db")) as connection, connection:
        connection.execute("UPDATE journal SET open = 1 WHERE n = 3")
    ran = run("undo", library=root)
    assert (ran.code, ran.out) == (0, "2  undone: merged\n")
    assert ran.err == "an interrupted operation was finished: its files are in place\n"
