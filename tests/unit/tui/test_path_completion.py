"""Typed paths: completed from the disk, shown as plain text, and converted back byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import sanitize
from tui.presenters.path_completion import complete, images_beside, path_of, printable, roots, typed

HOSTILE = [
    b"line\nbreak",
    b"\x1b]52;c;x\x07",
    b"\xff\xfe.db",
    b"caf\xc3\xa9 \xc3",
    b"literally \\x41",
    b"back\\slash",
    "\u202egnp".encode(),
    b"   ",
    b"-rf",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("manager-old.db", "manager-new.db", "models.txt", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "media").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "start, completed, choices",
    [
        ("man", "manager-", ("manager-new.db", "manager-old.db")),
        ("manager-o", "manager-old.db", ("manager-old.db",)),
        ("m", "m", ("manager-new.db", "manager-old.db", "media/", "models.txt")),
        ("me", "media/", ("media/",)),
        ("", "m", ("manager-new.db", "manager-old.db", "media/", "models.txt")),
        (".", ".hidden", (".hidden",)),
    ],
)
def test_it_completes_to_what_all_have_in_common(
    folder: Path, start: str, completed: str, choices: tuple[str, ...]
) -> None:
    found = complete(f"{folder}/{start}")
    assert (found.text, found.choices, found.total) == (f"{folder}/{completed}", choices, len(choices))
    assert not found.problem
    assert not found.settled


def test_folders_only(folder: Path) -> None:
    found = complete(f"{folder}/m", folders_only=True)
    assert (found.text, found.choices) == (f"{folder}/media/", ("media/",))


def test_a_link_to_a_folder_is_a_folder_and_a_dangling_one_is_none(folder: Path) -> None:
    (folder / "to").symlink_to(folder / "media")
    (folder / "tp").symlink_to(folder / "gone")
    assert complete(f"{folder}/t").choices == ("to/", "tp")


def test_nothing_is_left_to_complete(folder: Path) -> None:
    assert complete(f"{folder}/models.txt").settled
    assert complete(f"{folder}/media/").settled, "an empty folder"
    assert not complete(f"{folder}/media").settled, "its / is still to come"


@pytest.mark.parametrize("rest", ["gone/x", "models.txt/x", "x", "\\x00/x"])
def test_what_cannot_be_completed_says_why(folder: Path, rest: str) -> None:
    found = complete(f"{folder}/{rest}")
    assert found.text == f"{folder}/{rest}"
    assert found.problem.endswith(".")
    assert not found.settled


def test_the_home_folder_expands_and_stays_as_it_was_typed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert complete("~").text == "~/"
    assert complete("~/me").text == "~/media/"
    assert path_of("~/media/") == f"{folder}/media/"
    (folder / "~").mkdir()
    (folder / "~" / "inner").touch()
    monkeypatch.chdir(folder)
    assert complete("./~/i").text == "./~/inner", "only at the front is it the home folder"


def test_a_path_without_a_folder_is_taken_from_where_the_app_was_started(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert complete("manager-o").text == "manager-old.db"


def test_of_very_many_names_some_come_and_all_are_counted(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"file{number:03}").touch()
    found = complete(f"{tmp_path}/f")
    assert (found.text, found.total) == (f"{tmp_path}/file", 300)
    assert found.choices[:2] == ("file000", "file001")
    assert len(found.choices) < 300


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_completed_and_come_back_byte_for_byte(tmp_path: Path, name: bytes) -> None:
    target = os.fsencode(tmp_path) + b"/" + name
    with open(target, "wb"):
        pass
    found = complete(f"{tmp_path}/")
    assert os.fsencode(path_of(found.text)) == target
    assert os.path.exists(path_of(found.text))
    assert sanitize(found.text, 4096) == found.text, "nothing in it that a terminal would act on"
    assert complete(found.text).settled


def test_a_cut_between_the_bytes_of_two_odd_names_still_completes(tmp_path: Path) -> None:
    for name in (b"a\xff1", b"a\xff2", b"a\xfe"):
        with open(os.fsencode(tmp_path) + b"/" + name, "wb"):
            pass
    assert complete(f"{tmp_path}/").text == f"{tmp_path}/a"
    assert complete(f"{tmp_path}/a\\xff").total == 2


@given(st.binary(min_size=1).filter(lambda data: not data.startswith(b"~")))
def test_every_name_comes_back(name: bytes) -> None:
    text = typed(os.fsdecode(name))
    assert os.fsencode(path_of(text)) == name
    assert all(sanitize(char) == char for char in text)
    assert printable(text) == text


@given(st.text())
def test_any_text_can_be_made_printable_and_read(text: str) -> None:
    shown = printable(text)
    assert all(sanitize(char) == char for char in shown)
    path_of(shown)


def test_the_folder_of_images_beside_a_database(folder: Path) -> None:
    assert images_beside(f"{folder}/manager-old.db") == f"{folder}/media"
    (folder / "images").mkdir()
    assert images_beside(f"{folder}/manager-old.db") == f"{folder}/images"
    assert images_beside(f"{folder}/gone.db") == ""
    assert images_beside(f"{folder}") == ""
    assert images_beside("") == ""
    assert images_beside("\\x00") == ""


def test_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert roots("") == {}
    assert roots(r"D:\xab\models=/srv/models ; /old=~/new ;") == {
        r"D:\xab\models": "/srv/models",
        "/old": "/home/me/new",
    }
    assert roots("/a;b=/c") == {"/a;b": "/c"}, "a ; without spaces belongs to the name"
    assert roots("/a=/b=c") == {"/a": "/b=c"}


@pytest.mark.parametrize("text", ["/a", "=/b", "/a=", "/a=/b ; c", "\x1b"])
def test_roots_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not OLD=NEW") as refused:
        roots(text)
    assert sanitize(refused.value) == str(refused.value)
