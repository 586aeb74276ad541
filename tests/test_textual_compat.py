"""What is relied on beyond Textual's public interface is still there, and still needed."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from textual.app import App
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

from tui.textual_compat import TerminalDriver


class Gone:
    """A terminal that is gone."""

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
    writer = WriterThread(cast(Any, Gone()))
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
    monkeypatch.setattr(driver._output, "_file", Gone())
    driver._writer_thread = writer = WriterThread(cast(Any, driver._file))
    writer.start()
    for _ in range(200):  # far more than the queue of the writer holds
        driver.write("x")
    driver.close()
    driver.write("dropped")
    assert told.acquire(timeout=10) and not told.acquire(blocking=False)
