"""What is read where the usual texts are missing: NovelAI's texts in the pixels, EXIF data in an AVIF."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.generation import Generation, GenerationTool
from core.images.generation.avif import avif_exif
from core.images.generation.reader import read_generation
from core.images.generation.stealth import hidden_texts
from tests.support.generation import A1111, png_hiding, saying

COMMENT = {"prompt": "ink", "uc": "photo", "steps": 28, "scale": 5.0, "seed": 1, "sampler": "k_euler"}
TEXTS = {"Software": "NovelAI", "Source": "Diffusion 1D", "Comment": json.dumps(COMMENT)}
FOUND = Generation(GenerationTool.NOVELAI, "ink", "photo", 28, "k_euler", "", 5, 1, "", "Diffusion 1D")


@pytest.mark.parametrize("size", [(96, 64), (40, 2000), (2000, 40), (3000, 7)])
def test_texts_in_the_alpha_of_the_pixels(size: tuple[int, int]) -> None:
    data = png_hiding(TEXTS, size=size)
    assert dict(hidden_texts(data)) == TEXTS
    assert read_generation(data) == FOUND


@pytest.mark.parametrize("texts", [{**TEXTS, "Software": "Other"}, {**TEXTS, "Comment": "{"}, {"Software": "NovelAI"}])
def test_other_texts_are_none(texts: dict[str, Any]) -> None:
    assert read_generation(png_hiding(texts)) is None


def test_a_picture_that_is_none_or_says_something_else_hides_nothing() -> None:
    data = png_hiding(TEXTS)
    assert hidden_texts(png_hiding(TEXTS, sign=b"stealth_pnginfx")) == {}
    assert hidden_texts(data[:-400]) == {}, "cut short"
    assert hidden_texts(png_hiding({"a": "b"}, size=(3, 2100))) == {"a": "b"}
    assert hidden_texts(b"") == {} and hidden_texts(data[:20]) == {}


def test_a_length_beyond_the_picture_and_texts_that_explode_are_nothing() -> None:
    bomb = gzip.compress(b'{"a": "' + b"x" * (5 << 20) + b'"}')
    assert hidden_texts(png_hiding({}, size=(400, 400), packed=bomb)) == {}, "longer than 4 MiB"
    assert hidden_texts(png_hiding({}, packed=zlib.compress(b"{}"))) == {}, "not packed with gzip"
    assert hidden_texts(png_hiding(TEXTS, more=96 * 64)) == {}


def test_a_large_picture_is_not_decoded_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = png_hiding(TEXTS)
    monkeypatch.setattr("core.images.generation.stealth._MOST_PIXELS", 96 * 64 - 1)
    monkeypatch.setattr("core.images.generation.stealth.load", lambda _: pytest.fail("decoded"))
    assert read_generation(data) is None


def test_the_exif_data_of_an_avif_begins_with_its_tiff_header() -> None:
    data = saying("AVIF", b"UNICODE\0" + A1111.encode("utf-16-be"))
    assert avif_exif(data)[:4] in (b"II*\0", b"MM\0*")
    assert A1111.encode("utf-16-be") in avif_exif(data)
    assert read_generation(saying("AVIF")) is None
    assert avif_exif(data[:40]) == avif_exif(b"") == b""


AVIF = saying("AVIF", b"UNICODE\0" + A1111.encode("utf-16-be"))


@given(st.integers(0, 600), st.binary(min_size=1, max_size=8), st.integers(0, len(AVIF)))
def test_a_damaged_avif_raises_nothing(at: int, damage: bytes, kept: int) -> None:
    read_generation((AVIF[:at] + damage + AVIF[at + len(damage) :])[: max(kept, 12)])
