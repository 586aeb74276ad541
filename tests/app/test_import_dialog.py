"""The fields of the import dialog: typing and completing paths, and the message that names a wrong one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core import Library
from tests.support.builders import OldRow, old_database
from tests.support.import_dialog import dialog


async def test_tab_completes_shows_the_choices_and_moves_on_at_the_end(tmp_path: Path, library: Library) -> None:
    for number in range(9):
        old_database(tmp_path / "box" / f"manager{number}.db", [])
    async with dialog(library) as desk:
        await desk.paste(f"{tmp_path}/b")
        await desk.press("tab")
        await desk.wait_until(lambda: desk.line("source") == f"{tmp_path}/box/")
        await desk.press("tab")
        await desk.wait_until(lambda: desk.line("source") == f"{tmp_path}/box/manager")
        await desk.wait_for_text("manager5.db", "#hint")
        await desk.wait_for_text("and 3 more", "#hint")
        await desk.press("7")
        await desk.wait_until(lambda: "manager5.db" not in desk.text("#hint"))
        await desk.press("tab")
        await desk.wait_until(lambda: desk.line("source") == f"{tmp_path}/box/manager7.db")
        await desk.press("tab")
        await desk.at("images")


async def test_hostile_names_are_plain_among_the_choices_and_in_the_line(tmp_path: Path, library: Library) -> None:
    names = [b"o\x1b]52;c;aGk=\x07.db", b"o\xff.db", b"o[@click=app.quit]x[nope].db"]
    box = tmp_path / "box"
    for name in names:
        old_database(Path(os.fsdecode(os.fsencode(box) + b"/" + name)), [OldRow(1, "/m/a")])
    async with dialog(library) as desk:
        await desk.paste(f"{box}/")
        await desk.press("tab")
        await desk.wait_for_text("o[@click=app.quit]x[nope].db", "#hint")
        await desk.wait_for_text("␛]52;c;aGk=␇.db", "#hint")
        await desk.paste("\\xff")
        await desk.press("tab")
        await desk.wait_until(lambda: desk.line("source") == f"{box}/o\\xff.db")
        assert "\x1b" not in desk.screen()
        await desk.press("enter")
        await desk.at("images")
        await desk.press("enter")
        await desk.at("roots")
        await desk.press("enter")
        await desk.wait_for_text("The import is done")
        assert list(library.queue.search()) == [1]


async def test_letters_are_typed_and_no_keys(library: Library) -> None:
    async with dialog(library) as desk:
        await desk.press(*"q?jky", "down", *"q?jky", "down", *"q?jky", "down")
        assert [desk.line(pending_id) for pending_id in ("source", "images", "roots")] == ["q?jky"] * 3
        await desk.at("source")  # down goes round
        await desk.press("up")
        await desk.at("roots")
        assert await desk.closed_by("escape") is None


async def test_a_typed_folder_of_images_is_not_replaced(tmp_path: Path, library: Library) -> None:
    old = old_database(tmp_path / "old.db", [])
    (tmp_path / "images").mkdir()
    async with dialog(library) as desk:
        await desk.press("down")
        await desk.paste(str(tmp_path))
        await desk.press("up")
        await desk.paste(str(old))
        await desk.press("enter")
        await desk.at("images")
        assert desk.line("images") == str(tmp_path)


async def test_of_a_path_longer_than_its_line_the_end_is_seen(library: Library) -> None:
    async with dialog(library) as desk:
        for pending_id in ("source", "images", "roots"):
            await desk.at(pending_id)
            await desk.paste(f"/a/{'very/' * 30}{pending_id}.end")
            await desk.wait_for_text(f"/{pending_id}.end")
            await desk.press("down")
        await desk.press("up", "up")
        await desk.at("images")


@pytest.mark.parametrize(
    "name, said, at",
    [
        ("text.db", "is not an SQLite database", "source"),
        ("empty.db", "models", "source"),
        ("nul\\x00.db", "NUL", "source"),
    ],
)
async def test_a_wrong_database_is_one_sentence_and_can_be_put_right(
    tmp_path: Path, library: Library, name: str, said: str, at: str
) -> None:
    (tmp_path / "text.db").write_text("no database, but long enough for one")
    (tmp_path / "empty.db").touch()
    good = old_database(tmp_path / "good.db", [OldRow(1, "/m/a")])
    async with dialog(library, (80, 24)) as desk:
        await desk.give(f"{tmp_path}/{name}")
        await desk.wait_until(lambda: "✕" in desk.text("#trouble"))
        assert said in " ".join(desk.text("#trouble").split())
        await desk.at(at)
        await desk.give(good)
        await desk.wait_for_text("1  import ")
        assert "✕" not in desk.screen()


async def test_a_database_that_is_not_there_is_refused_before_anything_else_is_asked(
    tmp_path: Path, library: Library
) -> None:
    good = old_database(tmp_path / "good.db", [OldRow(1, "/m/a")])
    async with dialog(library, (80, 24)) as desk:
        await desk.fill("source", f"{tmp_path}/gone.db")
        await desk.wait_until(lambda: "There is no file or folder" in " ".join(desk.text("#trouble").split()))
        await desk.give(good)
        await desk.wait_for_text("1  import ")


@pytest.mark.parametrize(
    "images, roots, said, at",
    [("gone", "", "does not exist", "images"), ("", "/only-old", "“/only-old” is not OLD=NEW", "roots")],
)
async def test_wrong_images_and_roots(
    tmp_path: Path, library: Library, images: str, roots: str, said: str, at: str
) -> None:
    old = old_database(tmp_path / "good.db", [OldRow(1, "/m/a")])
    async with dialog(library) as desk:
        await desk.give(old, f"{tmp_path}/{images}" if images else "", roots)
        await desk.wait_until(lambda: said in " ".join(desk.text("#trouble").split()))  # wherever its lines break
        await desk.at(at)
        assert await desk.closed_by("escape") is None
        assert not library.queue.search()
