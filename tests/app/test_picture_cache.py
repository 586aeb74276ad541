"""Prefetched pictures, and how many of them are kept."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from textual.app import App
from textual.pilot import Pilot

from core.domain.enums import Side
from core.domain.records import Thumbnail
from core.errors import Cancelled
from core.library import Library
from tests.support.app import CONFLICT, AppHarness, hashed_app, running
from tests.support.builders import add_pending, model_file, png
from tui.jobs.picture_cache import PictureCache, PictureKey, PictureLoader
from tui.screens.compare import CompareScreen
from tui.screens.viewer import ViewerScreen
from tui.widgets.images.image_box import ImageBox
from tui.widgets.images.image_strip import ImageStrip
from tui.widgets.preview import Preview


def key(name: str, side: Side = Side.PENDING) -> PictureKey:
    return PictureKey(side, name, 10, 10)


def picture(size: int) -> Thumbnail:
    return Thumbnail(size, 1, bytes(3 * size))


def test_those_not_used_for_longest_are_dropped(library: Library) -> None:
    pictures = PictureCache(library.pictures, most=10_000)
    for name in ("a", "b", "c"):
        pictures.keep(key(name), picture(1000))
    assert pictures.get(key("a"))
    pictures.keep(key("d"), picture(1000))
    assert [name for name in "abcd" if pictures.get(key(name))] == ["a", "c", "d"]
    pictures.keep(key("e"), picture(3000))
    assert [name for name in "abcde" if pictures.get(key(name))] == ["e"]
    pictures.keep(key("e"), "refused")
    pictures.keep(key("f"), picture(2900))
    assert [name for name in "ef" if pictures.get(key(name))] == ["e", "f"], "the same again counts once"


def test_the_librarys_are_forgotten_for_one_model_or_for_all(library: Library) -> None:
    pictures = PictureCache(library.pictures)
    for one in (keys := [key("aa_0", Side.EXISTING), key("bb_0", Side.EXISTING), key("1_0.png")]):
        pictures.keep(one, picture(1))
    pictures.forget_library("aa")
    assert [pictures.get(one) is None for one in keys] == [True, False, False]
    pictures.forget_library()
    assert [pictures.get(one) is None for one in keys] == [True, True, False]


def test_why_there_is_none_is_kept_as_well(library: Library) -> None:
    words = PictureCache(library.pictures).make(key("1_0.png"))
    assert isinstance(words, str)
    assert words


def test_the_words_name_the_key_that_was_set(library: Library) -> None:
    pictures = PictureCache(library.pictures, ["nsfw", "gore"], key="Z")
    assert pictures.toggle_sensitive() == "Samples tagged nsfw or gore are shown: Z hides them."
    assert pictures.toggle_sensitive() == "Samples tagged nsfw or gore are hidden: Z shows them."


def test_a_picture_is_made_ready_where_it_is_made(library: Library) -> None:
    readied: list[Thumbnail] = []
    pictures = PictureCache(library.pictures, ready=readied.append)
    (library.root / "pending" / "1_0.png").write_bytes(png(1))
    made = pictures.make(key("1_0.png"))
    assert [made] == readied
    pictures.make(key("2_0.png"))
    assert len(readied) == 1, "there is none"


class Slow(PictureCache):
    """Makes a picture once it is let."""

    def __init__(self, library: Library) -> None:
        super().__init__(library.pictures)
        self.go: dict[str, threading.Event] = {}
        self.begun: list[str] = []

    def make(self, key: PictureKey, cancel: threading.Event | None = None) -> Thumbnail:
        self.begun.append(key.name)
        assert self.go.setdefault(key.name, threading.Event()).wait(30)
        return picture(1)

    def let(self, *names: str) -> None:
        for name in names:
            self.go.setdefault(name, threading.Event()).set()


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    while not condition():
        await pilot.pause(0.01)


async def test_what_is_wanted_now_goes_before_what_may_be_wanted_next(library: Library) -> None:
    app: App[None] = App()
    pictures = Slow(library)
    came: list[str] = []
    async with app.run_test() as pilot:
        fetching = PictureLoader(app.screen, pictures, lambda key, _: came.append(key.name))
        fetching.want([key("1")], [key("2"), key("3"), key("4")])
        await until(pilot, lambda: pictures.begun == ["1"])
        pictures.let("1")
        await until(pilot, lambda: pictures.begun == ["1", "2"])  # one at a time
        fetching.want([key("7")], [key("8"), key("3")])
        await until(pilot, lambda: pictures.begun == ["1", "2", "7"])  # beside the one in hand, not behind it
        pictures.let("2")
        await until(pilot, lambda: came == ["1", "2"])
        assert pictures.begun == ["1", "2", "7"], "nothing is fetched ahead while something is wanted"
        pictures.let("3", "7", "8")
        await until(pilot, lambda: not fetching.busy)
        assert pictures.begun == ["1", "2", "7", "8", "3"]
        fetching.want([key("2"), key("7")], [key("8")])
        assert not fetching.busy, "all are at hand"


async def test_pictures_wanted_at_once_are_made_by_two(library: Library) -> None:
    app: App[None] = App()
    pictures = Slow(library)
    async with app.run_test() as pilot:
        fetching = PictureLoader(app.screen, pictures, lambda *_: None)
        fetching.want([key("1"), key("2"), key("3"), PictureKey(Side.PENDING, "no room", 0, 0)], [key("1")])
        await until(pilot, lambda: len(pictures.begun) == 2)
        pictures.let("1", "2", "3")
        await until(pilot, lambda: not fetching.busy)
        assert sorted(pictures.begun) == ["1", "2", "3"]


async def test_a_picture_made_while_its_model_changed_is_not_kept(library: Library) -> None:
    app: App[None] = App()
    pictures = Slow(library)
    async with app.run_test() as pilot:
        fetching = PictureLoader(app.screen, pictures, lambda *_: None)
        fetching.want([theirs := key("aa_0", Side.EXISTING), ours := key("1_0.png")])
        await until(pilot, lambda: len(pictures.begun) == 2)
        pictures.forget_library("aa")
        pictures.let("aa_0", "1_0.png")
        await until(pilot, lambda: not fetching.busy)
        assert (pictures.get(theirs), pictures.get(ours)) == (None, picture(1))


def at_hand(desk: AppHarness, *keys: PictureKey) -> bool:
    return all(isinstance(desk.app.pictures.get(key), Thumbnail) for key in keys)


async def test_the_neighbours_of_what_is_shown_come_by_themselves(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        preview = desk.queue.query_one(Preview)
        images = desk.row(CONFLICT).images
        ahead = preview.pictures_of(
            [images[1], *(row.images[0] for pending_id in (6, 8, 9) if (row := desk.row(pending_id)).images)]
        )
        await desk.wait_until(lambda: at_hand(desk, *ahead))
        box = preview.query_one(ImageBox)
        await desk.press("l")
        assert box._picture is desk.app.pictures.get(ahead[0]), "shown at once"
        await desk.wait_until(lambda: at_hand(desk, *preview.pictures_of(images[:3])))


async def test_the_viewer_and_the_comparison_fetch_ahead_too(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.go_to(CONFLICT)
        first, second = desk.row(CONFLICT).images[:2]
        await desk.press("v")
        await desk.wait_until(lambda: isinstance(desk.app.screen, ViewerScreen))
        await desk.wait_until(lambda: desk.app.screen.query_one("#ours").query_one(ImageBox)._picture)
        room = desk.app.screen.query_one("#ours").query_one(ImageBox).room
        following = desk.row(8).images[0]
        await desk.wait_until(
            lambda: at_hand(desk, *(PictureKey(Side.PENDING, n, *room) for n in (first, second, following)))
        )
        await desk.press("escape", "enter")
        await desk.wait_until(lambda: isinstance(desk.app.screen, CompareScreen))
        ours = desk.app.screen.query_one("#ours", ImageStrip)
        await desk.wait_until(lambda: len(ours.prefetch_keys) == 1)
        await desk.wait_until(lambda: at_hand(desk, *ours.wanted, *ours.prefetch_keys, *ours.pictures_of([following])))


class Endless(Slow):
    """Makes a picture until that is given up."""

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self.given_up: list[str] = []

    def make(self, key: PictureKey, cancel: threading.Event | None = None) -> Thumbnail:
        self.begun.append(key.name)
        assert cancel is not None and cancel.wait(30)
        self.given_up.append(key.name)
        self.go.setdefault(key.name, threading.Event()).wait(30)  # which takes a moment
        raise Cancelled("cancelled")


async def test_what_is_being_made_is_given_up_once_it_is_wanted_no_more(library: Library) -> None:
    app: App[None] = App()
    pictures = Endless(library)
    came: list[str] = []
    async with app.run_test() as pilot:
        fetching = PictureLoader(app.screen, pictures, lambda key, _: came.append(key.name))
        fetching.want([key("1"), key("2")])
        await until(pilot, lambda: len(pictures.begun) == 2)
        fetching.want([key("3")], [key("2")])
        await until(pilot, lambda: pictures.given_up == ["1"])
        fetching.want([key("1")], [key("2")])  # back again, while it is being given up
        await pilot.pause()
        assert pictures.begun == ["1", "2"]
        pictures.let("1")
        await until(pilot, lambda: pictures.begun == ["1", "2", "1"])
        assert pictures.given_up == ["1"] and not came, "the one that may be wanted next goes on"
        assert pictures.get(key("1")) is None
        pictures.let("2")
    while sorted(pictures.given_up) != ["1", "1", "2"]:  # the screen is gone
        await asyncio.sleep(0.01)


async def test_leaving_the_app_ends_the_process_that_decodes_an_image(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder, pid = tmp_path / "decoder", tmp_path / "pid"
    decoder.write_text(f"#!/bin/sh\necho $$ > {pid}.new && mv {pid}.new {pid}\nexec sleep 60\n")
    decoder.chmod(0o700)
    image = io.BytesIO()
    Image.new("RGB", (64, 64)).save(image, "AVIF")
    add_pending(library, model_file(tmp_path, "m"), images=[image.getvalue()])
    monkeypatch.setattr(sys, "executable", str(decoder))
    async with running(library) as desk:
        await desk.wait_until(pid.exists)
    end = time.monotonic() + 5
    while os.path.exists(f"/proc/{pid.read_text().strip()}"):
        assert time.monotonic() < end, "it decodes on, and keeps the app from leaving"
        await asyncio.sleep(0.01)
