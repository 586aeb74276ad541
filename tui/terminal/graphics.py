"""Which pictures the terminal can draw: asked once, before the app runs."""

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

_PATIENCE = 1.0  # seconds for an answer; any terminal that knows pictures knows these questions, but ssh may be slow
_MOST = 4096  # bytes of answers; whoever sends more sends no answers

_ASK_KITTY = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_ASK_SIXEL = "\x1b[c"  # what the terminal is: every one answers, and in order, so this comes last
_ASK_ALIVE = "\x1b[5n"
_KITTY = re.compile(rb"\x1b_Gi=31;OK\x1b\\")
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")
_ALIVE = re.compile(rb"\x1b\[0n")
_SIXEL = b"4"  # among the attributes


class Graphics(Enum):
    """How pictures get onto the screen."""

    AUTO = "auto"
    KITTY = "kitty"
    SIXEL = "sixel"
    HALF = "half"
    OFF = "off"


def choose(wanted: Graphics) -> Graphics:
    """Return how pictures are to be drawn, never AUTO: what is wanted where it can work, else half cells.

    To be called once, before the app is made, and before anything reads from standard input: it may ask the terminal,
    and takes whatever was typed meanwhile. A terminal that does not answer costs a second. Never raises.
    """
    if wanted in (Graphics.HALF, Graphics.OFF):
        return wanted
    try:
        return _choose(wanted)
    except Exception:  # a picture in half cells is better than no app
        return Graphics.HALF


def _choose(wanted: Graphics) -> Graphics:
    if not _is_terminal() or 0 in os.get_terminal_size(sys.__stdout__.fileno()):  # type: ignore[union-attr]
        return Graphics.HALF
    if wanted is Graphics.AUTO and _speaks_for_half_cells(os.environ):
        return Graphics.HALF
    with _quiet() as terminal:
        found = _ask(terminal) if wanted is Graphics.AUTO else wanted
        if found is not Graphics.HALF:
            _load(terminal)
    if found is Graphics.KITTY:
        # The number of a picture travels as a colour of 24 bits. A terminal with such pictures has them, but over ssh
        # the variable that says so gets lost.
        os.environ["COLORTERM"] = "truecolor"
    return found


def _is_terminal() -> bool:
    """Tell whether the app draws on and reads from a terminal; it draws on standard error."""
    return all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__))


def _speaks_for_half_cells(environ: Mapping[str, str]) -> bool:
    """Tell whether something between us and the terminal would swallow pictures, or no colour is wanted."""
    term = environ.get("TERM", "")
    multiplexed = "TMUX" in environ or "STY" in environ or term.startswith(("screen", "tmux"))
    return multiplexed or term in ("", "dumb", "linux") or bool(environ.get("NO_COLOR"))


def _ask(terminal: int) -> Graphics:
    """Ask what pictures the terminal draws.

    Sixel goes first: some terminals with both draw Kitty's pictures, but not at the place of characters, as we do.
    """
    answer = _answer(terminal, _ASK_KITTY + _ASK_SIXEL, _ATTRIBUTES)
    attributes = _ATTRIBUTES.search(answer)
    if attributes is None:
        return Graphics.HALF
    if _SIXEL in attributes[1].split(b";"):
        return Graphics.SIXEL
    return Graphics.KITTY if _KITTY.search(answer) else Graphics.HALF


def _load(terminal: int) -> None:
    """Import textual-image, which asks the terminal by itself, and wait until all that it asked is answered."""
    try:
        import textual_image.widget  # noqa: PLC0415, F401 - also measures the cells, which cannot be done once the app runs

        from tui.textual_compat import cell_size  # noqa: PLC0415 - not needed for half cells

        if min(cell_size()) < 1:
            raise ValueError("cells without a size")
    finally:
        _answer(terminal, _ASK_ALIVE, _ALIVE)


def _answer(terminal: int, question: str, end: re.Pattern[bytes]) -> bytes:
    """Return what the terminal says until ``end`` is in it, or until it has had time enough."""
    os.write(terminal, question.encode())
    deadline = time.monotonic() + _PATIENCE
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
    """Give the terminal, for a while one that neither shows what it answers nor waits for a line to end."""
    assert sys.__stdin__ is not None
    terminal = sys.__stdin__.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSANOW)
    try:
        yield terminal
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
