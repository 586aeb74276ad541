"""Encodes pictures for a terminal: made by textual-image, sent through Textual.

textual-image would write Kitty's pictures to the terminal itself, in between Textual's output, and its way of freeing
them frees nothing in Kitty. So it only makes the placeholder characters of a picture; the widget that shows the drawing
sends the picture itself.
"""

from __future__ import annotations

import base64
import io
import re
import zlib
from dataclasses import dataclass
from itertools import count
from random import randrange

from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from core.domain.records import Thumbnail
from tui.textual_compat import cell_size, sixels

_CHUNK = 4096  # characters of data in one message to the terminal
_DEFINED = re.compile(r"#(\d+);2;\d+;\d+;\d+")
# Ids of pictures in the terminal; random, since other programs may have pictures there.
_ids = count(randrange(1 << 24, 1 << 31))  # noqa: S311 - not a secret


@dataclass(frozen=True)
class Drawing:
    """A picture encoded for a terminal, ``columns`` x ``rows`` cells in size."""

    columns: int
    rows: int
    cells: tuple[Segment, ...] = ()  # the content of each row; empty if a picture lies over blank cells
    over: str = ""  # written with the cursor in the upper left corner, after each time these cells are written
    send: str = ""  # written once, before any cell
    free: str = ""  # written once, when the picture is no longer visible


def kitty(picture: Thumbnail, columns: int, rows: int, mat: str) -> Drawing:
    """Encode a picture for Kitty, which scales it into the given cells and keeps its proportions."""
    from textual_image.renderable.tgp import Image  # noqa: PLC0415 - not needed for half cells

    image_id = next(_ids)
    image = Image(io.BytesIO(_ppm(picture.width, picture.height, picture.pixels)), columns, rows)
    image.terminal_image_id = image_id  # makes textual-image believe that it has sent it
    cells = tuple(
        Segment(part.text.rstrip("\n"), (part.style or Style()) + Style(bgcolor=mat))
        for part in _console(columns, rows).render(image)
        if part.text.strip()
    )
    data = base64.b64encode(zlib.compress(picture.pixels, 1)).decode()
    chunks = [data[i : i + _CHUNK] for i in range(0, len(data), _CHUNK)]
    first = f"a=t,f=24,o=z,s={picture.width},v={picture.height},i={image_id},"
    messages = [
        f"\x1b_G{'' if n else first}q=2,m={int(n < len(chunks) - 1)};{chunk}\x1b\\" for n, chunk in enumerate(chunks)
    ]
    place = f"\x1b_Ga=p,U=1,i={image_id},c={columns},r={rows},q=2\x1b\\"
    return Drawing(columns, rows, cells, send="".join(messages) + place, free=f"\x1b_Ga=d,d=I,i={image_id},q=2\x1b\\")


def sixel(picture: Thumbnail, columns: int, rows: int, mat: str) -> Drawing:
    """Encode a picture as Sixel data, centred on a ``mat`` that fills the cells; takes about 0.1 s.

    Its colours are dithered. textual-image defines a colour where it is first used; xterm and foot do not select it by
    that, so it is selected after each definition.
    """
    from PIL import Image  # noqa: PLC0415 - not needed for half cells

    width, height = cell_size()
    image = Image.open(io.BytesIO(_matted(picture, columns * width, rows * height, mat)))
    colours = image.quantize(method=Image.Quantize.FASTOCTREE)
    dithered = image.quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG)
    return Drawing(columns, rows, over=_DEFINED.sub(r"\g<0>#\1", sixels(dithered)))


def _console(columns: int, rows: int) -> Console:
    return Console(file=io.StringIO(), width=columns, height=rows, force_terminal=True, color_system="truecolor")


def _matted(picture: Thumbnail, width: int, height: int, mat: str) -> bytes:
    left, top = (width - picture.width) // 2, (height - picture.height) // 2
    stride = picture.width * 3
    pixel = bytes(Color.parse(mat).get_truecolor())
    before, after = pixel * left, pixel * (width - picture.width - left)
    lines = [before + picture.pixels[y * stride : (y + 1) * stride] + after for y in range(picture.height)]
    blank = pixel * width
    return _ppm(width, height, b"".join([blank * top, *lines, blank * (height - picture.height - top)]))


def _ppm(width: int, height: int, pixels: bytes) -> bytes:
    return b"P6 %d %d 255\n" % (width, height) + pixels
