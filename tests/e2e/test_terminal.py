"""The real program in a real terminal: start, decide, apply, leave, and the terminal is restored."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.domain.enums import Strategy
from core.library import Library
from core.verify import check_library
from tests.support.app import CONFLICT, copy_sample
from tests.support.paths import ROOT
from tests.support.pseudo_terminal import Terminal, environment, terminal

ENTER_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
FIRST_ROW = "▌    6"  # keys for the list do something once it is there
HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"


def check_restored(seen: Terminal) -> None:
    """Check that the alternate screen was left, the cursor shown, and no mouse or paste mode stays on."""
    assert seen.bytes.rfind(LEAVE_SCREEN) > seen.bytes.rfind(ENTER_SCREEN) >= 0
    assert seen.bytes.rfind(SHOW_CURSOR) > seen.bytes.rfind(HIDE_CURSOR) >= 0
    for mode in (b"?1000", b"?1003", b"?1006", b"?2004"):
        assert seen.bytes.rfind(b"\x1b[" + mode + b"l") >= seen.bytes.rfind(b"\x1b[" + mode + b"h")
    assert b"Traceback" not in seen.bytes
    assert seen.echoes


def test_the_whole_job_in_a_terminal(tmp_path: Path) -> None:
    folder = copy_sample(tmp_path)
    with terminal("--library", str(folder), home=tmp_path) as seen:
        seen.see(FIRST_ROW)
        seen.see("5 conflicts")
        seen.press("jm")
        seen.see("● merge")
        seen.press("d")
        seen.see("● delete")
        seen.press("a")
        seen.see("Apply 2 decisions")
        seen.see("y apply")
        seen.see("3 images added")
        seen.press("y")
        seen.see("2 applied")
        seen.see("17 pending")
        seen.press("s")
        seen.see("● skip")
        seen.press("q")
        assert seen.end() == 0
        check_restored(seen)
    with Library.open(folder) as library:
        assert not library.recovered
        ids = list(library.queue.search())
        assert {CONFLICT, CONFLICT + 1}.isdisjoint(ids)
        assert len(ids) == 17
        assert library.queue.decisions() == [(9, Strategy.SKIP)]


def test_demo_opens_on_a_sample(tmp_path: Path) -> None:
    with terminal("demo", home=tmp_path, columns=80, lines=24) as seen:
        seen.see(FIRST_ROW)
        seen.see("30 pending")
        seen.press("j")
        seen.see("▀▀▀")
        seen.resize(140, 42)
        seen.see("after merge")
        seen.press("q")
        assert seen.end() == 0
        check_restored(seen)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_the_terminal_as_it_was(tmp_path: Path, number: signal.Signals) -> None:
    folder = copy_sample(tmp_path)
    with terminal("--library", str(folder), home=tmp_path) as seen:
        seen.see(FIRST_ROW)
        seen.see("19 pending")
        seen.press("m")
        seen.see("● merge")
        seen.process.send_signal(number)
        seen.end()
        check_restored(seen)
    with Library.open(folder) as library:
        assert library.queue.decisions() == [(6, Strategy.MERGE)], "what was decided is stored"


def test_ctrl_c_leaves(tmp_path: Path) -> None:
    folder = copy_sample(tmp_path)
    with terminal("--library", str(folder), home=tmp_path) as seen:
        seen.see(FIRST_ROW)
        seen.see("19 pending")
        seen.press("\x03")
        assert seen.end() == 0
        check_restored(seen)


def test_without_a_terminal_it_says_what_to_do_instead(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui", "--library", str(tmp_path / "library")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
        env=environment(HOME=str(tmp_path)),
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == b""
    words = done.stderr.decode()
    assert len(words.strip().splitlines()) == 1
    assert "--verify" in words
    assert "demo" in words
    assert not (tmp_path / "library").exists(), "nothing is made on the way"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_a_signal_while_applying_is_like_a_kill(tmp_path: Path, number: signal.Signals) -> None:
    folder = copy_sample(tmp_path)
    with Library.open(folder) as library:
        library.queue.decide([CONFLICT, 24], Strategy.MERGE)
        os.truncate(library.queue.rows([24])[0].path, 1 << 36)  # sparse, and long enough to hash for a minute
    with terminal("--library", str(folder), home=tmp_path) as seen:
        seen.see(FIRST_ROW)
        seen.see("2 decided")
        seen.press("a")
        seen.see("Apply 2 decisions")
        seen.see("y apply")
        seen.press("y")
        seen.see("2 of 2")
        seen.process.send_signal(number)
        seen.end()
        if number is not signal.SIGKILL:
            check_restored(seen)
    with Library.open(folder) as library:
        assert not library.recovered, "what was done was whole"
        assert CONFLICT not in library.queue.search()
        assert library.queue.decisions() == [(24, Strategy.MERGE)]
        assert check_library(library).ok


def test_a_bug_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    folder = copy_sample(tmp_path)
    buggy = """
import sys
from core.library import Library
from tui.app import CuratorApp
def bug(app):
    raise RuntimeError("on purpose")
CuratorApp.action_help = bug
with Library.open(sys.argv[1]) as library:
    CuratorApp(library).run()
"""
    with terminal(str(folder), home=tmp_path, script=buggy) as seen:
        seen.see(FIRST_ROW)
        seen.press("?")
        seen.end()
        assert seen.bytes.rfind(LEAVE_SCREEN) > seen.bytes.rfind(ENTER_SCREEN) >= 0
        assert seen.bytes.rfind(SHOW_CURSOR) > seen.bytes.rfind(HIDE_CURSOR) >= 0
        assert b"on purpose" in seen.bytes
