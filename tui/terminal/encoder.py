"""Pictures as what a terminal understands: made by textual-image, sent through Textual.

textual-image would write Kitty's pictures to the terminal by itself, in between what Textual writes, and its way of
freeing them frees nothing in Kitty. So it only makes the characters that stand for a picture; the picture is sent by
whoever shows the drawing.
"""

from __future__ import annotations

import base64
import io
import zlib
from dataclasses import dataclass
from itertools import count
from random import randrange

from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from core.domain.records import Thumbnail
from tui.textual_compat import cell_size

_CHUNK = 4096  # characters of data in one message to the terminal
# Numbers of pictures in the terminal, where other programs may have theirs.
_ids = count(randrange(1 << 24, 1 << 31))  # noqa: S311 - not a secret


@dataclass(frozen=True)
class Drawing:
    """A picture made ready for a terminal, ``columns`` x ``rows`` cells in size."""

    columns: int
    rows: int
    cells: tuple[Segment, ...] = ()  # what stands in each row; nothing where a picture lies over blank cells
    over: str = ""  # to be written with the cursor in the upper left corner, each time these cells were written
    send: str = ""  # to be written once, before any cell
    free: str = ""  # to be written once, when it is no longer to be seen


def kitty(picture: Thumbnail, columns: int, rows: int, mat: str) -> Drawing:
    """Return a picture for Kitty, which scales it into the cells given and keeps its proportions."""
    from textual_image.renderable.tgp import Image  # noqa: PLC0415 - not needed for half cells

    image_id = next(_ids)
    image = Image(io.BytesIO(_ppm(picture.width, picture.height, picture.pixels)), columns, rows)
    image.terminal_image_id = image_id  # so it believes to have sent it
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
    """Return a picture as Sixel data, in the middle of a ``mat`` that fills the cells; takes some 0.1 s."""
    from textual_image.renderable.sixel import Image  # noqa: PLC0415 - not needed for half cells

    width, height = cell_size()
    image = Image(io.BytesIO(_matted(picture, columns * width, rows * height, mat)), columns, rows)
    parts = _console(columns, rows).render(image)
    return Drawing(columns, rows, over=next(part.text for part in parts if part.text.startswith("\x1bP")))


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
