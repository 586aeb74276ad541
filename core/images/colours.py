"""Conversion of decoded images to modes that can be scaled, and to sRGB."""

from __future__ import annotations

from io import BytesIO
from typing import Literal

from PIL import Image, ImageCms

MAX_PROFILE = 8 * 1024 * 1024
_MAX_ELEMENTS = 64
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_GREY_OF_16_BIT = [round(value / 257) for value in range(65536)]


def is_see_through(image: Image.Image) -> bool:
    """Return whether ``image`` has transparency data; false for 16-bit modes, where ``scalable`` adds the alpha."""
    return image.has_transparency_data and not image.mode.startswith("I")


def scalable(source: Image.Image) -> Image.Image:
    """Return ``source`` in a mode with 8 bits per band that can be scaled: L, LA, RGB, RGBA or CMYK."""
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
    """Return ``image``, which has transparent pixels, as LA or RGBA."""
    if image.mode in ("LA", "RGBA"):
        return image
    return image.convert("LA" if image.mode in ("1", "L") else "RGBA")


def _from_16_bit(image: Image.Image) -> Image.Image:
    """Return 16-bit grey as L, or as LA if one grey is transparent. A plain ``convert`` would clip it to white."""
    wide = image.convert("I")
    grey = wide.point(_GREY_OF_16_BIT, "L")
    key = image.info.get("transparency")
    if isinstance(key, int):
        alpha = [255] * 65536
        alpha[key & 0xFFFF] = 0
        grey.putalpha(wide.point(alpha, "L"))
    return grey


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Return the colours of ``image``, without its alpha, as sRGB in mode RGB. An unusable profile is ignored."""
    colours = image.convert({"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode))
    converted = _by_profile(colours, profile) if profile and _is_plain(profile) else None
    return colours.convert("RGB") if converted is None else converted


def _by_profile(colours: Image.Image, profile: bytes) -> Image.Image | None:
    """Return the colours converted by the profile, or None if it is broken or does not fit the mode of the pixels."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        space = source.profile.xcolor_space.strip()
    except (OSError, UnicodeDecodeError):  # not a profile, or its colour space has no name
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
    """Return whether a profile's size and number of elements are within limits; its elements may share the same bytes.

    (ICC.1:2022, 7.3 and 10.16)
    """
    tags = min(100, int.from_bytes(profile[128:132], "big"))
    starts = (int.from_bytes(profile[at : at + 4], "big") for at in range(136, 136 + 12 * tags, 12))
    elements = (int.from_bytes(profile[at + 12 : at + 16], "big") for at in starts if profile[at : at + 4] == b"mpet")
    return len(profile) <= MAX_PROFILE and sum(elements) <= _MAX_ELEMENTS
