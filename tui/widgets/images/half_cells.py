"""A picture as lines of half cells, in its own colours or dithered to those of the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from core.domain.records import Thumbnail
from tui.theme.depth import ANSI_16, ColourDepth, xterm, xterm_entries
from tui.theme.palette import Palette

if TYPE_CHECKING:
    from PIL.Image import Image

_UPPER = "▀"
_ENTRIES = 256  # entries of a Pillow palette


@lru_cache(maxsize=64)
def half_cells(picture: Thumbnail, palette: Palette) -> tuple[Strip, ...]:
    """Return a picture as strips of two rows of pixels each; an odd last row is padded with the mat."""
    rows = list(_rows(picture) if palette.depth is ColourDepth.TRUE else _dithered(picture, palette.depth))
    if len(rows) % 2:
        rows.append([palette.panel] * picture.width)
    return tuple(_strip(upper, lower) for upper, lower in zip(rows[::2], rows[1::2], strict=True))


def _strip(upper: Sequence[str], lower: Sequence[str]) -> Strip:
    return Strip([Segment(_UPPER, _style(a, b)) for a, b in zip(upper, lower, strict=True)], len(upper))


def _rows(picture: Thumbnail) -> Iterator[list[str]]:
    stride = picture.width * 3
    for start in range(0, picture.height * stride, stride):
        row = picture.pixels[start : start + stride].hex()
        yield [f"#{row[i : i + 6]}" for i in range(0, len(row), 6)]


def _dithered(picture: Thumbnail, depth: ColourDepth) -> Iterator[list[str]]:
    """Yield the rows in the colours of the terminal, with Floyd-Steinberg dithering."""
    from PIL import Image  # noqa: PLC0415 - start-up

    written, entries = _entries(depth)
    image = Image.frombytes("RGB", (picture.width, picture.height), picture.pixels)
    numbers = image.quantize(palette=entries, dither=Image.Dither.FLOYDSTEINBERG).tobytes()
    for start in range(0, len(numbers), picture.width):
        yield [written[number] for number in numbers[start : start + picture.width]]


@cache
def _entries(depth: ColourDepth) -> tuple[list[str], Image]:
    """Return the colours of a terminal as Rich needs them, and as a palette image for Pillow."""
    from PIL import Image  # noqa: PLC0415 - start-up

    if depth is ColourDepth.ANSI_16:
        written = list(ANSI_16.values())
        shown = [Color.parse(colour).get_truecolor() for colour in written]
    else:
        numbers = xterm_entries()
        written = [xterm(number) for number in numbers]
        shown = [Color.from_ansi(number).get_truecolor() for number in numbers]
    more = _ENTRIES - len(written)
    image = Image.new("P", (1, 1))
    image.putpalette(bytes(value for colour in [*shown, *shown[:1] * more] for value in colour))
    return [*written, *written[:1] * more], image


@lru_cache(maxsize=65536)
def _style(upper: str, lower: str) -> Style:
    return Style(color=upper, bgcolor=lower)
