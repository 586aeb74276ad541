"""Safe decoding of untrusted sample images: limits, refusals with a reason, and correct pixels.

Formats are detected by content, never by suffix; nothing is written, and only pixels are passed on. All functions are
thread-safe.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from core.errors import Cancelled, ImageRefused, ImageUnreadable
from core.images.colours import MAX_PROFILE, in_srgb, is_see_through, scalable, with_alpha
from core.images.orientation import exif_orientation
from core.images.structure import MAX_MEMORY, Structure

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF")
MAX_PIXELS = 64_000_000
MAX_SIDE = 65_535  # the maximum of JPEG and GIF; Pillow keeps 8 bytes per row besides the pixels
_HALVE_FROM = 32_000_000  # pixels; above this, full-size copies in other modes would be too large
_STRIP = 256

PngImagePlugin.MAX_TEXT_CHUNK = MAX_PROFILE
# The C library keeps freed blocks of up to 32 MiB; larger blocks are returned to the system.
Image.core.set_block_size(64 * 1024 * 1024)  # type: ignore[attr-defined]
# The message of a decoder that cannot allocate memory.
_OUT_OF_MEMORY = Image.core.getcodecstatus(-9)  # type: ignore[attr-defined]
_SHORT = "too little memory to decode it"
_hushing = threading.Lock()

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@contextmanager
def _short_of_memory() -> Iterator[None]:
    """Raise ImageUnreadable instead of MemoryError: it may succeed another time."""
    try:
        yield
    except MemoryError as error:
        raise ImageUnreadable(_SHORT) from error


@dataclass
class Source:
    """An opened image: ``size`` (width, height) and EXIF ``orientation`` as stored, and pixels once it is loaded."""

    image: ImageFile.ImageFile
    size: tuple[int, int]
    orientation: int
    beside: int
    cancel: threading.Event | None

    @property
    def memory(self) -> int:
        """The maximum memory in bytes that decoding takes, including the file itself."""
        width, height = self.image.size
        return self.beside + 4 * width * height


def open_source(made_of: Structure, cancel: threading.Event | None = None) -> Source:
    """Open an image, detecting its format by content, and check its limits without decoding it.

    Raises ImageRefused. ``open_source``, ``load`` and ``render`` raise Cancelled once ``cancel`` is set, and
    ImageUnreadable if there is too little memory.
    """
    _silence_warnings()
    with _as_image_refused():
        image = Image.open(_Read(made_of.data, cancel) if cancel else BytesIO(made_of.data), formats=FORMATS)
        width, height = image.size
        if width < 1 or height < 1:
            raise ImageRefused("an image without pixels")
        if width * height > MAX_PIXELS:
            raise ImageRefused("more than 64 megapixels")
        if max(width, height) > MAX_SIDE:
            raise ImageRefused("a side longer than 65,535 pixels")
        if image.format == "PNG":
            _scale_transparency(image, depth=made_of.data[24])
    orientation = made_of.orientation or exif_orientation(image.info.get("exif", b""))
    beside = made_of.beside
    if image.format == "AVIF":
        # Planes of at least 1.5 bytes per pixel, and the pixels twice; the picture replaces the second copy.
        beside += width * height * (8 if image.mode == "RGBA" else 5)
    return Source(image, image.size, orientation, beside, cancel)


def load(source: Source, smallest: tuple[int, int] | None = None) -> None:
    """Decode the first frame of ``source``. Raises ImageRefused, Cancelled.

    A JPEG is decoded at 1/2, 1/4 or 1/8 of its size, at a fraction of the cost, if the result is not smaller than
    ``smallest`` (width, height).
    """
    with _as_image_refused():
        if smallest is not None:
            source.image.draft(None, smallest)
        if source.memory > MAX_MEMORY:
            raise ImageRefused("larger than 512 MiB in memory")
        if hasattr(source.image, "_decoder"):
            source.image._decoder = _Once(source.image._decoder)
        source.image.load()


def swaps_axes(source: Source) -> bool:
    """Return whether width and height of ``source`` are swapped when it is turned upright."""
    return source.orientation in range(5, 9)


@_short_of_memory()
def render(source: Source, size: tuple[int, int]) -> Image.Image:
    """Return the loaded ``source`` in sRGB, upright, scaled to ``size`` (width and height as stored, before turning).

    The mode is RGBA if at least one pixel is transparent, else RGB. Raises Cancelled.
    """
    image: Image.Image = source.image
    width, height = image.size
    if width * height > _HALVE_FROM and 2 * size[0] <= width and 2 * size[1] <= height:
        image = _halved(image, source.cancel)
    scaled = scalable(image)
    if scaled.size != size:
        # With this gap, reductions beyond 6 times begin with a plain mean; that affects only small pictures.
        scaled = scaled.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    check_cancelled(source.cancel)
    # Convert after scaling, when there are fewer pixels.
    alpha = scaled.getchannel("A") if scaled.mode in ("LA", "RGBA") else None
    profile = image.info.get("icc_profile")
    picture = in_srgb(scaled, profile if isinstance(profile, bytes) else b"")
    if alpha is not None:
        picture.putalpha(alpha)
    turn = _TURNS.get(source.orientation)
    return picture if turn is None else picture.transpose(turn)


def check_cancelled(cancel: threading.Event | None) -> None:
    """Raise Cancelled if ``cancel`` is set."""
    if cancel is not None and cancel.is_set():
        raise Cancelled("cancelled; nothing was left unfinished")


class _Read(BytesIO):
    """Bytes for a decoder that reads piece by piece; reading raises Cancelled once ``cancel`` is set."""

    def __init__(self, data: bytes, cancel: threading.Event) -> None:
        super().__init__(data)
        self._cancel = cancel

    def read(self, size: int | None = -1, /) -> bytes:
        check_cancelled(self._cancel)
        return super().read(size)


class _Once:
    """Pillow's decoder of WebP or AVIF, released after the first frame: its own copies are as large as the picture."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder

    def get_next(self) -> Any:
        decoder, self._decoder = self._decoder, None
        return decoder.get_next()

    def get_frame(self, number: int) -> Any:
        decoder, self._decoder = self._decoder, None
        return decoder.get_frame(number)


def _silence_warnings() -> None:
    """Keep Pillow's warnings off standard error, where they would be drawn over the terminal app.

    Their subjects, odd metadata and many pixels, are handled here. The filter is set at each opening because any use of
    ``warnings.catch_warnings`` resets the filters; using that here would not be thread-safe.
    """
    with _hushing:
        warnings.filterwarnings("ignore", module=r"PIL\b")


@contextmanager
def _as_image_refused() -> Iterator[None]:
    """Convert anything that Pillow raises on hostile bytes into ImageRefused.

    Pillow has no exception type for it: files in the wild make it raise OSError, EOFError, ValueError, SyntaxError,
    TypeError, IndexError, struct.error, zlib.error, NotImplementedError and more, hence the broad ``except``.
    """
    try:
        yield
    except (ImageRefused, Cancelled):
        raise
    except MemoryError as error:  # the image itself may be fine
        raise ImageUnreadable(_SHORT) from error
    except UnidentifiedImageError as error:
        raise ImageRefused("not a known image format") from error
    except Image.DecompressionBombError as error:
        raise ImageRefused("more than 64 megapixels") from error
    except Exception as error:
        if _OUT_OF_MEMORY in str(error).lower():
            raise ImageUnreadable(_SHORT) from error
        raise ImageRefused("damaged or cut short") from error


def _scale_transparency(source: Image.Image, depth: int) -> None:
    """Scale the transparent colour of a PNG to 8 bits: it has the file's depth, but Pillow's pixels have 8 bits.

    16-bit grey is kept, as are its pixels; Pillow already handles 1 bit; in a palette the colour is an index.
    """
    key = source.info.get("transparency")
    if isinstance(key, int) and source.mode == "L" and depth < 8:
        source.info["transparency"] = key * 255 // ((1 << depth) - 1)
    elif isinstance(key, tuple) and depth == 16:
        source.info["transparency"] = tuple(value >> 8 for value in key)


def _halved(image: Image.Image, cancel: threading.Event | None) -> Image.Image:
    """Return ``image`` at half its size in a mode that can be scaled, processed in strips to save memory."""
    width, height = image.size
    halved: Image.Image | None = None
    for top in range(0, height, _STRIP):
        check_cancelled(cancel)
        strip = image.crop((0, top, width, min(height, top + _STRIP)))
        strip = with_alpha(strip) if is_see_through(strip) else scalable(strip)
        if halved is None:
            halved = Image.new(strip.mode, ((width + 1) // 2, (height + 1) // 2))
        halved.paste(strip.reduce(2), (0, top // 2))
    assert halved is not None
    halved.info = {name: value for name, value in image.info.items() if name == "icc_profile"}
    return halved
