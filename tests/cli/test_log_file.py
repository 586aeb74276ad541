"""``--log-file``: actions and errors as plain lines; without it nothing is logged."""

from __future__ import annotations

import errno
import io
import logging
import os
from pathlib import Path

import pytest

from core import Library
from core.sample.library import build_sample
from tests.support.app import MISSING, hashed_app
from tests.support.builders import add_pending, model_file
from tests.support.cli import program, run
from tui.cli.context import CliContext
from tui.config.log_file import LOGGER, LogFile, start_log, stop_log


def test_what_is_done_is_written_down(library: Library, tmp_path: Path) -> None:
    log = tmp_path / "log"
    good = add_pending(library, model_file(tmp_path, "a"))
    bad = add_pending(library, tmp_path / "gone\n2026 forged\x1b[2J")
    run("--log-file", log, "promote", good, library=library.root)
    run("promote", bad, "--log-file", log, library=library.root)
    run("undo", "--log-file", log, library=library.root)
    run("undo", "--log-file", log, library=library.root)
    text = log.read_text()
    assert all(line.isprintable() for line in text.split("\n"))
    assert "INFO     model_curator: model-curator promote" in text
    assert f"opened {library.root}" in text
    assert f"import {good}, strategy none: inserted, sha256 " in text
    assert f"WARNING  model_curator.processor: import {bad} could not be promoted" in text
    assert "Traceback" in text and "\n2026 forged" not in text
    assert f"undone: operation 1 (inserted {good})" in text
    assert "not undone: there is nothing to undo" in text
    assert not any(isinstance(one, LogFile) for one in LOGGER.handlers), "it ends with the command"


def test_an_import_and_what_it_could_not_take(tmp_path: Path) -> None:
    sample, log = build_sample(tmp_path), tmp_path / "log"
    run("import-legacy", sample.database, "--images", sample.images, "--log-file", log, library=tmp_path / "lib")
    assert f"imported {sample.database}: " in log.read_text()


def test_a_bug_leaves_its_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object) -> None:
        raise ZeroDivisionError("broken\x1b")

    monkeypatch.setattr(CliContext, "reading", broken)
    assert "a bug: ZeroDivisionError" in run("pending", "--log-file", tmp_path / "log").failed(1)
    text = (tmp_path / "log").read_text()
    assert "ERROR" in text and "Traceback" in text and "in broken" in text and "\x1b" not in text


async def test_what_the_app_tells_as_wrong_is_written_down(tmp_path: Path) -> None:
    start_log(str(tmp_path / "log"))
    try:
        async with hashed_app(tmp_path / "work") as desk:
            await desk.go_to(MISSING)
            await desk.press("m")
            await desk.apply(1)
            await desk.wait_for_text("1 failed", "#status")
            desk.queue.query_one("#status").warn("a sentence\n")  # type: ignore[attr-defined]
    finally:
        stop_log()
    text = (tmp_path / "log").read_text()
    assert f"import {MISSING} could not be promoted" in text
    assert "WARNING  model_curator.app: a sentence" in text


def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none" / "log", "", "a\0b"):
        assert "--log-file" in run("pending", "--log-file", path, library=tmp_path).failed(2)


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_cannot_be_written_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start_log(str(tmp_path / "log"))
    try:
        [handler] = [one for one in LOGGER.handlers if isinstance(one, LogFile)]
        before = handler.setStream(Full())  # type: ignore[arg-type]
        assert before is not None
        before.close()
        LOGGER.info("lost")
    finally:
        stop_log()
    assert capsys.readouterr() == ("", "")


def test_without_it_nothing_is_logged_anywhere(library: Library, tmp_path: Path) -> None:
    bad = add_pending(library, tmp_path / "gone")
    done = program("promote", bad, "--library", library.root)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert LOGGER.getEffectiveLevel() == logging.WARNING


@pytest.mark.parametrize("data", [b"weights of a model, 10 GB of them", b"SQLite format 3\0", b"2026"])
def test_no_line_is_added_to_what_is_no_log(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    told = run("pending", "--log-file", tmp_path / "file", library=tmp_path).failed(2)
    assert "holds something else than a log of this program; give another name" in told
    assert (tmp_path / "file").read_bytes() == data


def test_lines_are_added_to_a_log_and_to_an_empty_file(library: Library, tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    for count in (1, 2):
        run("pending", "--log-file", tmp_path / "log", library=library.root)
        assert (tmp_path / "log").read_text().count("model-curator pending\n") == count
