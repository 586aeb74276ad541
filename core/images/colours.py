"""The pixels of a decoded image in modes that can be scaled, and its colours in sRGB."""

from __future__ import annotations

from io import BytesIO
from typing import Literal

from PIL import Image, ImageCms

MAX_PROFILE = 8 * 1024 * 1024
_MAX_ELEMENTS = 64
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_GREY_OF_16_BIT = [round(value / 257) for value in range(65536)]


def is_see_through(image: Image.Image) -> bool:
    """Return whether ``image`` may let something through, and is not of 16 bits, whose scalable form has its alpha."""
    return image.has_transparency_data and not image.mode.startswith("I")


def scalable(source: Image.Image) -> Image.Image:
    """Return ``source`` in a mode of 8 bits a band that can be scaled: L, LA, RGB, RGBA or CMYK."""
    if source.mode.startswith("I"):
        return _from_16_bit(source)
    image = source
    if image.has_transparency_data:
        image = with_alpha(image)
        lowest, _highest = image.getchannel("A").getextrema()
        if lowest == 255:
            image = image.convert("L" if image.mode == "LA" else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    return image


def with_alpha(image: Image.Image) -> Image.Image:
    """Return ``image``, which has pixels that are see-through, as LA or RGBA."""
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


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Return the colours of ``image``, without its alpha, as RGB. A profile that cannot be used is passed over."""
    colours = image.convert({"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode))
    converted = _by_profile(colours, profile) if profile and _is_plain(profile) else None
    return colours.convert("RGB") if converted is None else converted


def _by_profile(colours: Image.Image, profile: bytes) -> Image.Image | None:
    """Return the colours as the profile means them; None where it is broken, or made for other pixels than these."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        space = source.profile.xcolor_space.strip()
    except (OSError, UnicodeDecodeError):  # no profile at all, or one whose colour space has no name
        return None
    if colours.mode == "L" and space == "RGB":
        colours = colours.convert("RGB")
    target = ImageCms.ImageCmsProfile(BytesIO(_SRGB))
    mode: Literal["RGB"] = "RGB"
    try:
        return ImageCms.profileToProfile(colours, source, target, outputMode=mode)
    except ImageCms.PyCMSError:
        return None


def _is_plain(profile: bytes) -> bool:
    """Return whether a profile is of a size that can be read: its elements may all be one and the same place in it.

    (ICC.1:2022, 7.3 and 10.16)
    """
    tags = min(100, int.from_bytes(profile[128:132], "big"))
    starts = (int.from_bytes(profile[at : at + 4], "big") for at in range(136, 136 + 12 * tags, 12))
    elements = (int.from_bytes(profile[at + 12 : at + 16], "big") for at in starts if profile[at : at + 4] == b"mpet")
    return len(profile) <= MAX_PROFILE and sum(elements) <= _MAX_ELEMENTS
