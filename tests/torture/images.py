"""Images crafted or damaged to cost too much: each is refused or accepted within 512 MiB and 10 s of one core."""

from __future__ import annotations

import io
import random
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from PIL import Image

from tests.support.image_bombs import BOMBS
from tests.support.image_costs import MOST_MIB, MOST_SECONDS, costs
from tests.torture.strace_kills import Lines

KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF")
_MUTATED = 500
_AT_ONCE = 50


def images(folder: Path, quick: bool) -> Lines:
    """Yield a line for the bombs, and one for the damaged images of each format."""
    file = folder / "image"
    yield _measured("bombs", ((name, make) for name, make in BOMBS.items()), file, 1)
    for kind in KINDS:
        sound = sound_images(kind)
        chance = random.Random(kind)
        many = _MUTATED // 10 if quick else _MUTATED
        made = [(f"{kind} {number}", partial(bytes, mutated(sound, chance))) for number in range(many)]
        yield _measured(f"{kind} damaged", made, file, _AT_ONCE)


def _measured(
    title: str, made: Iterable[tuple[str, Callable[[], bytes]]], file: Path, at_once: int
) -> tuple[str, list[str]]:
    found, wrong, waiting = [], [], list(made)
    for at in range(0, len(waiting), at_once):
        some = waiting[at : at + at_once]
        files = [file.with_name(f"image{number}") for number in range(len(some))]
        for path, (_name, make) in zip(files, some, strict=True):
            path.write_bytes(make())
        for (name, _make), one in zip(some, costs(files), strict=True):
            found.append((one, name))
            if one.mib > MOST_MIB or one.seconds > MOST_SECONDS:
                wrong.append(f"{name}: {one.mib:.0f} MiB, {one.seconds:.1f} s, {one.refused or 'taken'}")
        for path in files:
            path.unlink()
    refused = sum(one.refused is not None for one, _name in found)
    most, longest = max(found, key=lambda pair: pair[0].mib), max(found, key=lambda pair: pair[0].seconds)
    return (
        f"{title}: {len(found)}, {refused} refused; at most {most[0].mib:.0f} MiB ({most[1]}), "
        f"{longest[0].seconds:.1f} s ({longest[1]})",
        wrong,
    )


def sound_images(kind: str) -> list[bytes]:
    """Return a few valid images in a format, made with different encoder options."""
    found = []
    for options in ({}, {"save_all": True}, {"progressive": True}, {"lossless": True}):
        if ("save_all" in options and kind in ("JPEG", "BMP")) or ("lossless" in options and kind != "WEBP"):
            continue
        picture = Image.merge("RGB", [Image.effect_noise((120, 90), 60) for _band in range(3)])
        out = io.BytesIO()
        more = {"append_images": [picture.rotate(90), picture.rotate(180)]} if "save_all" in options else {}
        picture.save(out, kind, **options, **more)
        found.append(out.getvalue())
    return found


def mutated(sound: list[bytes], chance: random.Random) -> bytes:
    """Return one of the images with bits flipped, bytes removed, repeated or overwritten, or the end cut off."""
    data = bytearray(chance.choice(sound))
    for _round in range(chance.randint(1, 6)):
        at = chance.randrange(min(len(data), 400) if chance.random() < 0.6 else len(data))
        end = min(len(data), at + chance.choice((1, 4, 12, 100, 3000)))
        way = chance.randrange(6)
        if way == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif way == 1:
            data[at:end] = b""
        elif way == 2:
            data[at:at] = data[at:end] * chance.choice((1, 2, 50))
        elif way == 3:
            data[at : at + 4] = chance.choice((bytes(4), b"\xff" * 4, b"\x7f" + b"\xff" * 3, b"\0\0\xff\xff"))
        elif way == 4:
            data[at : at + 2] = chance.randbytes(2)
        elif len(data) > 40:
            del data[chance.randrange(20, len(data)) :]
        if not data:
            break
    return _summed(data) if data.startswith(b"\x89PNG") and chance.random() < 0.7 else bytes(data) or b"\0"


def _summed(data: bytearray) -> bytes:
    """Return a damaged PNG with correct chunk checksums; otherwise decoders would look no further than these."""
    at = 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        data[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(data)
