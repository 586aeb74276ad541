"""Real pictures: the app in a pseudo-terminal that draws them, and the contents of the cells."""

from __future__ import annotations

import asyncio
import base64
import re
import signal
import zlib
from pathlib import Path

import pytest
from textual.app import App, ComposeResult

from core.domain.records import Thumbnail
from tests.support.app import AppHarness, copy_sample, hashed_app, sample
from tests.support.fake_terminal import PLAIN, SIXEL, FakeTerminal
from tests.support.pseudo_terminal import stopped
from tui.app import CuratorApp
from tui.terminal.graphics import Graphics
from tui.widgets.images.graphics_box import GraphicsBox, image_box
from tui.widgets.images.image_box import ImageBox

_APP = """
import sys
from core.library import Library
from tui.app import CuratorApp
from tui.terminal.graphics import Graphics, choose
graphics = choose(Graphics.AUTO)
def fail(self):
    raise RuntimeError("on purpose")
def cover(self):
    self.notify("over it " * 300, timeout=0.3)
CuratorApp.action_fail, CuratorApp.action_cover = fail, cover
with Library.open(sys.argv[1]) as library:
    app = CuratorApp(library, graphics=graphics)
    app.bind("B", "fail")
    app.bind("W", "cover")
    app.run()
print("LEFT", app.return_code, flush=True)
"""
_SENT = re.compile(rb"\x1b_Ga=t,f=24,o=z,s=(\d+),v=(\d+),i=(\d+),q=2,m=[01];")
_FREED = re.compile(rb"\x1b_Ga=d,d=I,i=(\d+),q=2\x1b\\")
_DATA = re.compile(rb"\x1b_G[^;\x1b]*m=[01];([^\x1b]*)\x1b\\")
_SIXELS = re.compile(rb"\x1b7\x1b\[\d+;\d+H(\x1bP[^\x1b]*\x1b\\)\x1b8")
_PLACED = b"\x1b_Ga=p,U=1,"
_FREE = b"\x1b_Ga=d"
_LEAVES = b"\x1b[?1049l"
_PLACEHOLDER = "\U0010eeee".encode()
_TITLE_OF_HELP = b"mKeys"
_END_OF_HELP = b"m close"


def _sent(terminal: FakeTerminal) -> list[bytes]:
    return [match[3] for match in _SENT.finditer(terminal.seen)]


def _freed(terminal: FakeTerminal) -> list[bytes]:
    return [match[1] for match in _FREED.finditer(terminal.seen)]


def _begin(terminal: FakeTerminal) -> None:
    """Wait for the queue and go to its second import, which has four images; the first has none."""
    terminal.until(b"no sample images")
    terminal.type(b"j")


@pytest.fixture
def root(tmp_path: Path) -> str:
    """The folder of a library with a queue."""
    return str(copy_sample(tmp_path))


def test_kitty_gets_each_picture_once_and_frees_those_no_longer_shown(root: str) -> None:
    terminal = FakeTerminal(PLAIN, kitty=True)
    with terminal.running(_APP, root) as child:
        _begin(terminal)
        terminal.until(_PLACED)
        (sent,) = _SENT.finditer(terminal.seen)
        pixels = zlib.decompress(base64.b64decode(b"".join(_DATA.findall(terminal.seen))))
        assert len(pixels) == int(sent[1]) * int(sent[2]) * 3
        assert int(sent[1]) / int(sent[2]) == pytest.approx(640 / 832, rel=0.02), "not the proportions of the sample's"
        terminal.until(_PLACEHOLDER)
        number = int(sent[3])
        assert b"38;2;%d;%d;%d" % (number >> 16 & 255, number >> 8 & 255, number & 255) in terminal.seen
        terminal.type(b"l")
        terminal.until(_FREE)
        assert (len(_sent(terminal)), _freed(terminal)) == (2, _sent(terminal)[:1])
        terminal.type(b"?")
        terminal.until(_TITLE_OF_HELP)
        terminal.until(_END_OF_HELP)
        assert _PLACEHOLDER not in terminal.seen[terminal.seen.rindex(_FREE) :].split(_TITLE_OF_HELP)[1]
        terminal.type(b"\x1b")
        terminal.until(_PLACEHOLDER, terminal.seen.count(_PLACEHOLDER) + 1)
        assert len(_sent(terminal)) == 2, "sent again after a dialog"
        terminal.type(b"hlhl" + b"jjkj" * 5 + b"q")
        assert terminal.finish(child) == 0
    assert sorted(_freed(terminal)) == sorted(_sent(terminal))
    assert terminal.seen.rindex(_FREE) < terminal.seen.rindex(_LEAVES)


def test_kitty_is_left_clean_after_a_bug(root: str) -> None:
    terminal = FakeTerminal(PLAIN, kitty=True)
    with terminal.running(_APP, root) as child:
        _begin(terminal)
        terminal.until(_PLACEHOLDER)
        terminal.type(b"B")
        terminal.finish(child)
    assert b"on purpose" in terminal.seen
    assert _freed(terminal) == _sent(terminal)
    assert terminal.seen.rindex(_FREE) < terminal.seen.rindex(_LEAVES)


def test_kitty_gets_a_picture_again_after_a_suspension(root: str) -> None:
    terminal = FakeTerminal(PLAIN, kitty=True)
    with terminal.running(_APP, root) as child:
        _begin(terminal)
        terminal.until(_PLACEHOLDER)
        child.send_signal(signal.SIGTSTP)
        terminal.until(_LEAVES)
        terminal.wait(lambda: stopped(child))
        child.send_signal(signal.SIGCONT)
        terminal.until(_PLACED, 2)
        shown = terminal.seen.count(_PLACEHOLDER)
        terminal.until(_PLACEHOLDER, shown + 1)
        assert (len(_sent(terminal)), len(_freed(terminal))) == (2, 1)
        terminal.type(b"q")
        assert terminal.finish(child) == 0
    assert sorted(_freed(terminal)) == sorted(_sent(terminal))


def test_sixel_is_written_when_its_cells_are_and_only_then(root: str) -> None:
    terminal = FakeTerminal(SIXEL, size=(30, 110, 1100, 600))
    with terminal.running(_APP, root) as child:
        _begin(terminal)
        terminal.until(b"\x1bP")
        terminal.until(b"\x1b8")
        terminal.type(b"*")
        terminal.until("✓ ".encode(), 5)  # by then nothing that began at the start is still being drawn
        first = _SIXELS.findall(terminal.seen)
        terminal.type(b"*")
        terminal.until(b"ink-wash_v2", terminal.seen.count(b"ink-wash_v2") + 1)
        assert len(_SIXELS.findall(terminal.seen)) == len(first), "written again although another widget changed"
        terminal.type(b"?")
        terminal.until(_TITLE_OF_HELP)
        assert terminal.seen.rindex(b"\x1bP") < terminal.seen.index(_TITLE_OF_HELP), "written into a dialog"
        terminal.type(b"\x1b")
        terminal.until(b"\x1b8", len(first) + 1)
        terminal.type(b"W")
        terminal.until(b"over it")
        while b"\x1bP" not in terminal.seen[terminal.seen.rindex(b"over it") :]:
            terminal.until(b"\x1b8", terminal.seen.count(b"\x1b8") + 1)
        assert set(_SIXELS.findall(terminal.seen)) == set(first), (
            "what was under the notice is not what was there before"
        )
        terminal.type(b"l")
        while set(written := _SIXELS.findall(terminal.seen)) == {first[0]}:
            terminal.until(b"\x1b8", len(written) + 1)
        terminal.type(b"q")
        assert terminal.finish(child) == 0


def test_an_answer_that_comes_late_is_no_key(root: str) -> None:
    terminal = FakeTerminal(PLAIN)
    with terminal.running(_APP, root) as child:
        _begin(terminal)
        terminal.type(b"\x1b_Gi=31;OK\x1b\\?")
        terminal.until(_TITLE_OF_HELP)
        assert b"Import" not in terminal.seen, "the i of the answer opened the import dialog"
        terminal.type(b"q")
        terminal.type(b"q")
        assert terminal.finish(child) == 0


def _picture(width: int, height: int) -> Thumbnail:
    return Thumbnail(width, height, bytes(width * height * 3))


class _Wall(App[None]):
    """An app of one picture."""

    def __init__(self, graphics: Graphics) -> None:
        super().__init__()
        self.graphics = graphics

    def compose(self) -> ComposeResult:
        yield image_box(self)

    @property
    def box(self) -> ImageBox:
        return self.query_one(ImageBox)

    def lines(self) -> list[str]:
        return [line.text for line in self.box.render_lines(self.box.size.region)]


async def _shown(app: _Wall, words: str) -> list[str]:
    for _ in range(1000):
        if words in "".join(app.lines()):
            return app.lines()
        await asyncio.sleep(0.01)
    raise AssertionError(f"{words!r} never came")


@pytest.mark.parametrize(("far", "room"), [(False, (1600, 1200)), (True, (640, 640))])
async def test_what_is_sent_has_a_limit_and_kitty_enlarges_it(
    far: bool, room: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    if far:
        monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 50000 10.0.0.2 22")
    app = _Wall(Graphics.KITTY)
    async with app.run_test(size=(200, 60)):
        assert app.box.room == room  # of 2000 x 1200 pixels
        app.box.show(_picture(room[1] // 2, room[1]))
        lines = await _shown(app, "\U0010eeee")
        assert [line.count("\U0010eeee") for line in lines] == [60] * 60, "as high as the box"
        assert {line.index("\U0010eeee") for line in lines} == {70}


async def test_a_small_picture_stays_small_in_the_middle() -> None:
    app = _Wall(Graphics.KITTY)
    async with app.run_test(size=(40, 10)):
        assert app.box.room == (400, 200)
        app.box.show(_picture(95, 41))
        lines = await _shown(app, "\U0010eeee")
        assert [line.count("\U0010eeee") for line in lines] == [0] * 3 + [10] * 3 + [0] * 4
        assert lines[3].index("\U0010eeee") == 15


async def test_sixel_pads_to_whole_cells_so_that_nothing_is_stretched() -> None:
    app = _Wall(Graphics.SIXEL)
    async with app.run_test(size=(40, 10), notifications=True) as pilot:
        app.box.show(Thumbnail(95, 41, b"\xff\0\0" * 95 * 41))
        lines = await _shown(app, "\x1bP")
        (last,) = [line for line in lines if "\x1bP" in line]
        assert lines.index(last) == 5
        assert '"1;1;100;60#' in last
        assert "\x1b[4;16H\x1bP" in last
        colours = set(re.findall(r"#\d+;2;(\d+);(\d+);(\d+)", last))
        assert ("100", "0", "0") in colours
        assert len(colours) == 2, "scaled, so that colours run"
        defined = re.findall(r"#(\d+);2;\d+;\d+;\d+(.)(\d*)", last)
        assert all(sign == "#" and selected == number for number, sign, selected in defined), "only defined"
        app.notify("over it " * 40)
        for _ in range(1000):
            if "over it" in "".join(strip.text for strip in app.screen._compositor.render_strips()):
                break
            await pilot.pause(0.01)
        else:
            raise AssertionError("no notice")
        assert "\x1bP" not in "".join(app.lines()), "written over a notice"


async def test_sixel_dithers_what_has_more_colours_than_it_can_show() -> None:
    ramp = b"".join(bytes((x, x // 2, 255 - x)) for x in range(250))
    app = _Wall(Graphics.SIXEL)
    async with app.run_test(size=(40, 10)):
        app.box.show(Thumbnail(250, 60, ramp * 60))
        (data,) = [line for line in await _shown(app, "\x1bP") if "\x1bP" in line]
    bands = data.split("-")[:-1]
    assert len(set(bands[1:9])) > 4, "bands of one colour each, all the same"


@pytest.mark.parametrize("graphics", [Graphics.KITTY, Graphics.SIXEL, Graphics.HALF, Graphics.OFF])
async def test_words_take_the_place_of_a_picture(graphics: Graphics) -> None:
    app = _Wall(graphics)
    async with app.run_test(size=(40, 10)):
        app.box.show(_picture(95, 41))
        app.box.say("nothing to see")  # before the picture is made
        words = "pictures off" if graphics is Graphics.OFF else "nothing to see"
        assert words in "".join(await _shown(app, words))
        if isinstance(app.box, GraphicsBox):
            app.box.show(_picture(10, 10))
            await _shown(app, "\x1bP" if graphics is Graphics.SIXEL else "\U0010eeee")
            assert "nothing" not in "".join(app.lines())


async def test_the_app_draws_half_cells_unless_told_otherwise(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        assert type(desk.queue.query_one(ImageBox)) is ImageBox
        await desk.go_to(7)
        await desk.wait_until(lambda: "▀" in desk.text("#picture"))


async def test_off_decodes_nothing(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        app = CuratorApp(library, graphics=Graphics.OFF)
        async with app.run_test(size=(120, 40)) as pilot:
            desk = AppHarness(pilot, library)
            await desk.wait_until(lambda: desk.model.current_row)
            await desk.go_to(7)
            assert desk.text("#picture").split() == ["pictures", "off"]
            assert "▀" not in desk.screen()
