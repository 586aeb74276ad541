"""A picture in half cells: each cell shows two pixels, one as its upper half, one as its background."""

from __future__ import annotations

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from core.domain.records import Thumbnail
from tui.presenters.cell_text import wrap
from tui.theme.palette import GREY, PANEL, Palette
from tui.theme.themes import palette_of
from tui.widgets.images.half_cells import half_cells


class ImageBox(Widget):
    """A mat with a centred picture, or with a few words if there is none.

    Only this class knows how a picture is drawn: ``room`` says how many pixels it can use, ``show`` draws a picture of
    that size. A terminal with real pictures needs another box, nothing else.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._picture: Thumbnail | None = None
        self._words = ""

    @property
    def room(self) -> tuple[int, int]:
        """Width and height in pixels of the largest picture that fits."""
        return self.size.width, self.size.height * 2

    def show(self, picture: Thumbnail) -> None:
        """Show a picture no larger than ``room``; a larger one is cropped."""
        self._picture, self._words = picture, ""
        self.refresh()

    def say(self, words: str) -> None:
        """Show a few words instead of a picture."""
        self._picture, self._words = None, words
        self.refresh()

    async def on_click(self) -> None:
        """Show the images at full size, if the screen has an action for that."""
        await self.run_action("screen.view")

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        palette = palette_of(self.app)
        mat = palette.style(f"on {PANEL}")
        if self._picture is None:
            return self._word_line(y, width, height, palette)
        strips = half_cells(self._picture, palette)
        top = max((height - len(strips)) // 2, 0)
        if not top <= y < top + len(strips):
            return Strip.blank(width, mat)
        left = max((width - self._picture.width) // 2, 0)
        strip = Strip([Segment(" " * left, mat), *strips[y - top]])
        return strip.adjust_cell_length(width, mat)

    def _word_line(self, y: int, width: int, height: int, palette: Palette) -> Strip:
        lines = wrap(self._words, max(width - 4, 1), height) if self._words else []
        row = y - (height - len(lines)) // 2
        text = lines[row] if 0 <= row < len(lines) else ""
        words = palette.style(f"{GREY} on {PANEL}")
        return Strip([Segment(text.center(width), words)]).adjust_cell_length(width, words)
