"""Names and texts crafted to act on a terminal or on the app are shown as plain text, without effect."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.domain.records import PendingImport
from core.library import Library
from tests.support.app import AppHarness, add_import, running

HOSTILE = {
    "bold": "[bold]loud[/bold]",
    "unclosed": "[/nope] and [",
    "click": "[@click=app.quit]press me[/]",
    "escape": "\x1b[31mred\x1b[2J\x1b]0;title\x07",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07copy",
    "c1": "\x9b31mred\x9d52;c;ZXZpbA==\x9c",
    "bidi": "gpj.\u202eexe\u202c\u2066\u2069.safetensors",
    "lines": "one\ntwo\r\nthree\ttab\x00nul\x7f",
    "wide": "模型" * 60,
    "long": "x" * 100_000,
    "zero width": "a\u200bb\u200d\ufe0f" + "e\u0301\u0301\u0301\u0301\u0301",
    "variables": "$primary {braces} \\[ %s",
}


def hostile(pending_id: int, text: str, folder: Path) -> PendingImport:
    """An import with the text wherever text can be; its model file is one of its own."""
    path = folder / f"model{pending_id}.safetensors"
    path.write_bytes(b"model %d" % pending_id)
    notes = {"description": text, text[:80]: text, "prompts": {"positive": text}, "list": [text, {text[:80]: 1}]}
    return PendingImport(pending_id, str(path), text, text[:60], 10, 1, notes, (text[:200], f"{text[:50]} too"))


@contextmanager
def library_of(folder: Path, texts: list[str]) -> Iterator[Library]:
    """Open a library with an import for each text, and one more whose path itself is the text."""
    with Library.open(folder / "library") as library:
        for pending_id, text in enumerate(texts, 1):
            add_import(library, hostile(pending_id, text, folder))
        bad_path = f"/nowhere/{texts[0][:80]}/m.safetensors"
        add_import(library, PendingImport(len(texts) + 1, bad_path, "m.safetensors", "lora", 10, 1, {"a": "b"}))
        yield library


def check_harmless(desk: AppHarness) -> None:
    """Check everything that is on the screen: no control character, nothing that a click would run."""
    for strip in desk.app.screen._compositor.render_strips():
        assert strip.cell_length == desk.app.size.width
        for part in strip:
            assert not part.control
            bad = [c for c in part.text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
            assert not bad, f"{bad!r} in {part.text!r}"
            assert not (part.style and "@click" in part.style.meta)


@pytest.mark.parametrize("size", [(140, 42), (80, 24)])
async def test_every_hostile_text_is_only_text(tmp_path: Path, size: tuple[int, int]) -> None:
    texts = list(HOSTILE.values())
    with library_of(tmp_path, texts) as library:
        async with running(library, size) as desk:
            for _ in range(len(texts) + 1):
                await desk.wait_until(lambda: desk.text("#comparison").strip())
                check_harmless(desk)
                await desk.press("m")
            await desk.press("a")
            await desk.wait_for_text(f"Apply {len(texts) + 1} decisions")
            await desk.wait_for_text("y apply", "Answers")
            check_harmless(desk)
            await desk.press("y")
            await desk.wait_for_text("L shows the log", "#status")
            check_harmless(desk)
            await desk.press("L")
            await desk.wait_for_text("What was applied")
            check_harmless(desk)
            await desk.press("escape")
            await desk.wait_until(lambda: len(desk.list.ids) == 1)  # the one whose file is missing
            check_harmless(desk)
            assert desk.app.is_running


async def test_markup_is_shown_as_it_is(tmp_path: Path) -> None:
    with library_of(tmp_path, [HOSTILE["click"], HOSTILE["unclosed"], HOSTILE["escape"]]) as library:
        async with running(library) as desk:
            await desk.hashed()
            for words in (HOSTILE["click"], HOSTILE["unclosed"], "␛[31mred␛[2J␛]0;title␇"):
                assert words in desk.text("#list")
                await desk.wait_for_text(words, "#facts")
                await desk.wait_for_text(words, "#comparison")
                await desk.press("j")


async def test_clicking_on_a_name_runs_nothing(tmp_path: Path) -> None:
    with library_of(tmp_path, [HOSTILE["click"]]) as library:
        async with running(library) as desk:
            await desk.wait_until(lambda: "press me" in desk.text("#comparison"))
            for selector in ("#list", "#facts", "#comparison"):
                lines = desk.text(selector).split("\n")
                for y, line in enumerate(lines):
                    if (x := line.find("press me")) >= 0:
                        await desk.pilot.click(selector, offset=(x + 2, y))
            await desk.press("m", "a")
            await desk.wait_for_text("Apply 1 decision")
            await desk.pilot.click("#groups", offset=(26, 1))
            await desk.press("n")
            assert desk.app.is_running
            assert desk.app.focused is desk.list


async def test_a_hostile_folder_name_of_the_library(tmp_path: Path) -> None:
    folder = tmp_path / "[@click=app.quit]\x1b[31m\u202e"
    folder.mkdir()
    with library_of(folder, [HOSTILE["bold"]]) as library:
        async with running(library, (200, 60)) as desk:
            await desk.wait_for_text("[@click=app.quit]␛[31m", "#top")
            check_harmless(desk)


async def test_a_pasted_control_character_is_not_drawn(tmp_path: Path) -> None:
    with library_of(tmp_path, [HOSTILE["bold"]]) as library:
        async with running(library) as desk:
            await desk.press("slash")
            await desk.paste("\x9b31m\x1b[2Jloud")
            check_harmless(desk)
            await desk.paste("loud")
            await desk.wait_for_text("loud", "#words")
