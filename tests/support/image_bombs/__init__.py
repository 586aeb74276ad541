"""Makers of image files that cost far more than their size; most were devised, some were found."""

from __future__ import annotations

from tests.support.image_bombs.avif import AVIF
from tests.support.image_bombs.bmp import BMP
from tests.support.image_bombs.gif import GIF
from tests.support.image_bombs.jpeg import JPEG
from tests.support.image_bombs.png import PNG
from tests.support.image_bombs.webp import WEBP

BOMBS = {**PNG, **JPEG, **GIF, **WEBP, **AVIF, **BMP}
