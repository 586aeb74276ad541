"""Sample images from anywhere, decoded with care: what is opened, what is refused and why, and the right pixels.

The bytes come from other people's tools and other people's disks. Nothing here believes a suffix, writes, or hands on
anything but pixels. All functions may be called from several threads at once.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Literal

from PIL import ExifTags, Image, ImageCms, ImageFile, PngImagePlugin, UnidentifiedImageError

from core.errors import ImageRefused
from core.files import MAX_IMAGE_BYTES

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF")
MAX_PIXELS = 64_000_000

PngImagePlugin.MAX_TEXT_CHUNK = MAX_IMAGE_BYTES  # a packed ComfyUI workflow may be larger than 1 MiB
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
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_GREY_OF_16_BIT = [round(value / 257) for value in range(65536)]


def open_source(data: bytes) -> ImageFile.ImageFile:
    """Return the image in ``data``, known by its content, its header read and its limits checked, not yet decoded.

    Raises ImageRefused.
    """
    if not data:
        raise ImageRefused("an empty file")
    if len(data) > MAX_IMAGE_BYTES:
        raise ImageRefused("larger than 64 MiB")
    _hush()
    with _refusing():
        source = Image.open(BytesIO(data), formats=FORMATS)
        width, height = source.size
        if width < 1 or height < 1:
            raise ImageRefused("an image without pixels")
        if width * height > MAX_PIXELS:
            raise ImageRefused("more than 64 megapixels")
        if not _ends(source.format, data):
            raise ImageRefused("damaged or cut short")
        if source.format == "PNG":
            _scale_transparency(source, depth=data[24])
    return source


def load(source: ImageFile.ImageFile) -> None:
    """Decode the first frame of ``source``, whole. Raises ImageRefused."""
    with _refusing():
        source.load()


def is_turned(source: Image.Image) -> bool:
    """Return whether the sides of the loaded ``source`` change places when it is put upright."""
    return _orientation(source) >= 5


def render(source: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the loaded ``source`` in sRGB, upright, scaled to ``size`` (width, height, as stored: before turning).

    The mode is RGBA where at least one pixel lets something through, else RGB.
    """
    scaled = _scalable(source)
    if scaled.size != size:
        # The gap lets a plain mean do the first part of a reduction beyond 6 times, so only for small pictures.
        scaled = scaled.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    # After scaling, because there are fewer pixels then.
    alpha = scaled.getchannel("A") if scaled.mode in ("LA", "RGBA") else None
    profile = source.info.get("icc_profile")
    picture = _in_srgb(scaled, profile if isinstance(profile, bytes) else b"")
    if alpha is not None:
        picture.putalpha(alpha)
    turn = _TURNS.get(_orientation(source))
    return picture if turn is None else picture.transpose(turn)


def _hush() -> None:
    """Keep Pillow's warnings off standard error, where they would be drawn over the terminal app.

    What they are about, odd metadata and many pixels, is dealt with here. Said at each opening, because whoever uses
    ``warnings.catch_warnings`` puts the filters back; using that here would not be safe in threads.
    """
    with _hushing:
        warnings.filterwarnings("ignore", module=r"PIL\b")


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn whatever Pillow raises over hostile bytes into a refusal.

    Pillow has no type for it: files in the wild make it raise OSError, EOFError, ValueError, SyntaxError, TypeError,
    IndexError, struct.error, zlib.error, NotImplementedError and more, so this is the one broad ``except`` of core.
    """
    try:
        yield
    except ImageRefused:
        raise
    except UnidentifiedImageError as error:
        raise ImageRefused("not an image of a known kind") from error
    except Image.DecompressionBombError as error:
        raise ImageRefused("more than 64 megapixels") from error
    except MemoryError as error:
        raise ImageRefused("too little memory to decode it") from error
    except Exception as error:
        raise ImageRefused("damaged or cut short") from error


def _ends(kind: str | None, data: bytes) -> bool:
    """Return whether a PNG or a GIF has its end mark; of these Pillow takes half a file whose first frame is whole.

    Raises IndexError where it breaks off inside a block. (PNG, third edition, 5.3; GIF89a, 15 to 27)
    """
    if kind == "PNG":
        return _png_ends(data)
    return _gif_ends(data) if kind == "GIF" else True


def _png_ends(data: bytes) -> bool:
    at, chunk = 8, b""
    while chunk != b"IEND" and at < len(data):
        chunk = data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return chunk == b"IEND" and at <= len(data)


def _gif_ends(data: bytes) -> bool:
    at = 13 + _colour_table(data[10])
    while (mark := data[at]) != 0x3B:
        at += 1
        if mark == 0x2C:
            at += 10 + _colour_table(data[at + 8])
        elif mark == 0x21:
            at += 1
        else:  # filler between blocks, which decoders pass over
            continue
        while data[at]:
            at += data[at] + 1
        at += 1
    return True


def _colour_table(flags: int) -> int:
    """Return the bytes of the colour table that a GIF's flags announce."""
    return 3 << ((flags & 0x07) + 1) if flags & 0x80 else 0


def _scale_transparency(source: Image.Image, depth: int) -> None:
    """Bring the see-through colour of a PNG to 8 bits: it has the file's depth, but Pillow's pixels have 8 bits.

    Grey of 16 bits stays, as its pixels do; Pillow has seen to that of 1 bit; in a palette it is an index.
    """
    key = source.info.get("transparency")
    if isinstance(key, int) and source.mode == "L" and depth < 8:
        source.info["transparency"] = key * 255 // ((1 << depth) - 1)
    elif isinstance(key, tuple) and depth == 16:
        source.info["transparency"] = tuple(value >> 8 for value in key)


def _orientation(source: Image.Image) -> int:
    try:
        value = source.getexif().get(ExifTags.Base.Orientation)
    except Exception:
        # Pillow raises anything over damaged EXIF data. The pixels are whole: they are taken as they stand.
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


def _scalable(source: Image.Image) -> Image.Image:
    """Return ``source`` in a mode of 8 bits a band that can be scaled: L, LA, RGB, RGBA or CMYK."""
    if source.mode.startswith("I"):
        return _from_16_bit(source)
    image = source
    if image.has_transparency_data:
        image = _with_alpha(image)
        lowest, _highest = image.getchannel("A").getextrema()
        if lowest == 255:
            image = image.convert("L" if image.mode == "LA" else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    return image


def _with_alpha(image: Image.Image) -> Image.Image:
    if image.mode in ("LA", "RGBA"):
        return image
    return image.convert("LA" if image.mode in ("1", "L") else "RGBA")


def _from_16_bit(image: Image.Image) -> Image.Image:
    """Return 16-bit grey as L, or LA where one grey is see-through. A plain ``convert`` would clip it to white."""
    wide = image.convert("I")
    grey = wide.point(_GREY_OF_16_BIT, "L")
    key = image.info.get("transparency")
    if isinstance(key, int):
        alpha = [255] * 65536
        alpha[key & 0xFFFF] = 0
        grey.putalpha(wide.point(alpha, "L"))
    return grey


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Return the colours of ``image``, without its alpha, as RGB. A profile that cannot be used is passed over."""
    colours = image.convert({"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode))
    if profile:
        try:
            return _by_profile(colours, profile)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # broken, or made for other pixels than these: they are taken as they are
    return colours.convert("RGB")


def _by_profile(colours: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    if colours.mode == "L" and source.profile.xcolor_space.strip() == "RGB":
        colours = colours.convert("RGB")
    target = ImageCms.ImageCmsProfile(BytesIO(_SRGB))
    mode: Literal["RGB"] = "RGB"
    converted = ImageCms.profileToProfile(colours, source, target, outputMode=mode)
    if converted is None:
        raise ValueError("no conversion")
    return converted
