"""The program stopped and continued by the shell."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.e2e.test_terminal import ENTER_SCREEN, FIRST_ROW, LEAVE_SCREEN, check_restored
from tests.support.app import copy_sample
from tests.support.pseudo_terminal import stopped, terminal


def test_suspend_and_continue(tmp_path: Path) -> None:
    folder = copy_sample(tmp_path)
    with terminal("--library", str(folder), home=tmp_path) as seen:
        seen.see(FIRST_ROW)
        seen.see("19 pending")
        for turn in range(1, 3):
            seen.process.send_signal(signal.SIGTSTP)
            seen.wait(lambda: stopped(seen.process))
            seen.wait(lambda: seen.bytes.count(LEAVE_SCREEN) == turn)  # noqa: B023 - called in this turn only
            check_restored(seen)
            seen.blank()
            seen.process.send_signal(signal.SIGCONT)
            seen.see(FIRST_ROW)
            seen.see("19 pending")
        seen.press("m")
        seen.see("● merge")
        seen.press("q")
        assert seen.end() == 0
        check_restored(seen)


def test_a_continue_without_a_stop_starts_nothing_anew(tmp_path: Path) -> None:
    folder = copy_sample(tmp_path)
    with terminal("--library", str(folder), home=tmp_path) as seen:
        seen.see(FIRST_ROW)
        seen.see("19 pending")
        for _ in range(3):
            seen.process.send_signal(signal.SIGCONT)
        seen.press("m")
        seen.see("● merge")
        assert seen.bytes.count(ENTER_SCREEN) == 1
        seen.press("q")
        assert seen.end() == 0
        check_restored(seen)
