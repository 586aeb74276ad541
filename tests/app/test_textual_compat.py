"""Every use of Textual's private API still exists, and is still needed."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import pytest
import textual.screen
from textual.app import App
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen
from textual.widgets import Static

from tui import textual_compat
from tui.textual_compat import TerminalDriver


class Gone:
    """A terminal that is gone; ``descriptor`` is that of its file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")

    def flush(self) -> None:
        raise OSError(5, "Input/output error")


@contextmanager
def signals_kept() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


async def test_the_driver_still_has_what_ours_relies_on() -> None:
    with signals_kept():
        driver = TerminalDriver(App[None]())
        theirs = LinuxDriver(App[None]())
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTSTP)
    assert {"_file", "_writer_thread", "_must_signal_resume", "_app", "_debug"} <= vars(theirs).keys()
    assert vars(driver).keys() >= vars(theirs).keys()
    assert App[None]()._driver is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_textual_still_needs_a_driver_of_ours() -> None:
    writer = WriterThread(cast(Any, Gone(-1)))
    writer.start()
    writer.write("x")
    writer.join(10)
    assert not writer.is_alive(), "it outlives a lost terminal by now: is our driver still needed?"


async def test_a_lost_terminal_takes_whatever_is_written_and_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Semaphore(0)
    with signals_kept():
        driver = TerminalDriver(App[None]())
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTSTP)
    monkeypatch.setattr(driver, "send_message", lambda _: told.release())
    reading, writing = os.pipe()
    monkeypatch.setattr(driver._output, "_file", Gone(writing))
    driver._writer_thread = writer = WriterThread(cast(Any, driver._file))
    writer.start()
    for _ in range(200):  # far more than the queue of the writer holds
        driver.write("x")
    driver.close()
    driver.write("dropped")
    assert told.acquire(timeout=10) and not told.acquire(blocking=False)
    assert os.write(writing, b"what was buffered") and not os.read(reading, 100)
    os.close(reading)
    os.close(writing)


class Broken(App[None]):
    """An app that breaks as soon as it runs."""

    def on_mount(self) -> None:
        raise ZeroDivisionError


async def test_a_crash_is_found_and_a_regular_end_is_none() -> None:
    app = Broken()
    with pytest.raises(ZeroDivisionError):
        async with app.run_test():
            pass
    assert isinstance(textual_compat.crash_of(app), ZeroDivisionError)
    assert textual_compat.crash_of(App[None]()) is None


async def test_data_reaches_the_driver_of_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    textual_compat.write_to_terminal(App[None](), "no driver yet")
    app, written = App[None](), list[str]()
    async with app.run_test():
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", written.append)
        textual_compat.write_to_terminal(app, "picture")
        assert "picture" in written


def test_textual_image_still_measures_cells() -> None:
    assert min(textual_compat.cell_size()) > 0


async def test_the_pause_between_repaints_is_that_of_the_screen_s_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textual.screen, "UPDATE_PERIOD", 1.0)
    textual_compat.repaint_quickly()
    app = App[None]()
    async with app.run_test():
        assert app.screen._update_timer._interval < 1 / 60


def test_threads_are_switched_more_often() -> None:
    before = sys.getswitchinterval()
    try:
        textual_compat.favour_drawing()
        assert sys.getswitchinterval() < before or before <= 0.001
    finally:
        sys.setswitchinterval(before)


def test_what_start_up_made_is_frozen() -> None:
    before = gc.get_freeze_count()
    try:
        textual_compat.freeze_objects()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


async def test_what_is_to_happen_after_a_refresh_does_not_happen_in_a_closed_screen() -> None:
    told: list[str] = []
    async with App[None]().run_test() as pilot:
        for close in (False, True):
            screen = Screen[None]()
            await pilot.app.push_screen(screen)
            widget = Static("x")
            await screen.mount(widget)
            widget.call_after_refresh(told.append, f"Textual, closed: {close}")
            textual_compat.after_refresh(widget, partial(told.append, f"ours, closed: {close}"))
            if close:
                pilot.app.pop_screen()
            await pilot.pause()
            await pilot.pause()
    assert told == ["Textual, closed: False", "ours, closed: False", "Textual, closed: True"]
