"""Detects which graphics and colours the terminal supports: once, before the app runs."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum

from tui.terminal.answers import (
    ASK_ATTRIBUTES,
    ASK_MORE,
    ATTRIBUTES,
    TerminalAnswers,
    has_true_colour,
    understand,
)

_PATIENCE = 1.0  # seconds for all answers; ssh may be slow
_MOST = 4096  # bytes of answers; anything longer is no answer

_ASK_ALIVE = "\x1b[5n"
_ALIVE = re.compile(rb"\x1b\[0n")


class Graphics(Enum):
    """How pictures are drawn."""

    AUTO = "auto"
    KITTY = "kitty"
    SIXEL = "sixel"
    HALF = "half"
    OFF = "off"


def choose(wanted: Graphics) -> Graphics:
    """Return how to draw pictures, never AUTO: as wanted if that can work, else in half cells.

    Sets ``COLORTERM``, by which Textual and Rich choose colours: to ``truecolor`` for a terminal that has 16 million,
    as ssh loses it, and to nothing inside GNU screen, which misreads such colours.

    Call it once, before creating the app and before anything reads standard input: it may query the terminal, and
    discards what is typed meanwhile. A terminal that does not answer costs a second. Never raises.
    """
    if _in_screen(os.environ):
        os.environ.pop("COLORTERM", None)
    elif has_true_colour(os.environ):
        os.environ["COLORTERM"] = "truecolor"
    if wanted is Graphics.OFF or (wanted is Graphics.HALF and "COLORTERM" in os.environ):
        return wanted
    try:
        return _choose(wanted)
    except Exception:  # a picture in half cells is better than no app
        return Graphics.HALF


def _choose(wanted: Graphics) -> Graphics:
    if not _is_terminal() or 0 in os.get_terminal_size(sys.__stdout__.fileno()):  # type: ignore[union-attr]
        return Graphics.HALF
    asks = wanted in (Graphics.AUTO, Graphics.HALF)
    if asks and _speaks_for_half_cells(os.environ):
        return Graphics.HALF
    with _quiet() as terminal:
        told = _ask(terminal) if asks else TerminalAnswers()
        found = _best(told) if wanted is Graphics.AUTO else wanted
        if found is not Graphics.HALF:
            _load(terminal)
    if told.true_colour or found is Graphics.KITTY:  # a picture's id is encoded as one of the 16 million colours
        os.environ["COLORTERM"] = "truecolor"
    return found


def _in_screen(environ: Mapping[str, str]) -> bool:
    return "TMUX" not in environ and ("STY" in environ or environ.get("TERM", "").startswith("screen"))


def _best(told: TerminalAnswers) -> Graphics:
    return Graphics.KITTY if told.kitty else Graphics.SIXEL if told.sixel else Graphics.HALF


def _is_terminal() -> bool:
    """Return whether the app reads from and draws on a terminal; it draws on standard error."""
    return all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__))


def _speaks_for_half_cells(environ: Mapping[str, str]) -> bool:
    """Return whether something between the app and the terminal would drop pictures, or colours are not wanted."""
    term = environ.get("TERM", "")
    multiplexed = "TMUX" in environ or "STY" in environ or term.startswith(("screen", "tmux"))
    return multiplexed or term in ("", "dumb", "linux") or bool(environ.get("NO_COLOR"))


def _ask(terminal: int) -> TerminalAnswers:
    """Ask the terminal what it can do; one that does not say its attributes is asked nothing more."""
    deadline = time.monotonic() + _PATIENCE
    answer = _answer(terminal, ASK_ATTRIBUTES, ATTRIBUTES, deadline)
    if ATTRIBUTES.search(answer) is None:
        return TerminalAnswers()
    return understand(answer + _answer(terminal, ASK_MORE + ASK_ATTRIBUTES, ATTRIBUTES, deadline))


def _load(terminal: int) -> None:
    """Import textual-image, which queries the terminal itself, and wait until all of its queries are answered."""
    try:
        import textual_image.widget  # noqa: PLC0415, F401 - also measures the cells, which cannot be done once the app runs

        from tui.textual_compat import cell_size  # noqa: PLC0415 - not needed for half cells

        if min(cell_size()) < 1:
            raise ValueError("cells without a size")
    finally:
        _answer(terminal, _ASK_ALIVE, _ALIVE, time.monotonic() + _PATIENCE)


def _answer(terminal: int, question: str, end: re.Pattern[bytes], deadline: float) -> bytes:
    """Return the terminal's output until ``end`` matches or the time is up."""
    os.write(terminal, question.encode())
    answer = b""
    while not end.search(answer) and len(answer) < _MOST:
        ready, _, _ = select.select([terminal], [], [], max(deadline - time.monotonic(), 0))
        part = os.read(terminal, 1024) if ready else b""
        if not part:
            break
        answer += part
    return answer


@contextmanager
def _quiet() -> Iterator[int]:
    """Yield the terminal's descriptor, temporarily without echo and line buffering."""
    assert sys.__stdin__ is not None
    terminal = sys.__stdin__.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSANOW)
    try:
        yield terminal
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
