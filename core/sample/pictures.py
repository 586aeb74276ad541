"""Pictures for the sample library: soft landscapes, a different one for each seed."""

from __future__ import annotations

import colorsys
import math
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

_SIZE = (640, 832)


def landscape(seed: int) -> Image.Image:
    """Return an RGB picture, 640 x 832: a sky, a sun or a moon, and hills one behind the other."""
    rnd = random.Random(seed)  # noqa: S311 - pictures, not secrets
    hue = rnd.random()
    day = rnd.random() > 0.35
    picture = _sky(hue, day)
    draw = ImageDraw.Draw(picture)
    width, height = _SIZE
    radius, x, y = rnd.randrange(45, 120), rnd.randrange(90, width - 90), rnd.randrange(90, height // 2 - 60)
    sun = _rgb(hue + 0.08, 0.25 if day else 0.06, 1.0 if day else 0.92)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=sun)
    for layer in range(5):
        base = height * (0.48 + 0.11 * layer)
        swell, waves, phase = rnd.randrange(18, 70), rnd.uniform(0.8, 2.6), rnd.uniform(0, 6)
        ridge = [
            (px, base + swell * math.sin(waves * px / width * 6.28 + phase) + 9 * math.sin(px / 23 + phase))
            for px in range(0, width + 8, 8)
        ]
        shade = _rgb(hue + 0.45 + 0.02 * layer, 0.30 + 0.08 * layer, (0.72 if day else 0.5) - 0.13 * layer)
        draw.polygon([(0, height), *ridge, (width, height)], fill=shade)
    return picture.filter(ImageFilter.GaussianBlur(0.8))


def _sky(hue: float, day: bool) -> Image.Image:
    width, height = _SIZE
    column = Image.new("RGB", (1, height))
    for y in range(height):
        t = y / height
        column.putpixel((0, y), _rgb(hue + 0.55 * (1 - t) + 0.06, 0.55 - 0.3 * t, (0.62 if day else 0.22) + 0.34 * t))
    return column.resize((width, height))


def _rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, min(1, max(0, saturation)), min(1, max(0, value)))
    return round(red * 255), round(green * 255), round(blue * 255)


def save(picture: Image.Image, path: Path) -> None:
    """Write the picture in the format given by the path's suffix."""
    picture.save(path, quality=90)
