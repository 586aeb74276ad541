"""``pending``, ``show`` and ``images``: their JSON objects and their text output."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from core import Library, Strategy
from core.verify import check_library
from tests.support.builders import add_model, add_pending, digest, files, model_file, png, tables
from tests.support.cli import run
from tests.support.generation import A1111, png_saying
from tests.support.model_tree import put_model
from tui.cli.formatting import verify_lines

HOSTILE = "[bold]x[/nope] [@click=app.quit]\x1b[31m \x1b]52;c;eA==\x07 \x9b \u202eevil\n\ttab\x7f"
ROW_KEYS = ["id", "name", "path", "type", "size_bytes", "sha256", "state", "decision", "tags", "images"]
RECORD_KEYS = ["path", "name", "type", "size_bytes", "created_at", "meta_json", "tags", "images"]
RECORD_KEYS += ["locations", "sources", "claims", "structure", "hashes", "verdict"]


def test_pending_lists_the_queue(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "a.safetensors", b"one")
    first = add_pending(library, path, name="a", tag_names=["z", "b"], images=[png(1), png(2)], claimed="c" * 64)
    second = add_pending(library, tmp_path / "gone", name="gone")
    library.queue.decide([first], Strategy.MERGE)
    rows = run("pending", "--json", library=library.root).object["pending"]
    assert [list(row) for row in rows] == [ROW_KEYS, ROW_KEYS]
    expected = {"id": first, "name": "a", "path": str(path), "type": "lora", "size_bytes": 7, "sha256": None}
    expected |= {"state": "unhashed", "decision": "merge", "tags": ["b", "z"]}
    assert rows[0] == {**expected, "images": [f"{first}_0.png", f"{first}_1.png"]}
    assert (rows[1]["id"], rows[1]["state"], rows[1]["decision"]) == (second, "missing", None)
    assert run("promote", first, "--dry-run", library=library.root).code == 0
    assert run("pending", "--json", library=library.root).object["pending"][0]["sha256"] == digest(b"one")


def test_pending_as_a_table(library: Library) -> None:
    assert run("pending", library=library.root).out == "The queue is empty.\n"
    add_pending(library, "/nowhere", name="墨絵", type_="下")
    add_pending(library, "/nowhere", name="b", type_="checkpoint", size_bytes=6_940_000_000)
    assert run("pending", library=library.root).out.splitlines() == [
        "id  state    decision  type           size  images  name",
        " 1  missing  -         下              7 B       0  墨絵",
        " 2  missing  -         checkpoint  6.94 GB       0  b",
        "",
        "2 pending: 2 missing; 0 decided",
    ]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("", [0, 1, 2]),
        ("ink", [0, 1]),
        ("INK wash", [0]),
        ('"wash ink"', []),
        ("type:lora -tag:nsfw", [2]),
        ("state:missing", [1, 2]),
        ("-state:missing size:>1g", [0]),
        ("size:<1g decision:none", [2]),
        ("decision:merge note:paper", [1]),
        ("x:y", []),
        ("folder:=/m", [1, 2]),
        ("folder:=/M", []),
        ("tag:=NSFW", [1]),
        ("tag:=nsfw", []),
        ('name:="Ink wash"', [0]),
    ],
)
def test_pending_lists_what_fits_a_filter(library: Library, tmp_path: Path, words: str, numbers: list[int]) -> None:
    path = model_file(tmp_path, "a")
    ids = [
        add_pending(library, path, name="Ink wash", type_="vae", size_bytes=2_000_000_000),
        add_pending(library, "/m/b", meta={"description": "ink on paper"}, tag_names=["NSFW"]),
        add_pending(library, "/m/c", meta={"ink": 1}),
    ]
    library.queue.decide(ids[1:2], Strategy.MERGE)
    rows = run("pending", "--json", "--filter", words, library=library.root).object["pending"]
    assert [row["id"] for row in rows] == [ids[n] for n in numbers]
    shown = run("pending", f"--filter={words}", library=library.root).out
    told = f"{len(numbers)} pending: " if numbers else "No import matches.\n"
    assert told in shown


@pytest.mark.parametrize("words", ["state:x", "size:2g", "decision:\x1b[31m"])
def test_a_filter_that_cannot_be_meant_is_a_usage_error(library: Library, words: str) -> None:
    sentence = run("pending", "--filter", words, library=library.root).failed(2)
    assert "--filter: " in sentence and "takes" in sentence
    assert list(run("pending", "--json", "--filter", words, library=library.root).object) == ["error"]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ([], [0, 1, 2]),
        (["--sort", "name"], [0, 1, 2]),  # letter case is ignored
        (["--sort", "name", "--reverse"], [2, 0, 1]),
        (["--sort", "size"], [1, 2, 0]),
        (["--reverse"], [2, 1, 0]),
        (["--sort", "state", "--filter", "clay"], [1, 2, 0]),
    ],
)
def test_pending_in_another_order(library: Library, tmp_path: Path, options: list[str], numbers: list[int]) -> None:
    there = model_file(tmp_path, "m")
    ids = [
        add_pending(library, there, name="clay", size_bytes=9),
        add_pending(library, "/nowhere", name="Clay", size_bytes=5),
        add_pending(library, "/nowhere", name="Clay 2", size_bytes=5),
    ]
    rows = run("pending", "--json", *options, library=library.root).object["pending"]
    assert [row["id"] for row in rows] == [ids[number] for number in numbers]


def test_there_is_no_order_by_what_is_no_column(library: Library) -> None:
    assert run("pending", "--sort", "colour", library=library.root).code == 2


def test_show_a_pending_import(library: Library) -> None:
    meta = {"prompts": {"positive": "é"}, "trained_words": ["a", 1], "empty": {}}
    pending_id = add_pending(library, "/nowhere/\udcff", meta=meta, tag_names=["b", "a"], images=[png(1)])
    found = run("show", pending_id, "--json", library=library.root).object
    assert list(found) == ["kind", "id", *RECORD_KEYS]
    assert (found["kind"], found["id"], found["path"]) == ("pending", pending_id, "/nowhere/\udcff")
    assert found["meta_json"] == meta and found["tags"] == ["a", "b"] and found["images"] == [f"{pending_id}_0.png"]
    shown = run("show", pending_id, library=library.root).out
    assert "/nowhere/\\xff" in shown and "prompts.positive  é" in shown and 'trained_words     ["a", 1]' in shown


def test_show_tells_what_an_image_was_made_with(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "loras"
    put_model(folder / "ink.safetensors")
    (folder / "ink.png").write_bytes(png_saying({"parameters": A1111}))
    (folder / "ink.preview.png").write_bytes(png(2))
    assert run("scan", str(folder.parent), library=library.root).code == 0
    shown = run("show", "1", "--json", library=library.root).object
    assert shown["images"] == ["1_0.png", "1_1.png"]
    assert shown["image_data"] == {
        "1_0.png": {
            "tool": "a1111",
            "prompt": "ink wash, harbour at dusk, (paper texture:1.2) <lora:ink wash:0.8>\nsecond line",
            "negative": "blurry, photo",
            "steps": 25,
            "sampler": "DPM++ 2M",
            "scheduler": "Karras",
            "cfg": 6.5,
            "seed": 4294967295,
            "size": "512x768",
            "model": "some_model_v1",
            "model_hash": "0123456789",
            "loras": ["ink wash", "clay"],
        }
    }
    text = run("show", "1", library=library.root).out
    settings = (
        "a1111 · some_model_v1 · ink wash, clay · 25 steps · DPM++ 2M Karras · CFG 6.5 · seed 4294967295 · 512x768"
    )
    assert settings in text
    assert "+ ink wash, harbour at dusk" in text and "- blurry, photo" in text


def test_show_a_model_and_its_images(library: Library, tmp_path: Path) -> None:
    sha256 = digest(b"x")
    add_model(library, sha256, tmp_path / "x", images=[png(n) for n in range(11)], tag_names=["t"])
    names = [f"{sha256}_{n}.webp" for n in range(11)]
    found = run("show", sha256.upper(), "--json", library=library.root).object
    assert list(found) == ["kind", "sha256", *RECORD_KEYS[:8], "aliases", *RECORD_KEYS[8:]]
    assert (found["kind"], found["sha256"], found["images"]) == ("model", sha256, names)
    assert run("images", sha256, "--json", library=library.root).object == {"sha256": sha256, "images": names}
    assert run("images", sha256, library=library.root).out.splitlines() == names


@pytest.mark.parametrize("command", ["show", "images"])
@pytest.mark.parametrize("key", ["7", "0", "f" * 64, "g" * 64, "x", "../x", str(2**63), "9" * 5000, "", "٣"])
def test_what_is_not_there_is_4(library: Library, command: str, key: str) -> None:
    sentence = run(command, key, library=library.root).failed(4)
    ran = run("--json", command, key, library=library.root)
    assert ran.failed(4) == sentence and ran.object == {"error": sentence}


def test_images_of_a_pending_import_are_not_found(library: Library) -> None:
    assert "SHA-256" in run("images", add_pending(library, "/nowhere"), library=library.root).failed(4)


def test_no_control_character_of_the_data_reaches_the_terminal(library: Library) -> None:
    meta = {HOSTILE: HOSTILE, "inner": {HOSTILE: [HOSTILE]}}
    pending_id = add_pending(library, f"/{HOSTILE}", name=HOSTILE, type_=HOSTILE, meta=meta, tag_names=[HOSTILE])
    add_model(library, "a" * 64, f"/{HOSTILE}", name=HOSTILE, type_=HOSTILE, meta=meta, tag_names=[HOSTILE])
    lines: list[list[object]] = [["pending"], ["show", pending_id], ["show", "a" * 64]]
    lines += [["promote", pending_id], ["promote", pending_id, "--dry-run", "--strategy", "delete"]]
    for args in [*lines, ["promote", pending_id, "--strategy", "skip"]]:
        ran = run(*args, library=library.root)
        text = (ran.out + ran.err).replace("\n", "")
        assert text and text.isprintable(), args
    assert run("show", pending_id, "--json", library=library.root).object["name"] == HOSTILE
    found = "".join(verify_lines(check_library(library)))
    assert "model-file-missing" in found and found.isprintable()


def test_reading_changes_nothing_beside_an_open_library(library: Library) -> None:
    pending_id = add_pending(library, "/nowhere", images=[png(1)])
    rows, before = tables(library.root / "library.db", without=()), files(library.root)
    with library.store.write():  # somebody is in the middle of a change
        for args in (["pending"], ["show", pending_id], ["images", "a" * 64]):
            assert run(*args, library=library.root).code in (0, 4)
    assert (tables(library.root / "library.db", without=()), files(library.root)) == (rows, before)


BAD_LIBRARY_COMMANDS = (["pending"], ["show", "1"], ["images", "a" * 64], ["promote", "1"])


@pytest.mark.parametrize("args", BAD_LIBRARY_COMMANDS)
def test_where_there_is_no_library_none_is_made(tmp_path: Path, args: list[str]) -> None:
    folder = tmp_path / "typo"
    assert str(folder) in run(*args, library=folder).failed(1)
    assert list(run(*args, "--json", library=folder).object) == ["error"]
    assert not folder.exists()
    a_file = tmp_path / "file"
    a_file.write_text("mine")
    run(*args, library=a_file).failed(1)
    assert a_file.read_text() == "mine"


@pytest.mark.parametrize("args", BAD_LIBRARY_COMMANDS)
@pytest.mark.parametrize("content", [b"not a database", b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_broken_database_is_one_sentence(tmp_path: Path, args: list[str], content: bytes) -> None:
    (tmp_path / "library.db").write_bytes(content)
    assert "library.db" in run(*args, library=tmp_path).failed(1)
    assert (tmp_path / "library.db").read_bytes() == content


@pytest.mark.parametrize("args", [*BAD_LIBRARY_COMMANDS, ["import-legacy", "old.sqlite3"]])
def test_a_library_made_by_a_newer_version_is_left_alone(tmp_path: Path, args: list[str]) -> None:
    Library.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "library.db")
    connection.execute("UPDATE _sqlite_migrations SET name = '99_future' WHERE name = '7_pictures_beside'")
    connection.commit()
    connection.close()
    before = tables(tmp_path / "library.db", without=())
    assert "newer version" in run(*args, library=tmp_path).failed(1)
    assert tables(tmp_path / "library.db", without=()) == before


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "permissions" in run("import-legacy", "old.sqlite3", library=tmp_path / "library").failed(1)
