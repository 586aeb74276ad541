"""A picture in half cells: each cell shows two pixels, one as its upper half, one as its ground."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from core.records import Picture
from tui.palette import GREY, PANEL
from tui.widgets.cells import wrap

_UPPER = "▀"


class PictureBox(Widget):
    """A mat with a picture in the middle of it, or with a few words where there is none.

    This is the one place that knows how a picture gets onto the screen: ``room`` says how many pixels it could use,
    ``show`` draws what was made to that measure. A terminal with real pictures needs another box, nothing else.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._picture: Picture | None = None
        self._words = ""

    @property
    def room(self) -> tuple[int, int]:
        """Width and height in pixels of the largest picture that fits."""
        return self.size.width, self.size.height * 2

    def show(self, picture: Picture) -> None:
        """Show a picture no larger than ``room``; a larger one is cut."""
        self._picture, self._words = picture, ""
        self.refresh()

    def say(self, words: str) -> None:
        """Show a few words instead of a picture."""
        self._picture, self._words = None, words
        self.refresh()

    async def on_click(self) -> None:
        """Have the screen show its images as large as can be, where it has a key for that."""
        await self.run_action("screen.view")

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        mat = Style(bgcolor=PANEL)
        if self._picture is None:
            return self._word_line(y, width, height, mat)
        strips = half_cells(self._picture)
        top = max((height - len(strips)) // 2, 0)
        if not top <= y < top + len(strips):
            return Strip.blank(width, mat)
        left = max((width - self._picture.width) // 2, 0)
        strip = Strip([Segment(" " * left, mat), *strips[y - top]])
        return strip.adjust_cell_length(width, mat)

    def _word_line(self, y: int, width: int, height: int, mat: Style) -> Strip:
        lines = wrap(self._words, max(width - 4, 1), height) if self._words else []
        row = y - (height - len(lines)) // 2
        text = lines[row] if 0 <= row < len(lines) else ""
        return Strip([Segment(text.center(width), mat + Style(color=GREY))]).adjust_cell_length(width, mat)


@lru_cache(maxsize=64)
def half_cells(picture: Picture) -> tuple[Strip, ...]:
    """Return a picture as strips, two rows of pixels each; under an odd last row shows the mat."""
    return tuple(_strip(picture, y) for y in range(0, picture.height, 2))


def _strip(picture: Picture, y: int) -> Strip:
    upper = _row(picture, y)
    lower = _row(picture, y + 1) if y + 1 < picture.height else [PANEL] * picture.width
    return Strip([Segment(_UPPER, _style(a, b)) for a, b in zip(upper, lower, strict=True)], picture.width)


def _row(picture: Picture, y: int) -> list[str]:
    start = y * picture.width * 3
    row = picture.pixels[start : start + picture.width * 3].hex()
    return [f"#{row[i : i + 6]}" for i in range(0, len(row), 6)]


@lru_cache(maxsize=65536)
def _style(upper: str, lower: str) -> Style:
    return Style(color=upper, bgcolor=lower)
