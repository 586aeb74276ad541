"""Pictures in real pixels, for terminals that support them."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from rich.control import Control
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.app import App
from textual.driver import Driver
from textual.geometry import Region
from textual.strip import Strip

from core.domain.records import Thumbnail
from core.errors import CuratorError
from tui.jobs.latest import LatestQuery
from tui.terminal.encoder import Drawing, kitty, sixel
from tui.terminal.graphics import Graphics
from tui.textual_compat import TerminalDriver, after_refresh, cell_size, write_to_terminal
from tui.theme.themes import palette_of
from tui.widgets.images.image_box import ImageBox

_LONGEST = 1600  # pixels across or down; larger pictures take too long to encode
_LONGEST_FAR = 640  # the same over ssh, where they take too long to send
_CACHED = 4_000_000  # pixels of drawings: two of the largest pictures, many of a preview's
_OVERLAYS = "Toast, Tooltip"
_RAW = [(ControlType.CURSOR_FORWARD, 0)]  # marks a segment that is not text


def image_box(app: App[Any], *, id: str | None = None, classes: str | None = None) -> ImageBox:
    """Return a picture box for the app's ``graphics``."""
    graphics: Graphics = getattr(app, "graphics", Graphics.HALF)
    if graphics in _MAKERS:
        return GraphicsBox(graphics, id=id, classes=classes)
    box = NoGraphicsBox if graphics is Graphics.OFF else ImageBox
    return box(id=id, classes=classes)


def driver(graphics: Graphics) -> type[Driver] | None:
    """Return the driver class; None, as for a browser, selects the one that the environment names."""
    if "TEXTUAL_DRIVER" in os.environ:
        return None
    return _TidyDriver if graphics is Graphics.KITTY else TerminalDriver


class NoGraphicsBox(ImageBox):
    """A box without room for pictures, which says so."""

    @property
    def room(self) -> tuple[int, int]:
        """Zero, so that nothing is decoded."""
        return 0, 0

    def say(self, words: str) -> None:
        """Say that pictures are off, instead of any other text."""
        super().say("pictures off" if words else "")


class _Order(NamedTuple):
    picture: Thumbnail
    columns: int
    rows: int
    mat: str
    cell: tuple[int, int]


def _size(order: _Order) -> int:
    return order.picture.width * order.picture.height


class GraphicsBox(ImageBox):
    """A mat with a centred picture in real pixels; made in a thread, and the previous one stays until then."""

    def __init__(self, graphics: Graphics, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._make = _MAKERS[graphics]
        self._scales = graphics is Graphics.KITTY
        self._order: _Order | None = None
        self._drawing: Drawing | None = None
        self._sent: list[Drawing] = []
        self._covered = False
        self._drawings: OrderedDict[_Order, Drawing] = OrderedDict()
        self._latest = LatestQuery(self, "drawing", self._read, self._answer, self._failed)

    @property
    def room(self) -> tuple[int, int]:
        """Width and height in pixels of the largest picture that fits, or that is worth sending."""
        width, height = self._pixels()
        longest = _LONGEST_FAR if "SSH_CONNECTION" in os.environ else _LONGEST
        return min(width, longest), min(height, longest)

    def show(self, picture: Thumbnail) -> None:
        """Show a picture no larger than ``room``."""
        (cell_width, cell_height), scale = cell_size(), self._scale(picture) if self._scales else 1.0
        columns = max(-int(-picture.width * scale // cell_width), 1)
        rows = max(-int(-picture.height * scale // cell_height), 1)
        self._order = _Order(picture, columns, rows, self._mat, (cell_width, cell_height))
        if self._order in self._drawings:
            self._drawings.move_to_end(self._order)
            self._latest.forget()
            self._put(self._drawings[self._order])
        else:
            self._latest.ask(self._order)

    def say(self, words: str) -> None:
        self._order = None
        self._latest.forget()
        self._put(None)
        super().say(words)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw the given part of the box without line filters, which would change the id of a picture."""
        self._look_for_cover()
        # A dialog tints what it covers, including the colour that encodes a picture's id.
        drawing = self._drawing if self.screen.is_active else None
        if drawing is None:
            return super().render_lines(crop)
        if drawing.columns > self.size.width or drawing.rows > self.size.height:  # the box has just shrunk
            lines = [self._blank()] * crop.height
        else:
            whole = crop == self.size.region and not self._covered
            lines = [self._line(drawing, y, whole) for y in crop.line_range]
        return [line.crop(crop.x, crop.right) for line in lines]

    def leave(self) -> None:
        """Free everything that was sent: nothing of this box stays visible."""
        self._drawing = None
        self._free()

    def come_back(self) -> None:
        """Send the picture again after the terminal was left for a while."""
        if self._order is not None:
            self.show(self._order.picture)

    def on_unmount(self) -> None:
        self.leave()

    @property
    def _mat(self) -> str:
        return palette_of(self.app).panel

    def _pixels(self) -> tuple[int, int]:
        cell_width, cell_height = cell_size()
        return self.size.width * cell_width, self.size.height * cell_height

    def _scale(self, picture: Thumbnail) -> float:
        """Return how much the terminal enlarges a picture: one that has room to spare keeps its size."""
        (width, height), room = self._pixels(), self.room
        if picture.width < room[0] and picture.height < room[1]:
            return 1.0
        return min(width / picture.width, height / picture.height)

    def _read(self, order: _Order, _: threading.Event) -> Drawing:
        try:
            return self._make(order.picture, order.columns, order.rows, order.mat)
        except Exception as error:
            raise CuratorError(f"{type(error).__name__}: {error}") from error

    def _answer(self, order: _Order, drawing: Drawing) -> None:
        self._drawings[order] = drawing
        while len(self._drawings) > 1 and sum(map(_size, self._drawings)) > _CACHED:
            self._drawings.popitem(last=False)
        if order == self._order:
            self._put(drawing)

    def _failed(self, order: _Order, error: CuratorError) -> None:
        if order == self._order:
            self.say(f"no picture: {error}")

    def _put(self, drawing: Drawing | None) -> None:
        if drawing is self._drawing:
            return
        self._drawing = drawing
        if drawing is not None:
            self._words = ""
            if drawing.send and drawing not in self._sent:
                self._sent.append(drawing)
                self._write(drawing.send)
        self.refresh()
        after_refresh(self, self._free)

    def _free(self) -> None:
        """Free what is no longer shown; not before something else is shown, to avoid flicker."""
        for drawing in self._sent:
            if drawing is not self._drawing:
                self._write(drawing.free)
        self._sent = [drawing for drawing in self._sent if drawing is self._drawing]

    def _write(self, data: str) -> None:
        write_to_terminal(self.app, data)

    def _look_for_cover(self) -> None:
        """Check whether an overlay covers the box; once it is gone, the picture must be drawn again."""
        overlays = self.screen.query(_OVERLAYS)
        covered = any(overlay.display and overlay.region.overlaps(self.region) for overlay in overlays)
        if self._covered and not covered:
            self.call_later(self.refresh)
        self._covered = covered

    def _line(self, drawing: Drawing, y: int, whole: bool) -> Strip:
        width, height = self.size
        left, top = (width - drawing.columns) // 2, (height - drawing.rows) // 2
        row = y - top
        if drawing.cells and 0 <= row < drawing.rows:
            mat = Style(bgcolor=self._mat)
            right = width - left - drawing.columns
            return Strip([Segment(" " * left, mat), drawing.cells[row], Segment(" " * right, mat)], width)
        if drawing.over and whole and row == drawing.rows - 1:
            corner = Control.move_to(self.region.x + left, self.region.y + top).segment.text
            return Strip([*self._blank(), Segment(f"\x1b7{corner}{drawing.over}\x1b8", None, _RAW)], width)
        return self._blank()

    def _blank(self) -> Strip:
        return Strip.blank(self.size.width, Style(bgcolor=self._mat))


class _TidyDriver(TerminalDriver):
    """Frees pictures while their terminal screen is still active; Kitty keeps separate ones for its two screens."""

    def start_application_mode(self) -> None:
        super().start_application_mode()
        for screen in self.app.screen_stack:
            for box in screen.query(GraphicsBox):
                box.come_back()

    def stop_application_mode(self) -> None:
        for screen in self.app.screen_stack:
            for box in screen.query(GraphicsBox):
                box.leave()
        super().stop_application_mode()


_MAKERS: dict[Graphics, Callable[[Thumbnail, int, int, str], Drawing]] = {Graphics.KITTY: kitty, Graphics.SIXEL: sixel}
