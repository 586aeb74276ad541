"""The filter: plain words matched against name, path, type and tags."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from textual import events
from textual.widgets import Input

from tests.support.app import AppHarness, hashed_app, running, sample

FOUND = {
    "ember": [12],
    "EMBER": [12],
    "checkpoint downloaded": [7, 9, 17],
    "downloaded checkpoint": [7, 9, 17],
    "ukiyo dusk": [14],  # a word of the name, and one of the prompt
    "type:vae state:conflict": [10],
    "tag:downloaded -type:checkpoint": [8, 10],
    "size:>6g state:duplicate": [16, 17],
    "decision:merge": [],
    "水墨": [21],
    "[bold]": [20],
    "%": [],
    "backup": [6],
}


def shows(desk: AppHarness, ids: list[int]) -> bool:
    return list(desk.list.ids) == ids


async def test_words_leave_what_holds_all_of_them(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            for words, ids in FOUND.items():
                await desk.press("slash")
                await desk.paste(words)
                await desk.wait_until(partial(shows, desk, ids))
                await desk.wait_for_text(f"{len(ids)} of 19", "#found")
                if not ids:
                    await desk.wait_for_text("Nothing in the queue matches the filter.", "#list")
                    await desk.wait_until(lambda: not desk.text("#comparison").strip())
                await desk.press("escape")
                await desk.wait_until(lambda: len(desk.list.ids) == 19)


async def test_letters_in_the_filter_are_no_keys(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("slash", *"qdaxgG?", "space", *"*/hL")
            assert desk.text("#words").strip() == "qdaxgG? */hL"
            assert len(desk.app.screen_stack) == 1
            assert desk.stored() == {}
            assert not desk.model.marks.ids
            await desk.press("escape")
            await desk.wait_until(lambda: len(desk.list.ids) == 19)


async def test_enter_goes_back_to_the_list_and_keeps_the_words(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("slash", *"clay", "enter")
            assert desk.app.focused is desk.list
            await desk.wait_until(lambda: list(desk.list.ids) == [8, 19])
            await desk.press("j")
            assert desk.list.current == 19
            assert "clay" in desk.text("#words")
            await desk.press("escape")
            await desk.wait_until(lambda: len(desk.list.ids) == 19)
            assert desk.list.current == 19, "the cursor stays on its import"
            assert desk.app.focused is desk.list


async def test_esc_in_the_filter_clears_it_and_goes_back(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("slash", *"clay")
            await desk.wait_until(lambda: list(desk.list.ids) == [8, 19])
            await desk.press("escape")
            await desk.wait_until(lambda: len(desk.list.ids) == 19)
            assert desk.app.focused is desk.list
            assert desk.text("#words").strip() == ""
            assert desk.text("#found").strip() == ""


async def test_keys_on_a_list_that_the_filter_has_emptied(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        async with running(library) as desk:
            await desk.press("slash", *"zzz", "enter")
            await desk.wait_until(lambda: not desk.list.ids)
            await desk.press(*"jkgGhlmodsc", "space", "asterisk", "tab", "pagedown", "pageup", "a", "x", "L")
            assert desk.stored() == {}
            await desk.wait_for_text("Nothing is decided yet", "#status")
            await desk.press("escape")
            await desk.wait_until(lambda: len(desk.list.ids) == 19)
            await desk.press("m")
            await desk.wait_until(lambda: len(desk.stored()) == 1)


async def test_what_a_filter_hides_is_applied_as_well(tmp_path: Path) -> None:
    with sample(tmp_path, keep=3) as library:
        async with running(library) as desk:
            await desk.press("d", "slash", *"clay", "enter")
            await desk.wait_until(lambda: list(desk.list.ids) == [8])
            await desk.press("d")
            await desk.apply(2)
            await desk.wait_for_text("2 applied", "#status")
            assert list(library.queue.search()) == [7]
            await desk.wait_until(lambda: not desk.list.ids)
            await desk.press("escape")
            await desk.wait_until(lambda: list(desk.list.ids) == [7])


async def test_words_typed_at_once_are_words_and_decide_nothing(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        for key, character in [("slash", "/"), *zip("moods", "moods", strict=True)]:  # as fast as they can come
            desk.app.post_message(events.Key(key, character))
        await desk.wait_until(lambda: desk.app.screen.query_one("#words", Input).value == "moods")
        assert desk.stored() == {}
        await desk.wait_for_text("Nothing in the queue matches")


async def test_what_is_wrong_with_the_words_is_said_and_the_list_stays(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await desk.press("slash")
        await desk.paste("size:soon")
        await desk.wait_for_text("size:", "#found")
        assert len(desk.list.ids) == 19
        told = desk.text("#found")
        desk.queue._listing._show_found()  # as whenever states are counted anew
        await desk.pilot.pause()
        assert desk.text("#found") == told, "the problem stays as long as its words"
        await desk.press(*["backspace"] * 4, *">6g")
        await desk.wait_for_text("of 19", "#found")


async def test_clearing_the_filter_keeps_the_cursor_in_view(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (80, 24)) as desk:
        await desk.press("slash", *"willow", "enter")
        await desk.wait_until(lambda: list(desk.list.ids) == [24])
        await desk.press("escape")
        await desk.wait_until(lambda: len(desk.list.ids) == 19)
        await desk.wait_until(lambda: desk.list.current == 24 and "▌" in desk.text("#list"))
