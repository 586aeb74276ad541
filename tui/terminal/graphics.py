"""Detects which graphics the terminal supports: once, before the app runs."""

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

_PATIENCE = 1.0  # seconds for an answer; terminals with graphics answer these queries, but ssh may be slow
_MOST = 4096  # bytes of answers; anything longer is no answer

_ASK_KITTY = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_ASK_SIXEL = "\x1b[c"  # device attributes: every terminal answers, and answers keep their order, so this comes last
_ASK_ALIVE = "\x1b[5n"
_KITTY = re.compile(rb"\x1b_Gi=31;OK\x1b\\")
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")
_ALIVE = re.compile(rb"\x1b\[0n")
_SIXEL = b"4"  # among the attributes


class Graphics(Enum):
    """How pictures are drawn."""

    AUTO = "auto"
    KITTY = "kitty"
    SIXEL = "sixel"
    HALF = "half"
    OFF = "off"


def choose(wanted: Graphics) -> Graphics:
    """Return how to draw pictures, never AUTO: as wanted if that can work, else in half cells.

    Call it once, before creating the app and before anything reads standard input: it may query the terminal, and
    discards what is typed meanwhile. A terminal that does not answer costs a second. Never raises.
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
        # A picture's id is encoded as a 24-bit colour. A terminal with such pictures supports these, but ssh loses the
        # variable that says so.
        os.environ["COLORTERM"] = "truecolor"
    return found


def _is_terminal() -> bool:
    """Return whether the app reads from and draws on a terminal; it draws on standard error."""
    return all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__))


def _speaks_for_half_cells(environ: Mapping[str, str]) -> bool:
    """Return whether something between the app and the terminal would drop pictures, or colours are not wanted."""
    term = environ.get("TERM", "")
    multiplexed = "TMUX" in environ or "STY" in environ or term.startswith(("screen", "tmux"))
    return multiplexed or term in ("", "dumb", "linux") or bool(environ.get("NO_COLOR"))


def _ask(terminal: int) -> Graphics:
    """Ask the terminal which graphics it supports.

    Sixel comes first: some terminals with both do not support Kitty's pictures in place of characters, as used here.
    """
    answer = _answer(terminal, _ASK_KITTY + _ASK_SIXEL, _ATTRIBUTES)
    attributes = _ATTRIBUTES.search(answer)
    if attributes is None:
        return Graphics.HALF
    if _SIXEL in attributes[1].split(b";"):
        return Graphics.SIXEL
    return Graphics.KITTY if _KITTY.search(answer) else Graphics.HALF


def _load(terminal: int) -> None:
    """Import textual-image, which queries the terminal itself, and wait until all of its queries are answered."""
    try:
        import textual_image.widget  # noqa: PLC0415, F401 - also measures the cells, which cannot be done once the app runs

        from tui.textual_compat import cell_size  # noqa: PLC0415 - not needed for half cells

        if min(cell_size()) < 1:
            raise ValueError("cells without a size")
    finally:
        _answer(terminal, _ASK_ALIVE, _ALIVE)


def _answer(terminal: int, question: str, end: re.Pattern[bytes]) -> bytes:
    """Return the terminal's output until ``end`` matches or the time is up."""
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
    """Yield the terminal's descriptor, temporarily without echo and line buffering."""
    assert sys.__stdin__ is not None
    terminal = sys.__stdin__.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSANOW)
    try:
        yield terminal
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
