"""Querying the terminal for graphics support in a real pseudo-terminal that answers, or does not."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from tests.support.fake_terminal import ALIVE, ATTRIBUTES, COLOUR, KITTY_QUERY, NAME, PLAIN, SIXEL, FakeTerminal
from tui.terminal.graphics import Graphics, choose

# Says what was chosen, and what the app would then take for keys.
_CODE = """
import os, select, sys, termios, tty
from tui.terminal.graphics import Graphics, choose
before = termios.tcgetattr(0)
chosen = choose(Graphics(sys.argv[1]))
same = termios.tcgetattr(0) == before
tty.setcbreak(0)
left = b""
while select.select([0], [], [], float(sys.argv[2]))[0]:
    left += os.read(0, 1024)
print("CHOSEN", chosen.value, left, same, os.environ.get("COLORTERM", "none"), "END", flush=True)
"""


def _ask(terminal: FakeTerminal, wanted: str = "auto", listen: float = 0.0) -> str:
    return _told(terminal, wanted, listen)[0]


def _told(terminal: FakeTerminal, wanted: str = "auto", listen: float = 0.0) -> tuple[str, str]:
    """Return what was chosen, and what ``COLORTERM`` is then."""
    with terminal.running(_CODE, wanted, str(listen)) as child:
        assert terminal.finish(child) == 0, terminal.seen
    words = terminal.seen.split(b"CHOSEN ")[1].split(b" END")[0].decode().split()
    assert words[1:3] == ["b''", "True"], "keys left, or the terminal's mode is not as before"
    return words[0], words[3]


def test_kitty() -> None:
    assert _ask(FakeTerminal(PLAIN, kitty=True)) == "kitty"


def test_sixel() -> None:
    assert _ask(FakeTerminal(SIXEL)) == "sixel"


@pytest.mark.parametrize(
    ("name", "graphics"),
    [("kitty(0.41.1)", "kitty"), ("ghostty 1.0.1", "kitty"), ("kitty(0.26.5)", "sixel"), ("Konsole 22.12", "sixel")],
)
def test_a_terminal_with_both_gets_kittys_where_characters_can_stand_for_pictures(name: str, graphics: str) -> None:
    answers = {**SIXEL, NAME: b"\x1bP>|" + name.encode() + b"\x1b\\"}
    assert _ask(FakeTerminal(answers, kitty=True)) == graphics


@pytest.mark.parametrize(
    ("answers", "environ", "colours"),
    [
        ({COLOUR: b"\x1bP1$r0;48:2::1:2:3m\x1b\\"}, {}, "truecolor"),
        ({COLOUR: b"\x1bP1$r48:2:1:2:3m\x1b\\"}, {}, "truecolor"),
        ({COLOUR: b"\x1bP1$r0;48;5;16m\x1b\\"}, {}, "none"),
        ({COLOUR: b"\x1bP0$r\x1b\\", b"\x1b[>c": b"\x1b[>65;7003;1c"}, {}, "truecolor"),
        ({b"\x1b[>c": b"\x1b[>65;3400;1c"}, {}, "none"),
        ({NAME: b"\x1bP>|Konsole 22.12.3\x1b\\"}, {}, "truecolor"),
        ({}, {"TERM": "alacritty"}, "truecolor"),
        ({}, {"STY": "1.pts-0", "COLORTERM": "truecolor"}, "none"),
        ({}, {"TMUX": "1", "TERM": "screen-256color", "COLORTERM": "truecolor"}, "truecolor"),
    ],
)
@pytest.mark.parametrize("wanted", ["auto", "half"])
def test_colours_are_found_without_what_ssh_loses(
    wanted: str, answers: Mapping[bytes, bytes], environ: Mapping[str, str], colours: str
) -> None:
    terminal = FakeTerminal({**PLAIN, **answers}, environ=environ)
    assert _told(terminal, wanted) == ("half", colours)


_ZOOMED = """
import fcntl, struct, termios
from tui.textual_compat import cell_size
before = cell_size()
fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 60, 1200, 800))
print("CELLS", before, cell_size(), flush=True)
"""


def test_a_cell_is_measured_anew_when_the_font_is_zoomed() -> None:
    terminal = FakeTerminal(SIXEL)
    with terminal.running(_ZOOMED) as child:
        assert terminal.finish(child) == 0, terminal.seen
    assert b"CELLS (10, 20) (20, 40)" in terminal.seen


def test_what_a_terminal_does_not_know_leaves_nothing_on_its_line() -> None:
    terminal = FakeTerminal(PLAIN)
    _ask(terminal)
    assert terminal.seen.index(KITTY_QUERY) < terminal.seen.index(b"\r\x1b[K")


def test_a_terminal_without_pictures() -> None:
    assert _ask(FakeTerminal(PLAIN)) == "half"


def test_no_answer_costs_about_a_second() -> None:
    terminal = FakeTerminal({})
    start = time.monotonic()
    assert _ask(terminal) == "half"
    assert time.monotonic() - start < 5
    assert terminal.seen.count(ATTRIBUTES) == 1, "asked again, although nobody answers"


def test_no_cells() -> None:
    terminal = FakeTerminal(SIXEL, size=(0, 0, 0, 0))
    assert _ask(terminal) == "half"
    assert ATTRIBUTES not in terminal.seen


def test_no_size_in_pixels() -> None:
    """Half the terminals do not say; textual-image asks then, and takes 10 x 20 if nobody answers."""
    assert _ask(FakeTerminal(SIXEL, size=(40, 120, 0, 0))) == "sixel"


@pytest.mark.parametrize(
    "environ",
    [
        {"TMUX": "/tmp/tmux-1000/default,1,0"},
        {"STY": "1.pts-0"},
        {"TERM": "screen-256color"},
        {"TERM": "tmux-256color"},
        {"NO_COLOR": "1"},
    ],
    ids=lambda environ: "=".join(*environ.items()),
)
def test_not_even_asked(environ: Mapping[str, str]) -> None:
    terminal = FakeTerminal(SIXEL, kitty=True, environ=environ)
    assert _ask(terminal) == "half"
    assert ATTRIBUTES not in terminal.seen
    assert KITTY_QUERY not in terminal.seen


def test_late_answers_are_waited_for_and_none_becomes_a_key() -> None:
    """0.3 s is later than textual-image waits, whose own questions are answered later still."""
    assert _ask(FakeTerminal(SIXEL, delay=0.3), listen=0.5) == "sixel"


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x9bq\x1b[", b"\x1b[?c", b"jjm" * 900], ids=["bytes", "empty", "long"])
def test_garbage(garbage: bytes) -> None:
    assert _ask(FakeTerminal({ATTRIBUTES: garbage, ALIVE: garbage})) == "half"


def test_keys_pressed_meanwhile_do_not_confuse_it() -> None:
    terminal = FakeTerminal({**SIXEL, ATTRIBUTES: b"jm?" + SIXEL[ATTRIBUTES]})
    assert _ask(terminal) == "sixel"


def test_what_makes_textual_image_fail_leaves_half_cells_and_no_keys() -> None:
    terminal = FakeTerminal({**SIXEL, ATTRIBUTES: b"\xff" + SIXEL[ATTRIBUTES]}, delay=0.05)
    assert _ask(terminal, listen=0.3) == "half"
    assert ALIVE in terminal.seen


@pytest.mark.parametrize("wanted", ["half", "off", "kitty", "sixel"])
def test_what_is_wanted_comes_about_whatever_the_terminal_says(wanted: str) -> None:
    terminal = FakeTerminal(PLAIN, environ={"TMUX": "1"})
    assert _ask(terminal, wanted) == wanted
    assert (ALIVE in terminal.seen) == (wanted in ("kitty", "sixel")), "asked although there was nothing to ask"


@pytest.mark.parametrize("wanted", [Graphics.AUTO, Graphics.KITTY, Graphics.SIXEL])
def test_no_terminal(wanted: Graphics) -> None:
    assert choose(wanted) is Graphics.HALF
