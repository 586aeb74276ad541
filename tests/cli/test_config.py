"""``config``: the values in effect and their origin, in a form that can be used as the settings file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.support.cli import run
from tui.config.settings import Settings, read_settings

FILE = """
theme = "curator-light"
sound = true

[trash]
days = 7.5

[samples]
sensitive_tags = ['say "no"', "b\\u202Ea\\\\d"]

[keys]
"decide.merge" = "M"
"decide.skip" = "M"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("MODEL_CURATOR_CONFIG", str(path))
    return path


def test_the_defaults_are_a_file_that_could_be_used(file: Path) -> None:
    found = run("config")
    assert found.code == 0 and found.err == ""
    assert found.out.startswith(f"# {file} (does not exist")
    file.write_text(found.out)
    read = read_settings(str(file))
    assert read.warnings == () and read.keys == {}
    assert (read.graphics, read.theme, read.hash_ahead, read.hash_threads) == ("auto", "curator", True, 2)
    assert (read.trash_days, read.trash_gib, read.sensitive_tags) == (30, 2, Settings().sensitive_tags)
    assert '# "decide.merge" = "m"' in found.out


def test_values_of_the_file_the_environment_and_the_options(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(FILE)
    monkeypatch.setenv("MODEL_CURATOR_TRASH_GIB", "0.1")
    found = run("config", library=file.parent / "mine")
    assert found.code == 0
    assert "sound is not a setting" in found.err and "keys.decide.skip cannot be M" in found.err
    comments = {line.split(" = ")[0]: line.split("# ")[1] for line in found.out.split("\n") if " = " in line[:30]}
    assert comments["theme"] == "file" and comments["days"] == "file" and comments["graphics"] == "default"
    assert comments["gib"] == "environment: MODEL_CURATOR_TRASH_GIB" and comments["library"] == "option: --library"
    assert found.out.replace("\n", "").isprintable()
    values = tomllib.loads(found.out)
    assert values["trash"] == {"days": 7.5, "gib": 0.1}
    assert values["samples"]["sensitive_tags"] == ['say "no"', "b\u202ea\\d"]
    assert values["keys"] == {"decide.merge": "M"}


def test_as_an_object(file: Path) -> None:
    file.write_text(FILE)
    found = run("config", "--json")
    assert found.code == 0
    answer = found.object
    assert list(answer) == ["path", "exists", "values", "warnings"]
    assert answer["path"] == str(file) and answer["exists"] is True
    assert len(answer["warnings"]) == 2 == found.err.count("\n")
    assert answer["values"]["hashing"] == {"ahead": True, "threads": 2}
    assert answer["values"]["keys"] == {"decide.merge": "M"}
    file.unlink()
    assert run("config", "--json").object["exists"] is False


def test_a_broken_file_is_told_and_the_defaults_count(file: Path) -> None:
    file.write_text("theme = \n")
    found = run("config", "--json")
    assert found.code == 0 and "line 1" in found.err
    assert found.object["values"]["theme"] == "curator"


def test_a_library_whose_name_is_no_text(file: Path) -> None:
    found = run("config", library=file.parent / "\udcff")
    assert found.code == 0
    assert tomllib.loads(found.out)["library"].endswith("\N{REPLACEMENT CHARACTER}")
