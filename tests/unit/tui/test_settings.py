"""The settings file: its values, and the messages about errors in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.cli import program, run
from tui.config.settings import Settings, read_settings, settings_path

EVERYTHING = """
graphics = "off"
theme = "curator-light"
library = "~/models"

[hashing]
ahead = false
threads = 4

[trash]
days = 7
gib = 0.5

[samples]
sensitive_tags = ["nsfw", "gore"]

[keys]
"decide.merge" = "M"
look.filter = "f"
"""

WRONG = {
    'graphics = "loud"': "graphics must be one of auto, kitty, sixel, half, off",
    "theme = 3": "theme must be one of",
    'library = "models"': "library must be an absolute path",
    "library = 3": "library must be a folder",
    "[hashing]\nthreads = 0": "hashing.threads must be a whole number from 1 to 32",
    "[hashing]\nthreads = true": "hashing.threads must be",
    '[hashing]\nahead = "no"': "hashing.ahead must be true or false",
    "[trash]\ndays = -1": "trash.days must be a number, 0 or more",
    "[trash]\ngib = nan": "trash.gib must be",
    '[samples]\nsensitive_tags = "nsfw"': "samples.sensitive_tags must be a list of tags",
    "hashing = 3": "hashing must be a table",
    "keys = 3": "keys must be a table",
    "sound = true": "sound is not a setting",
    "[hashing]\nloud = true": "hashing.loud is not a setting",
    '"a\\u202e\\nb" = 1': "is not a setting",
}


def written(folder: Path, text: str | bytes) -> str:
    path = folder / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_a_file_that_is_not_there_is_normal(tmp_path: Path) -> None:
    path = str(tmp_path / "none" / "config.toml")
    assert read_settings(path) == Settings(path=path)


def test_every_value(tmp_path: Path) -> None:
    found = read_settings(written(tmp_path, EVERYTHING))
    assert found.warnings == () and found.exists
    assert (found.graphics, found.theme) == ("off", "curator-light")
    assert found.library == os.path.expanduser("~/models")
    assert (found.hash_ahead, found.hash_threads) == (False, 4)
    assert (found.trash_days, found.trash_gib) == (7, 0.5)
    assert found.sensitive_tags == ("nsfw", "gore")
    assert found.keys == {"decide.merge": "M", "look.filter": "f"}
    assert "trash.gib" in found.given and "keys" in found.given


@pytest.mark.parametrize(("text", "said"), WRONG.items())
def test_a_wrong_value_is_named_and_the_others_count(tmp_path: Path, text: str, said: str) -> None:
    right = "" if "theme" in text else 'theme = "curator-light"'
    found = read_settings(written(tmp_path, f"{right}\n{text}"))
    [warning] = found.warnings
    assert said in warning and warning.isprintable() and str(tmp_path) in warning
    assert found.theme == ("curator" if "theme" in text else "curator-light")
    assert found.graphics == "auto"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'theme = "x"\nimages = off\n', "line 2"),
        (b"theme = 1\ntheme = 2\n", "line 2"),
        (b"# one\ntheme = \xff", "not in UTF-8 (at line 2)"),
        (b"#" * (1024 * 1024 + 1), "longer than 1 MiB"),
        (b"a = " + b"[" * 100_000, "is ignored"),
        (b"a = 1" + b"0" * 10_000, "is ignored"),
    ],
)
def test_a_file_that_cannot_be_read_counts_for_nothing(tmp_path: Path, data: bytes, said: str) -> None:
    path = written(tmp_path, data)
    found = read_settings(path)
    [warning] = found.warnings
    assert said in warning and path in warning and warning.isprintable()
    assert found == Settings(path=path, exists=True, warnings=(warning,))


def test_a_folder_or_a_pipe_in_its_place(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        assert "not a regular file" in read_settings(str(path)).warnings[0]


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODEL_CURATOR_CONFIG", str(tmp_path / "mine.toml"))
    assert settings_path() == str(tmp_path / "mine.toml")
    monkeypatch.delenv("MODEL_CURATOR_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings_path() == str(tmp_path / "model-curator" / "config.toml")


def test_the_library_of_the_settings_and_what_goes_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, f"library = {str(tmp_path / 'mine')!r}\nsound = 1")
    monkeypatch.setenv("MODEL_CURATOR_CONFIG", path)
    assert str(tmp_path / "mine") in run("pending").err
    assert str(tmp_path / "other") in run("pending", library=tmp_path / "other").err
    assert str(tmp_path / "third") in program("pending", env={"MODEL_CURATOR_LIBRARY": str(tmp_path / "third")}).stderr
    assert "sound is not a setting" in run("pending").err.split("\n")[0]


def test_keys_nested_without_end_are_no_keys(tmp_path: Path) -> None:
    found = read_settings(written(tmp_path, f"[keys]\n{'a.' * 5000}b = 1"))
    assert found.keys == {"a.a": ""} and not found.warnings


def test_graphics_may_still_be_called_by_its_former_name(tmp_path: Path) -> None:
    found = read_settings(written(tmp_path, 'images = "off"'))
    assert (found.graphics, found.warnings) == ("off", ())
