"""Sample images of models tagged as sensitive are hidden until a key shows them."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from core.domain.enums import State
from core.domain.records import Thumbnail
from core.library import Library
from core.storage import tags
from tests.support.app import CONFLICT, NEW, AppHarness, running, sample
from tui.screens.compare import CompareScreen
from tui.screens.queue.screen import QueueScreen
from tui.screens.viewer import ViewerScreen
from tui.widgets.images.image_box import ImageBox

HIDDEN = "hidden: tagged"


def tag_import(library: Library, pending_id: int, name: str) -> None:
    with library.store.write() as db:
        tag, _ = tags.get_or_create(db, 0, name, None, None)
        db.execute("INSERT INTO pending_import_tags VALUES (?, ?)", [pending_id, tag])


def tag_model(library: Library, sha256: str, name: str) -> None:
    with library.store.write() as db:
        tag, _ = tags.get_or_create(db, 0, name, None, None)
        db.execute("INSERT INTO model_tags VALUES (?, ?)", [sha256, tag])


@contextmanager
def watched(library: Library) -> Iterator[list[str]]:
    """Note the name of each image that is read for a screen."""
    read: list[str] = []
    of_pending, of_model = library.pictures.of_pending, library.pictures.of_model

    def pending(file: str, width: int, height: int, cancel: threading.Event | None) -> Thumbnail:
        read.append(file)
        return of_pending(file, width, height, cancel)

    def model(identifier: str, width: int, height: int, cancel: threading.Event | None) -> Thumbnail:
        read.append(identifier)
        return of_model(identifier, width, height, cancel)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library.pictures, "of_pending", pending)
        patch.setattr(library.pictures, "of_model", model)
        yield read


@asynccontextmanager
async def sensitive(folder: Path) -> AsyncIterator[tuple[AppHarness, list[str]]]:
    """Run the app where a conflict's model in the library is sensitive, and a new import; all is hashed before."""
    with sample(folder) as library:
        for pending_id in library.queue.search():
            library.processor.dry_run(pending_id)
        conflict = library.queue.rows([CONFLICT])[0]
        assert conflict.state is State.CONFLICT and conflict.sha256
        tag_model(library, conflict.sha256, "NSFW")
        tag_import(library, NEW, "nsfw")
        with watched(library) as read:
            async with running(library) as desk:
                yield desk, read


def names_of(desk: AppHarness, pending_id: int) -> set[str]:
    row = desk.row(pending_id)
    theirs = desk.library.image_scanner.get_image_list(row.sha256) if row.state is State.CONFLICT and row.sha256 else []
    return {*row.images, *(f"{identifier}.webp" for identifier in theirs)}


def pictures(desk: AppHarness) -> list[Thumbnail]:
    """The pictures that are on the screen in front."""
    boxes = desk.app.screen.query(ImageBox)
    return [box._picture for box in boxes if box._picture is not None and box.is_on_screen]


async def test_the_preview_says_why_and_z_shows_it(tmp_path: Path) -> None:
    async with sensitive(tmp_path) as (desk, read):
        for pending_id, tag in ((CONFLICT, "NSFW"), (NEW, "nsfw")):
            await desk.go_to(pending_id)
            await desk.wait_for_text(f"{HIDDEN} {tag}", "#picture")
            await desk.press("l")
            await desk.wait_for_text("2 of", "#caption")
        await desk.press("j")
        await desk.wait_until(lambda: pictures(desk))
        assert not (names_of(desk, CONFLICT) | names_of(desk, NEW)) & set(read), "hidden ones are not even read"
        await desk.press("k", "z")
        await desk.wait_until(lambda: pictures(desk))
        await desk.wait_for_text("Samples tagged nsfw are shown", "#status")
        await desk.press("z")
        await desk.wait_for_text(HIDDEN, "#picture")
        assert not pictures(desk)
        await desk.wait_for_text("Samples tagged nsfw are hidden", "#status")


async def test_both_sides_of_the_comparison_are_hidden(tmp_path: Path) -> None:
    async with sensitive(tmp_path) as (desk, read):
        await desk.go_to(CONFLICT)
        await desk.press("enter")
        await desk.wait_until(lambda: isinstance(desk.app.screen, CompareScreen))
        for strip in ("#theirs", "#ours"):
            await desk.wait_for_text("hidden", f"{strip} ImageBox")
            await desk.wait_for_text("z shows", f"{strip} ImageBox")
        await desk.wait_for_text("becomes 3")
        assert not pictures(desk)
        assert not names_of(desk, CONFLICT) & set(read)
        await desk.press("z")
        await desk.wait_until(lambda: len(pictures(desk)) == 6)
        await desk.press("escape")
        await desk.wait_until(lambda: isinstance(desk.app.screen, QueueScreen))
        await desk.wait_until(lambda: pictures(desk))  # one state for all screens
        await desk.press("enter")
        await desk.wait_until(lambda: isinstance(desk.app.screen, CompareScreen))
        await desk.wait_until(lambda: len(pictures(desk)) == 6)
        await desk.press("z")
        await desk.wait_until(lambda: not pictures(desk))


async def test_the_viewer_hides_them_too(tmp_path: Path) -> None:
    async with sensitive(tmp_path) as (desk, read):
        await desk.go_to(CONFLICT)
        await desk.press("v")
        await desk.wait_until(lambda: isinstance(desk.app.screen, ViewerScreen))
        await desk.press("tab")
        for side in ("#theirs", "#ours"):
            await desk.wait_for_text(f"{HIDDEN} NSFW; z shows it", f"{side} ImageBox")
        await desk.wait_for_text("1 of 4")
        await desk.press("l")
        await desk.wait_for_text("2 of 4")
        await desk.press("z")
        await desk.wait_until(lambda: len(pictures(desk)) == 2)
        assert names_of(desk, CONFLICT) & set(read)
        await desk.press("z")
        await desk.wait_for_text(HIDDEN, "#ours ImageBox")
        assert not pictures(desk)


async def test_without_sensitive_tags_nothing_is_hidden(tmp_path: Path) -> None:
    async with sensitive(tmp_path) as (desk, _):
        desk.app.pictures._sensitive.clear()
        await desk.go_to(NEW)
        await desk.wait_until(lambda: pictures(desk))
        await desk.press("z")
        await desk.wait_for_text("No samples are hidden", "#status")


async def test_z_in_the_filter_is_a_letter(tmp_path: Path) -> None:
    async with sensitive(tmp_path) as (desk, _):
        await desk.press("slash", *"quartz", "enter")
        await desk.wait_until(lambda: list(desk.list.ids) == [NEW])
        await desk.wait_for_text(HIDDEN, "#picture")


async def test_what_a_source_calls_nsfw_is_hidden(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        with library.store.write() as db:
            db.execute("UPDATE pending_import SET meta_json = '{\"nsfw\": true}' WHERE id = ?", [NEW])
            db.execute('UPDATE pending_import SET meta_json = \'{"nsfw": "x"}\' WHERE id = ?', [NEW + 1])
        rows = {row.id: row.nsfw for row in library.queue.all()}
        assert [number for number, nsfw in rows.items() if nsfw] == [NEW]
        async with running(library) as desk:
            await desk.go_to(NEW)
            await desk.wait_for_text("hidden: tagged nsfw")
            await desk.press("z")
            await desk.wait_until(lambda: HIDDEN not in desk.screen())
