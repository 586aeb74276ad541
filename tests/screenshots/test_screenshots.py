"""The pictures in screenshots/ match the app."""

from __future__ import annotations

import re

import pytest
from PIL import Image, ImageSequence

from screenshots.app_driver import shoot
from screenshots.make import HERE
from screenshots.rasterize import DIGEST, digest
from screenshots.record import PICTURE
from screenshots.scenarios import DEMO, SCENES, Scene

NAMES = [scene.name for scene in SCENES]


@pytest.mark.parametrize("scene", SCENES, ids=NAMES)
async def test_the_picture_is_what_the_app_shows(scene: Scene) -> None:
    same = await shoot(scene) == (HERE / f"{scene.name}.svg").read_text()
    assert same, "the screen looks different now: look at it, then `make screenshots`"


@pytest.mark.parametrize("name", NAMES)
def test_the_png_was_drawn_from_the_svg(name: str) -> None:
    with Image.open(HERE / f"{name}.png", formats=["PNG"]) as picture:
        carried = picture.info.get(DIGEST)
    assert carried == digest((HERE / f"{name}.svg").read_text()), "`make screenshots` where Chromium is installed"


def test_every_picture_has_a_scene_and_the_readme_shows_only_what_there_is() -> None:
    assert {path.stem for path in HERE.glob("*.svg")} == {path.stem for path in HERE.glob("*.png")} == set(NAMES)
    readme = (HERE.parent / "README.md").read_text()
    shown = re.findall(r"\]\((screenshots/[^)]+)\)", readme)
    assert shown
    assert all((HERE.parent / path).is_file() for path in shown)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_fetches_nothing_from_elsewhere(name: str) -> None:
    svg = (HERE / f"{name}.svg").read_text()
    assert "url(http" not in svg
    assert "<script" not in svg


def test_the_demo_is_a_film_of_all_its_frames_and_light() -> None:
    with Image.open(PICTURE, formats=["WEBP"]) as film:
        assert film.width == 1100
        assert re.fullmatch(rb"[0-9a-f]{64}", film.info["xmp"]), "what it was made from"
        assert sum(1 for _ in ImageSequence.Iterator(film)) == len(DEMO)
    assert PICTURE.stat().st_size < 1_000_000
    assert "(screenshots/demo.webp)" in (HERE.parent / "README.md").read_text()
