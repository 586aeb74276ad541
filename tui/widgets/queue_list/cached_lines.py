"""A view that caches its drawn lines, so that a key redraws only the lines that it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


class CachedLines(ScrollView, inherit_bindings=False):
    """Draws only the lines that were refreshed; Textual's widgets process all their lines whenever one has changed.

    For widgets without border and padding, whose ``render_line`` returns whole lines in the widget's own style.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._kept: list[Strip] = []
        self._kept_for: tuple[Size, Sequence[LineFilter]] | None = None
        self._stale: set[int] = set()

    def prepare_lines(self) -> None:
        """Compute what all lines share; called before all of them are drawn."""

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        if regions:
            self._stale.update(y for region in regions for y in region.line_range)
        else:
            self._kept_for = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def notify_style_update(self) -> None:
        self._kept_for = None
        super().notify_style_update()

    def render_lines(self, crop: Region) -> list[Strip]:
        shape = self.size, self.get_line_filters()
        if shape != self._kept_for:
            self._kept_for = shape
            self.prepare_lines()
            self._kept = [Strip([])] * self.size.height
            self._stale.update(range(self.size.height))
        ground = self.background_colors[1]
        for y in self._stale.intersection(range(len(self._kept))):
            line = self.render_line(y)
            for one in shape[1]:
                line = line.apply_filter(one, ground)
            self._kept[y] = line
        self._stale.clear()
        lines = [self._kept[y] for y in crop.line_range]
        start, end = crop.column_span
        return lines if (start, end) == (0, self.size.width) else [line.crop(start, end) for line in lines]
