"""Names with control sequences, names of a million characters, and odd file names."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from core import Library
from tests.support.app import running
from tests.support.builders import (
    LEGACY_SCHEMA,
    add_pending,
    digest,
    files,
    model_file,
    model_of,
    pending_of,
    png,
    sources,
)
from tests.support.cli import program, run

MILLION = 1_000_000
HOSTILE = [
    "[bold]x[/nope] [@click=app.quit]",
    "\x1b[31mred\x1b[2J\x1b]0;title\x07",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]8;;http://x.example\x1b\\link\x1bP+q544e\x1b\\",
    "\x9b31m\x9d52;c;eA==\x9c\x85",
    "gpj.\u202eexe\u202c\u2066\u2069\u200f",
    "模型" * 30,
    "a\u200bb\u200d\u2060\ufeff" + "e\u0301\u0301\u0301\u0301",
    "z" * MILLION,
    "\u202e" * MILLION,
    "模" * MILLION,
]

FILE_NAMES = {
    "newline": b"two\nlines.safetensors",
    "leading dash": b"-rf --json.safetensors",
    "only spaces": b"   ",
    "255 bytes": b"x" * 243 + b".safetensors",
    "255 bytes of wide characters": "模".encode() * 85,
    "no UTF-8": b"caf\xe9 \xff\xfe.safetensors",
    "surrogate in UTF-8": b"\xed\xa0\x80.safetensors",
    "control characters": bytes(range(1, 32)) + b"\x7f\x9b31m.ckpt",
    "percent and braces": b"%s{0}$HOME`id`'\"\\.pt",
    "bidi": "a\u202egpj.safetensors".encode(),
}


def imported(library: Library, folder: Path, rows: Sequence[tuple[bytes, str]]) -> None:
    """Import rows of a path and a JSON text through a real old database."""
    path = folder / "old.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript(LEGACY_SCHEMA)
    sql = "INSERT INTO models (path, type, hash_hex, created_at, extra_json) VALUES (CAST(? AS TEXT), 'lora', '', 1, ?)"
    connection.executemany(sql, rows)
    connection.commit()
    connection.close()
    report = library.import_legacy(path, images_dir=folder / "media")
    assert (report.pending, report.problems) == (len(rows), ())


@pytest.fixture
def odd(library: Library, tmp_path: Path) -> dict[int, bytes]:
    """A queue of real files with the worst names there are: the path of each, as bytes, by id."""
    found = {}
    (tmp_path / "media").mkdir()
    for number, name in enumerate(FILE_NAMES.values(), 1):
        path = os.fsencode(tmp_path) + b"/" + name
        with open(path, "wb") as file:
            file.write(name)
        found[number] = path
    imported(library, tmp_path, [(path, "{}") for path in found.values()])
    return found


def test_odd_file_names_are_listed_and_their_paths_come_back_byte_for_byte(
    library: Library, odd: dict[int, bytes]
) -> None:
    """What the program itself prints, on a real pipe."""
    rows = json.loads(program("--library", library.root, "pending", "--json").stdout)["pending"]
    assert {row["id"]: os.fsencode(row["path"]) for row in rows} == odd
    assert {row["state"] for row in rows} == {"unhashed"}, "every file was found"
    for number, path in odd.items():
        assert os.fsencode(run("show", number, "--json", library=library.root).object["path"]) == path
        assert run("show", number, library=library.root).out.replace("\n", "").isprintable()
    listed = program("--library", library.root, "pending").stdout
    assert len(listed.splitlines()) == 1 + len(odd) + 2 and listed.replace("\n", "").isprintable()


def test_odd_file_names_are_promotable_and_stay_what_they_were(library: Library, odd: dict[int, bytes]) -> None:
    ran = program("--library", library.root, "promote", *odd, "--json")
    results = json.loads(ran.stdout)["results"]
    assert [result["status"] for result in results] == ["success"] * len(odd), ran.stdout
    for result, path in zip(results, odd.values(), strict=True):
        sha256 = digest(os.path.basename(path))
        assert result["sha256"] == sha256
        assert os.fsencode(model_of(library, sha256).path) == path
        found = run("show", sha256, "--json", library=library.root).object["path"]
        assert os.fsencode(found) == path
        with open(path, "rb") as file:
            assert file.read() == os.path.basename(path)
    undone = library.undo(len(odd))
    assert len(undone.undone) == len(odd)
    assert {number: os.fsencode(pending_of(library, number).path) for number in library.queue.search()} == odd


def test_images_of_odd_names_come_along(library: Library, tmp_path: Path) -> None:
    # A backslash is a separator in what the old manager stored, and JSON holds UTF-8 only.
    names = [name.decode() for name in FILE_NAMES.values() if name.decode(errors="ignore").encode() == name]
    names = [name for name in names if "\\" not in name]
    assert len(names) >= 5
    (tmp_path / "media").mkdir()
    for seq, name in enumerate(names):
        (tmp_path / "media" / name).write_bytes(png(seq))
    weights = model_file(tmp_path, "m", b"weights")
    imported(library, tmp_path, [(os.fsencode(weights), json.dumps({"images": names}))])
    assert set(files(library.root / "pending").values()) == {digest(png(seq)) for seq in range(len(names))}
    assert library.processor.process_single_import(1).refused == ()
    assert [source for _, source in sources(library, digest(b"weights"))] == [
        digest(png(seq)) for seq in range(len(names))
    ]


@pytest.mark.parametrize("name", ["-library", "two\nlines", "   ", "\udcff\x1b[31m"])
def test_a_library_and_an_old_database_of_such_names(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (tmp_path / "media").mkdir()
    with Library.open(folder / name) as library:
        imported(library, folder.parent, [(b"/m/a", "{}")])
    os.rename(tmp_path / "old.sqlite3", folder / name / name)
    ran = run("import-legacy", "--json", "--", folder / name / name, library=folder / name)
    assert (ran.code, ran.object["pending"]) == (0, 1), ran
    assert run("pending", library=folder / name).code == 0


def test_hostile_texts_are_plain_and_the_columns_stay_aligned(library: Library) -> None:
    for text in HOSTILE:
        notes = {"description": text, text[:300]: [text, {"deep": text}]}
        add_pending(library, f"/{text}", name=text, type_=text, meta=notes, tag_names=[text])
    lines = run("pending", library=library.root).out.splitlines()
    rows = lines[1 : 1 + len(HOSTILE)]
    # everything before the size is as wide in each row, however many characters it takes
    assert len({cell_len(row[: row.index(" 7 B ")]) for row in rows}) == 1
    for line in lines:
        assert line.isprintable() and len(line) < 300
    for number in library.queue.search():
        shown = run("show", number, library=library.root).out
        assert shown.replace("\n", "").isprintable()
        gone = run("promote", number, library=library.root)
        assert gone.code == 1 and (gone.out + gone.err).replace("\n", "").isprintable()
        assert run("show", number, "--json", library=library.root).object["name"] == HOSTILE[number - 1]


def _library(folder: Path, first: str) -> Path:
    """Make a library of 20 imports, each with an image; all texts of the first one are given."""
    with Library.open(folder) as library:
        for number in range(20):
            text = "a name" if number else first
            meta = {"description": text, "prompts": {"positive": text}, text[:50]: [text]}
            path = model_file(folder.parent, f"{folder.name}{number}.safetensors", b"%d" % number)
            add_pending(library, path, name=text, type_=text, meta=meta, tag_names=[text], images=[png(1, (64, 64))])
    return folder


def _fastest(call: Callable[[], Any]) -> float:
    """Return the seconds of the fastest of three calls: what else the machine does only adds to them."""
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)


def test_a_million_characters_cost_the_list_little(tmp_path: Path) -> None:
    usual, huge = _library(tmp_path / "usual", "a name"), _library(tmp_path / "huge", "模\u202e" * (MILLION // 2))
    assert run("pending", library=huge).out.count("…") == 2
    normal = _fastest(lambda: run("pending", library=usual))
    assert _fastest(lambda: run("pending", library=huge)) < max(5 * normal, 1.0)


async def test_a_million_characters_cost_the_first_picture_little(tmp_path: Path) -> None:
    usual, huge = _library(tmp_path / "usual", "a name"), _library(tmp_path / "huge", "模\u202e" * (MILLION // 2))
    normal = min([await _first_picture(usual) for _ in range(3)])
    assert min([await _first_picture(huge) for _ in range(3)]) < 3 * normal


async def _first_picture(folder: Path) -> float:
    """Return the processor seconds, in all threads, until the app shows its first picture."""
    with Library.open(folder) as library:
        start = time.process_time()
        async with running(library) as desk:
            await desk.wait_for_text("▀", "#picture")
            taken = time.process_time() - start
            await desk.wait_for_text("description", "#comparison")
    return taken
