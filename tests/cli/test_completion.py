"""Shell completion, through the same mechanism that the printed scripts use."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from core import Library
from tests.support.builders import add_pending
from tests.support.cli import environment, program, run


def offered(words: str, env: dict[str, str] | None = None) -> list[str]:
    """What bash would be offered for the last of the words."""
    count = len(words.split(" ")) - 1
    variables = {"_MODEL_CURATOR_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    done = program(env={**variables, **(env or {})})
    assert done.returncode == 0 and done.stderr == "", done
    return done.stdout.split()


def test_commands_options_and_strategies() -> None:
    assert offered("model-curator prom") == ["plain,promote"]
    assert "plain,--strategy" in offered("model-curator promote --")
    assert offered("model-curator promote 7 --strategy m") == ["plain,merge"]
    assert offered("model-curator completion z") == ["plain,zsh"]
    assert offered("model-curator --library x") == ["dir,x"]
    assert offered("model-curator import-legacy x") == ["file,x"]
    assert offered("model-curator restore x") == ["file,x"]


def test_ids_of_the_queue(library: Library, tmp_path: Path) -> None:
    ids = [add_pending(library, tmp_path / f"{n}", name="a b\n\x1b") for n in range(12)]
    before = f"model-curator --library {library.root} "
    assert offered(f"{before}promote 1") == [
        f"plain,{pending_id}" for pending_id in ids if str(pending_id).startswith("1")
    ]
    assert "plain,10" not in offered(f"{before}promote 10 1")
    assert offered(f"{before}show 12") == ["plain,12"]
    assert len(offered("model-curator show ", {"MODEL_CURATOR_LIBRARY": str(library.root)})) == 12


def test_nothing_is_made_or_said_where_there_is_no_library(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert offered(f"model-curator --log-file {log} --library {tmp_path / 'none'} promote 1") == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed(shell: str) -> None:
    done = run("completion", shell)
    assert done.code == 0
    assert "_MODEL_CURATOR_COMPLETE" in done.out and f"{shell}_complete" in done.out
    assert run("completion", shell, "--json").object["script"].strip() == done.out.strip()


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_can_read_it() -> None:
    script = run("completion", "bash").out
    done = subprocess.run(
        ["bash", "-c", f"{script}\ncomplete -p model-curator"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "_model_curator_completion" in done.stdout


def test_a_shell_that_we_do_not_know() -> None:
    assert "tcsh" in run("completion", "tcsh").err
