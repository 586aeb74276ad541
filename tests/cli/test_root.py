"""The command line as a whole: options, help, imports, and how failures are reported."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
from pathlib import Path

import click
import pytest

from core import Library
from tests.support.builders import add_pending
from tests.support.cli import environment, program, run
from tests.support.paths import ROOT
from tui.cli import main

COMMANDS = (
    "demo",
    "import-legacy",
    "scan",
    "relink",
    "pending",
    "show",
    "promote",
    "images",
    "undo",
    "history",
    "backup",
    "restore",
    "config",
    "completion",
    "serve",
)
HEAVY = ("textual", "rich", "sqlite_utils", "sqlite3", "PIL", "platformdirs")


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["promote", "--help"], ["--json", "--version"], ["nope"]])
def test_help_and_version_import_nothing_heavy(args: list[str]) -> None:
    code = f"""
import sys
from tui.cli import main
try:
    main({args!r})
except SystemExit as end:
    assert end.code == {2 if args == ["nope"] else 0}, end.code
assert not [name for name in {HEAVY!r} if name in sys.modules], sorted(sys.modules)
"""
    env = environment({"MODEL_CURATOR_CONFIG": ""})
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_names_every_command_and_the_exit_codes() -> None:
    shown = run("--help").out
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert "Exit codes" in shown and "--verify" in shown
    assert tuple(main.commands) == COMMANDS
    assert "..." not in shown.split("Commands:")[1], "a command's line is cut"


def test_version() -> None:
    assert run("--version").out == f"model-curator {run('--version', '--json').object['version']}\n"


@pytest.mark.parametrize("args", [(), ("--json",)])
def test_without_a_terminal_the_app_is_refused(args: tuple[str, ...], tmp_path: Path) -> None:
    ran = run(*args, library=tmp_path / "library")
    sentence = ran.failed(2)
    assert "--verify" in sentence and "demo" in sentence and "command" in sentence
    assert not (tmp_path / "library").exists(), "a library was made for nothing"
    if args:
        assert ran.object == {"error": sentence}


def test_without_a_terminal_the_program_ends_with_2() -> None:
    done = program()
    assert (done.returncode, done.stdout) == (2, "")
    assert all(name in done.stderr for name in ("--verify", "demo", "import-legacy", "promote"))
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "args",
    [
        ["nope"],
        ["--nope"],
        ["show"],
        ["show", "1", "2"],
        ["promote"],
        ["promote", "one"],
        ["promote", "1", "--strategy", "eat"],
        ["promote", "9" * 5000],
        ["import-legacy"],
        ["import-legacy", "old.sqlite3", "--map", "no-equals-sign"],
        ["import-legacy", "old.sqlite3", "--map", "=new"],
        ["--verify", "pending"],
        ["--library", "", "pending"],
    ],
)
def test_usage_errors(args: list[str], tmp_path: Path) -> None:
    ran = run(*args, library=tmp_path / "library")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: model-curator") and "--help" in ran.err
    in_json = run("--json", *args, library=tmp_path / "library")
    assert in_json.code == 2 and list(in_json.object) == ["error"]
    assert not (tmp_path / "library").exists()


def test_a_hostile_argument_reaches_the_terminal_as_plain_text() -> None:
    for args in (["\x1b[31m\x9b"], ["show", "\x1b]52;c;x\x07"], ["promote", "\x1b[2J"], ["--\x1b[31m"]):
        ran = run(*args, library=Path("/nonexistent"))
        assert ran.code in (1, 2)
        assert not set(ran.err) & {"\x1b", "\x07", "\x9b"}


def test_the_library_may_be_named_before_and_after_and_in_the_environment(library: Library) -> None:
    add_pending(library, "/nowhere")
    root = str(library.root)
    for args in (["--library", root, "pending", "--json"], ["--json", "pending", "--library", root]):
        assert len(run(*args).object["pending"]) == 1
    assert len(run("--library", "/nonexistent", "pending", "--library", root, "--json").object["pending"]) == 1
    done = program("pending", "--json", env={"MODEL_CURATOR_LIBRARY": root})
    assert len(json.loads(done.stdout)["pending"]) == 1


def test_else_the_library_is_in_the_user_data_folder(tmp_path: Path) -> None:
    done = program("pending", env={"XDG_DATA_HOME": str(tmp_path)})
    assert done.returncode == 1
    assert str(tmp_path / "model-curator") in done.stderr


def test_a_reader_that_has_had_enough_ends_it_quietly(library: Library) -> None:
    for _ in range(300):
        add_pending(library, "/nowhere", name="a name of some length" * 20)
    command = [sys.executable, "-m", "tui", "--library", str(library.root), "pending"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() in (0, 1)


@pytest.mark.parametrize("args", [["pending"], ["pending", "--json"], ["--help"]])
def test_a_full_disk_behind_the_output_is_one_line(library: Library, args: list[str]) -> None:
    add_pending(library, "/nowhere")
    with open("/dev/full", "w") as full:
        done = program("--library", library.root, *args, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == "standard output: No space left on device\n"


def test_a_bug_is_one_line_that_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command("broken")
    def broken() -> None:
        raise KeyError("\x1b[31mwhat")

    monkeypatch.setitem(main.commands, "broken", broken)
    ran = run("--json", "broken")
    sentence = ran.failed(1)
    assert "KeyError" in sentence and "test_root.py, line " in sentence
    assert list(ran.object) == ["error"]


def test_ctrl_c_is_one_line_and_130(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command("slow")
    def slow() -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setitem(main.commands, "slow", slow)
    ran = run("--json", "slow")
    assert ran.failed(130) == "interrupted"
    assert ran.object == {"error": "interrupted"}


def test_an_output_that_lacks_a_character_is_no_reason_to_stop(library: Library) -> None:
    add_pending(library, "/nowhere", name="墨絵…")
    done = program("--library", library.root, "pending", env={"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0
    assert "\\u58a8" in done.stdout


@pytest.mark.parametrize("args", [["demo"], ["--library", "{}"]])
def test_on_a_terminal_the_app_opens_and_q_leaves_it(args: list[str], tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 100))
    env = environment({"TERM": "xterm-256color", "TMPDIR": str(tmp_path)})
    command = [sys.executable, "-m", "tui", *(arg.format(tmp_path / "library") for arg in args)]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while (b"Curator" if args == ["demo"] else b"Bring models in") not in shown:
            shown += os.read(ours, 65536)
        os.write(ours, b"q" if args == ["demo"] else b"\x11")  # a first start asks for models: q would be typed there
        with pytest.raises(OSError):  # that is how the end of the program looks from this side
            while True:
                assert os.read(ours, 65536)
        assert process.wait() == 0
    os.close(ours)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == (set() if args == ["demo"] else {"library"})
