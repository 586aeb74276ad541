"""``import-legacy``: its JSON object, unreadable old databases, Ctrl-C."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core import Library
from tests.support.builders import OldRow, files, old_database, png, tables
from tests.support.cli import interrupted, run

KEYS = ["models", "pending", "tags", "images", "skipped", "problems"]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An old database with a model, two pending imports, and an image that is not there."""
    images = tmp_path / "old" / "images"
    images.mkdir(parents=True)
    (images / "one.png").write_bytes(png(1))
    rows = [
        OldRow(1, "D:\\AI\\a.safetensors", {"images": ["/media/one.png"]}, "a" * 64, tags=(5,)),
        OldRow(2, "D:\\AI\\sub\\b.safetensors", {"image": "/media/none.png", "rating": 5}),
        OldRow(3, "/elsewhere/c.safetensors", "[1]"),
    ]
    return old_database(tmp_path / "old" / "old.sqlite3", rows, {5: "tag"})


def test_import_and_again(old: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    args = ["import-legacy", old, "--images", old.parent / "images", "--map", f"D:\\AI={tmp_path}/models/", "--json"]
    ran = run(*args, library=library)
    assert (ran.code, ran.err) == (0, "")
    report = ran.object
    assert list(report) == [*KEYS, "not_found"]
    assert report["not_found"] == [
        {"beginning": f"{tmp_path}/models", "files": 2},
        {"beginning": "/elsewhere", "files": 1},
    ]
    assert [report[key] for key in KEYS[:5]] == [1, 2, 1, 1, 0]
    assert [list(problem) for problem in report["problems"]] == [["row", "field", "reason"]] * 2
    assert sorted(problem["row"] for problem in report["problems"]) == [2, 3]
    rows = run("pending", "--json", library=library).object["pending"]
    assert [row["path"] for row in rows] == [f"{tmp_path}/models/sub/b.safetensors", "/elsewhere/c.safetensors"]
    assert [run(*args, library=library).object[key] for key in KEYS[:5]] == [0, 0, 0, 0, 3]


def test_in_words(old: Path, tmp_path: Path) -> None:
    shown = run("import-legacy", old, "--images", old.parent / "images", library=tmp_path / "library").out
    assert "models    1  added" in shown and "pending   2  added" in shown and "problems  2" in shown
    assert "row  2  image " in shown and "/media/none.png" in shown


def test_a_root_of_this_machine_is_made_absolute(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    run("import-legacy", old, "--map", "D:\\AI=~/models", "--map", "/elsewhere=here", library=tmp_path / "library")
    rows = run("pending", "--json", library=tmp_path / "library").object["pending"]
    assert [row["path"] for row in rows] == ["/home/me/models/sub/b.safetensors", f"{Path.cwd()}/here/c.safetensors"]


@pytest.mark.parametrize("case", ["missing", "folder", "empty", "text", "no models", "cut", "no images"])
def test_what_cannot_be_read_is_one_sentence_and_changes_nothing(case: str, old: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    assert run("import-legacy", old, library=library).code == 0
    before = tables(library / "library.db", without=()), files(library)
    bad = tmp_path / "bad"
    if case == "folder":
        bad.mkdir()
    elif case == "empty":
        bad.touch()
    elif case == "text":
        bad.write_text("id,path\n1,/x\n")
    elif case == "no models":
        old_database(bad, [])
        _without_models(bad)
    elif case == "cut":
        bad.write_bytes(old.read_bytes()[: old.stat().st_size // 2])
    args = ["import-legacy", old if case == "no images" else bad]
    args += ["--images", str(tmp_path / "none")] if case == "no images" else []
    ran = run(*args, "--json", library=library)
    sentence = ran.failed(1)
    assert str(tmp_path / "none" if case == "no images" else bad) in sentence
    assert ran.object == {"error": sentence}
    assert (tables(library / "library.db", without=()), files(library)) == before


def _without_models(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE models")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("place", ["file", "/proc/library", "/dev/null/library"])
def test_a_library_that_cannot_be_made_is_one_sentence(place: str, old: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    ran = run("import-legacy", old, "--json", library=tmp_path / place)
    assert ran.object == {"error": ran.failed(1)}
    assert (tmp_path / "file").read_text() == "mine"


def test_ctrl_c_leaves_whole_batches_and_says_so(tmp_path: Path) -> None:
    old = old_database(tmp_path / "old.sqlite3", [OldRow(n, f"/models/{n}") for n in range(1, 20_001)])
    ran = interrupted("--json", "--library", tmp_path / "library", "import-legacy", old, at="importing: ")
    answer = ran.object
    assert ran.code == 130
    assert list(answer) == [*KEYS, "not_found", "error"]
    assert answer["error"].startswith("interrupted") and answer["error"] in ran.err
    assert 0 < answer["pending"] < 20_000
    with Library.open(tmp_path / "library", readonly=True) as library:
        assert list(library.queue.search()) == list(range(1, answer["pending"] + 1))


def test_model_files_that_are_not_there_are_counted_with_what_to_do(old: Path, tmp_path: Path) -> None:
    lines = run("import-legacy", old, library=tmp_path / "library").out.splitlines()
    assert lines[-3:] == [
        "not found: 2 model files under D:\\AI",
        "not found: 1 model file under /elsewhere",
        "model-curator relink --map OLD=NEW maps these folders to those of this machine",
    ]
