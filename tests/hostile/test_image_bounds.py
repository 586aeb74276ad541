"""Any image bytes take at most 512 MiB and 10 s of one core, or are refused with a reason; and cancelling."""

from __future__ import annotations

import io
import random
import signal
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from PIL import Image, ImageChops, ImageFile

from core import Library
from core.domain.enums import Status, Tier
from core.errors import Cancelled, ImageRefused, ImageUnreadable, LibraryError
from core.images.decoder import load, open_source, render
from core.images.isolated import _parts
from core.images.scanner import relative_path
from core.images.structure import MAX_CHUNKS, MAX_SCANS, structure
from core.images.tasks import check_image, encode_tiers, open_image, thumbnail
from core.verify import check_library
from core.verify.findings import FindingCode
from tests.support.builders import OldRow, add_pending, digest, model_file, old_database, png, snapshot
from tests.support.image_bombs import BOMBS
from tests.support.image_bombs.jpeg import of_many_scans
from tests.support.image_bombs.pieces import encoded
from tests.support.image_bombs.png import chunk
from tests.support.image_bombs.png import png as made_png
from tests.support.image_costs import MOST_MIB, MOST_SECONDS, costs
from tests.torture.images import KINDS, mutated, sound_images

# Why each is refused; None where it is an image like another, if it is decoded with care. All are in `make torture`.
EXPECTED = {
    "gif of 61 MiB in blocks of 1 byte": "too many blocks",
    "jpeg of 15 million app segments": "too many segments",
    "jpeg of 15 million comments": "too many segments",
    "jpeg of junk": "too much that does not belong to an image",
    "png 1 x 64,000,000": "a side longer than 65,535 pixels",
    "webp lossless, 64 megapixels": "larger than 512 MiB in memory",
    "webp whose frame is small": "larger than 512 MiB in memory",
    "avif, 64 megapixels": "larger than 512 MiB in memory",
    "jpeg of 11,000 scans": "too many scans",
    "bmp of 57 MiB of run lengths": "too much run-length coding",
    "png of 5 million chunks": "too many chunks",
    "png with packed texts": None,
    "png with overlapping exif": None,
    "png with a profile of 500,000 elements": None,
    "jpeg with 900 times overlapping exif": None,
    "jpeg progressive, 64 megapixels": None,
}


def test_what_is_made_to_cost_much_is_refused_or_bounded(tmp_path: Path) -> None:
    files = [tmp_path / str(number) for number in range(len(EXPECTED))]
    for file, name in zip(files, EXPECTED, strict=True):
        file.write_bytes(BOMBS[name]())
    for (name, reason), found in zip(EXPECTED.items(), costs(files), strict=True):
        assert found.refused == reason, name
        assert found.mib <= MOST_MIB and found.seconds <= MOST_SECONDS, (name, found)


def test_the_measure_sees_what_an_image_takes(tmp_path: Path) -> None:
    file = tmp_path / "image"
    file.write_bytes(made_png((5000, 5000), 8, 2))
    (found,) = costs([file])
    assert found.refused is None and found.mib > 90 and found.seconds > 0.1


def test_damaged_images_are_bounded(tmp_path: Path) -> None:
    chance = random.Random(9)
    files = []
    for kind in KINDS:
        sound = sound_images(kind)
        for number in range(4 if kind == "AVIF" else 25):
            files.append(tmp_path / f"{kind}{number}")
            files[-1].write_bytes(mutated(sound, chance))
    for file, found in zip(files, costs(files), strict=True):
        assert found.mib <= 100 and found.seconds <= 5, (file.name, found)


def test_caps_are_met_exactly() -> None:
    assert structure(of_many_scans((9, 9), MAX_SCANS - 10)).data
    with pytest.raises(ImageRefused, match="too many scans"):
        structure(of_many_scans((9, 9), MAX_SCANS + 1))
    texts = chunk(b"tEXt", b"a\0b")
    check_image(made_png((9, 9), 8, 2, texts * (MAX_CHUNKS - 3)))
    with pytest.raises(ImageRefused, match="too many chunks"):
        check_image(made_png((9, 9), 8, 2, texts * MAX_CHUNKS))


def test_scan_marks_that_begin_no_scan_are_not_counted() -> None:
    check_image(BOMBS["jpeg of scan marks in a segment"]())
    noisy = io.BytesIO()
    Image.effect_noise((300, 300), 90).save(noisy, "JPEG", comment=b"\xff\xda" * 9000)
    check_image(noisy.getvalue())


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_a_large_image_is_scaled_in_strips_to_the_same_picture(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Image.frombytes("RGB", (9, 7), random.Random(1).randbytes(9 * 7 * 3))
    tile = noise.resize((900, 701), Image.Resampling.BICUBIC)
    tile.putalpha(tile.getchannel("R"))
    data = io.BytesIO()
    # Dithering would put the finest of patterns into it, of which no two ways of scaling make the same.
    picture = tile.convert("RGB").quantize(dither=Image.Dither.NONE) if mode == "P" else tile.convert(mode)
    picture.save(data, "PNG")

    def rendered() -> Image.Image:
        source = open_source(structure(data.getvalue()))
        load(source)
        small = render(source, (90, 70)).convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", small.size, "black"), small)

    whole = rendered()
    monkeypatch.setattr("core.images.decoder._HALVE_FROM", 1000)
    strips = rendered()
    assert strips.size == whole.size
    worst = ImageChops.difference(strips, whole).getextrema()
    assert all(high <= 6 for _low, high in worst), worst  # type: ignore[misc]


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="6"/></x:xmpmeta>'


def with_chunk(name: bytes, body: bytes) -> bytes:
    return made_png((40, 20), 8, 2, chunk(name, body))


TURNED = {
    "png xmp": lambda: with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
    "png text": lambda: with_chunk(b"tEXt", b"Raw profile type exif\0" + hexadecimal()),
    "png packed text": lambda: with_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(hexadecimal())),
    "jpeg xmp": lambda: encoded("JPEG", size=(40, 20), xmp=XMP),
    "webp xmp": lambda: encoded("WEBP", size=(40, 20), xmp=XMP),
}


def hexadecimal() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return b"\nexif\n      26\n" + exif.tobytes().hex().encode() + b"\n"


@pytest.mark.parametrize("kind", TURNED)
def test_metadata_that_no_decoder_is_given_still_turns_an_image(kind: str) -> None:
    picture = thumbnail(TURNED[kind](), 99, 99)
    assert (picture.width, picture.height) == (20, 40)


class After(threading.Event):
    """Is set once it has been asked so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


def noisy(kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.merge("RGB", [Image.effect_noise((800, 600), 60) for _band in range(3)]).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_an_image_is_given_up_in_the_middle(kind: str) -> None:
    data = noisy(kind)
    never = After(10**9)
    encode_tiers(data, never)
    asked = 10**9 - never.left
    assert asked > 6, "it is asked while the pixels are decoded, and between the tiers"
    for times in {0, asked // 2, asked - 1}:
        with pytest.raises(Cancelled):
            encode_tiers(data, After(times))
    with pytest.raises(Cancelled):
        check_image(data, After(5))
    with pytest.raises(Cancelled):
        thumbnail(data, 50, 50, After(5))


def test_a_process_for_an_image_is_ended_when_it_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded("AVIF", size=(300, 200), speed=10)
    monkeypatch.setattr("core.images.isolated._LOOK", 0.01)
    for times in (1, 2):
        with pytest.raises(Cancelled):
            encode_tiers(data, After(times))
    assert sorted(encode_tiers(data).data) == sorted(Tier)


def test_what_ends_a_process_for_an_image_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageRefused, match="takes more than 10 s"):
        _parts(b"", -signal.SIGXCPU)
    with pytest.raises(ImageRefused, match="damaged"):
        _parts(b"", -signal.SIGSEGV)
    for code in (-signal.SIGKILL, 1):
        with pytest.raises(LibraryError, match="try again"):  # which says nothing of the image
            _parts(b"", code)
    assert _parts(b"done 1 0 2\nabc", 0) == [b"a", b"", b"bc"]
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with pytest.raises(LibraryError, match="no process"):
        open_image(encoded("AVIF"))


def test_a_promotion_is_cancelled_while_an_image_is_decoded(library: Library, tmp_path: Path) -> None:
    number = add_pending(library, model_file(tmp_path, "m"), images=[png(1, (900, 600))])
    before = snapshot(library)
    asked = 0
    while True:
        cancel = After(asked)
        try:
            outcome = library.processor.process_single_import(number, cancel=cancel)
        except Cancelled:
            assert snapshot(library) == before, asked
            asked += 4
        else:
            break
    assert asked > 20 and outcome.images == (f"{digest(b'weights')}_0.webp",)


def test_stage_1_and_verify_have_the_same_bounds(library: Library, tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    (media / "scans.jpg").write_bytes(BOMBS["jpeg of 11,000 scans, small"]())
    row = OldRow(1, str(model_file(tmp_path, "m")), {"images": ["scans.jpg"]})
    report = library.import_legacy(old_database(tmp_path / "old.sqlite3", [row]), images_dir=media)
    assert [problem.reason for problem in report.problems] == ["scans.jpg: too many scans"]

    number = add_pending(library, model_file(tmp_path, "n", b"n"), images=[png(1)])
    library.processor.process_single_import(number)
    tier = library.root / relative_path(digest(b"n"), 0, Tier.LOW)
    tier.write_bytes(BOMBS["webp whose frame is small"]())
    (finding,) = (one for one in check_library(library).findings if one.code is FindingCode.IMAGE_UNDECODABLE)
    assert "larger than 512 MiB in memory" in finding.detail


def short_of_memory(_image: ImageFile.ImageFile) -> None:
    raise MemoryError


def a_decoder_short_of_memory(_image: ImageFile.ImageFile) -> None:
    raise OSError("out of memory when reading image file")  # as Pillow puts what libjpeg and others tell it


@pytest.mark.parametrize("load", [short_of_memory, a_decoder_short_of_memory])
def test_too_little_memory_says_nothing_of_an_image(
    library: Library, tmp_path: Path, load: Callable[[ImageFile.ImageFile], None]
) -> None:
    number = add_pending(library, model_file(tmp_path, "m"), images=[png(1)])
    before = snapshot(library)
    with patch.object(ImageFile.ImageFile, "load", load):
        outcome = library.processor.dry_run(number)
        assert outcome.error and "too little memory" in outcome.error and "try again" in outcome.error
        assert library.processor.process_single_import(number).status is Status.ERROR
    assert snapshot(library) == before
    assert not library.store.db.execute("SELECT * FROM image_verdicts").fetchall()
    assert library.processor.process_single_import(number).images == (f"{digest(b'weights')}_0.webp",)


def test_memory_that_runs_out_while_tiers_are_made_costs_no_image(library: Library, tmp_path: Path) -> None:
    number = add_pending(library, model_file(tmp_path, "m"), images=[png(1), png(2)])
    library.processor.dry_run(number)  # the verdicts are kept
    before = snapshot(library)
    with patch("core.images.decoder.scalable", side_effect=MemoryError):
        outcome = library.processor.process_single_import(number)
    assert outcome.error and "too little memory" in outcome.error
    assert snapshot(library) == before


def test_a_process_for_an_image_tells_too_little_memory_from_an_image_that_needs_too_much() -> None:
    script = (
        "import resource, sys, core.images.worker as worker\n"
        "most, hard = map(int, sys.argv[1:])\n"
        "sys.argv[1:], worker.MAX_MEMORY = ['check'], most\n"
        "resource.setrlimit(resource.RLIMIT_AS, (hard, hard))\n"
        "worker.main()"
    )
    data = encoded("AVIF", size=(5000, 4000), speed=10)
    for most, hard, expected in (
        (512 << 20, -1, "done \n"),
        (110 << 20, -1, "refused larger than 512 MiB in memory"),
        (512 << 20, 190 << 20, "unreadable too little memory to decode it"),
    ):
        command = [sys.executable, "-c", script, str(most), str(hard)]
        done = subprocess.run(command, input=data, capture_output=True, check=True, cwd=Path(__file__).parent.parent)
        assert done.stdout.decode() == expected
    with pytest.raises(ImageUnreadable, match="too little memory"):
        _parts(b"unreadable too little memory to decode it", 0)
