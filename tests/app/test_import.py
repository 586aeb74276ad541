"""Importing an old database in the app: the dialog, progress, cancelling, and the report."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.dom import DOMNode

from core import Library
from core.domain.imports import ImportReport, Problem
from core.sample.library import build_sample
from tests.support.builders import OldRow, old_database, png
from tests.support.import_dialog import ASKED, blocked_writes, dialog
from tui.jobs.import_job import Importing, ImportJob
from tui.presenters.import_report import Reason, reasons, report_lines
from tui.screens.import_dialog import ImportScreen

MANY = 10_000


async def test_three_times_enter_brings_the_sample_in(tmp_path: Path, library: Library) -> None:
    old = build_sample(tmp_path)
    async with dialog(library) as desk:
        await desk.paste(str(old.database))
        await desk.press("enter")
        await desk.at("images")
        assert desk.line("images") == str(old.images), "it lies beside the database"
        await desk.press("enter", "enter")
        await desk.wait_for_text("The import is done")
        await desk.wait_for_text("40  images", "#outcome")
        text = desk.text("#outcome")
        for words in ("5  models", "19  imports", "16  tags", "40  images", "1  problem", "damaged or"):
            assert words in text
        report = await desk.closed_by("enter")
        assert isinstance(report, ImportReport)
        assert (report.models, report.pending, report.images, len(report.problems)) == (5, 19, 40, 1)
        assert len(library.queue.search()) == 19


async def test_a_second_import_adds_nothing_and_says_so(tmp_path: Path, library: Library) -> None:
    old = old_database(tmp_path / "old.db", [OldRow(1, "/m/a", {"images": ["a.png"]}), OldRow(2, "/m/b")], {1: "tag"})
    (tmp_path / "a.png").write_bytes(png(1))
    async with dialog(library) as desk:
        await desk.give(old, tmp_path)
        await desk.wait_for_text("1  image ")
        await desk.closed_by("y")
        await desk.app.push_screen(ImportScreen(library), desk.answers.append)
        await desk.give(old, tmp_path)
        await desk.wait_for_text("Nothing new: 2 rows were imported earlier.")
        assert await desk.closed_by("y") == ImportReport(skipped=2)


async def test_old_roots_are_mapped(tmp_path: Path, library: Library) -> None:
    old = old_database(tmp_path / "old.db", [OldRow(1, r"D:\AI\models\a.pt"), OldRow(2, "/mnt/x/b.pt")])
    async with dialog(library) as desk:
        await desk.give(old, roots=r"D:\AI\models=/srv/models ; /mnt=/media/disk")
        await desk.wait_for_text("The import is done")
        assert [row.path for row in library.queue.rows([1, 2])] == ["/srv/models/a.pt", "/media/disk/x/b.pt"]


async def test_esc_while_nothing_has_come_in_yet(tmp_path: Path, library: Library) -> None:
    old = old_database(tmp_path / "old.db", [OldRow(n, f"/m/{n}") for n in range(1, 5)], {1: "tag"})
    async with blocked_writes(library), dialog(library) as desk:
        await desk.give(old)
        await desk.wait_for_text("reading", "#running")
        await desk.press("y", "enter", "q", "escape")
        await desk.wait_for_text("The import was cancelled; rows imported so far stay")
        report = await desk.closed_by("escape")
        assert isinstance(report, ImportReport)
        assert report.cancelled
        assert not library.queue.search()


async def test_progress_and_esc_in_the_middle_leave_whole_batches(tmp_path: Path, library: Library) -> None:
    old = old_database(tmp_path / "old.db", [OldRow(n, f"/m/{n}") for n in range(1, MANY + 1)])
    async with dialog(library) as desk:
        async with blocked_writes(library) as let_go:
            await desk.give(old)
            let_go()
        async with blocked_writes(library, after=1):
            await desk.wait_for_text(f"of {MANY:,} rows", "#running")
            assert "━" in desk.text("#running")
            await desk.press("escape")
            await desk.wait_for_text("The import was cancelled")
        report = await desk.closed_by("escape")
        assert isinstance(report, ImportReport)
        assert report.cancelled
        assert 0 < report.pending < MANY
        assert report.pending == len(library.queue.search())


def test_what_is_said_until_the_batch_is_in(library: Library) -> None:
    job = ImportJob(DOMNode(), library)
    assert job.words(None, 20).plain == "reading"
    job.stop()
    assert job.words(None, 20).plain == "stopping; what came in so far stays"
    assert "stopping; what came in so far stays" in job.words(Importing(200, MANY), 20).plain


async def test_leaving_the_app_in_the_middle_stops_the_import(tmp_path: Path, library: Library) -> None:
    old = old_database(tmp_path / "old.db", [OldRow(n, f"/m/{n}") for n in range(1, MANY + 1)])
    async with dialog(library) as desk:
        async with blocked_writes(library) as let_go:
            await desk.give(old)
            let_go()
        async with blocked_writes(library, after=1):
            await desk.wait_for_text(f"of {MANY:,} rows", "#running")
            desk.app.exit()
            await desk.wait_until(lambda: not desk.app.is_running)
    await asyncio.get_running_loop().shutdown_default_executor()
    assert 0 < len(library.queue.search()) < MANY
    assert not list((library.root / "staging").iterdir())


async def test_problems_are_listed_and_hostile_text_in_them_is_plain(tmp_path: Path, library: Library) -> None:
    hostile = "\x1b[31m\x1b]52;c;aGk=\x07[@click=app.quit]x[/nope]\u202e\x9b" + "墨" * 300
    rows = [
        OldRow(3, "/m/a", hash_hex=hostile),
        OldRow(4, "/m/b", {"images": ["/media/[b]gone.png", 7]}),
        OldRow(5, "/m/c", "{broken"),
    ]
    old = old_database(tmp_path / "old.db", rows)
    async with dialog(library, (80, 24)) as desk:
        await desk.give(old, tmp_path)
        await desk.wait_for_text("4  problems")
        await desk.press("end")
        await desk.wait_for_text("legacy_raw")
        shown = desk.screen()
        await desk.press("home")
        await desk.wait_for_text("3  imports")
        shown += desk.screen()
        for words in (
            "␛[31m␛]52;c;aGk=␇",
            "[@click=app.quit]x[/nope]",
            "[b]gone.png: its file",
            "invalid image name: 7",
        ):
            assert words in shown
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)
        assert await desk.closed_by("q") is not None


async def test_many_problems_are_summed_up_and_cut(tmp_path: Path, library: Library) -> None:
    rows = [OldRow(n, f"/m/{n}", {"images": [f"/media/{n}.png"]}, hash_hex="ab" * (n % 7 + 1)) for n in range(1, 251)]
    old = old_database(tmp_path / "old.db", rows)
    async with dialog(library) as desk:
        await desk.give(old, tmp_path)
        await desk.wait_for_text("500  problems")
        await desk.wait_for_text("250  hash_hex      not 64 hex digits")
        await desk.wait_for_text("250  images        its file is missing")
        await desk.press("end")
        await desk.wait_for_text("and 200 more: model-curator import-legacy … --json prints all of them")


def test_a_hundred_thousand_problems_make_a_short_report() -> None:
    problems = tuple(Problem(n, "images", f"/media/{n}.png: its file is missing") for n in range(100_000))
    summed = reasons(problems)
    assert summed == [Reason(100_000, "images", "its file is missing")]
    text = report_lines(ImportReport(problems=problems), summed, 80).plain
    assert "and 99,700 more" in text
    assert text.count("\n") < 2_000


async def test_the_report_scrolls_by_j_and_k(tmp_path: Path, library: Library) -> None:
    old = old_database(tmp_path / "old.db", [OldRow(n, f"/m/{n}", hash_hex="no") for n in range(1, 101)])
    async with dialog(library, (80, 24)) as desk:
        await desk.give(old)
        await desk.wait_for_text("100  imports")
        await desk.press(*"jjjjjjjj")
        await desk.wait_until(lambda: "100  imports" not in desk.screen())
        await desk.press(*"kkkkkkkk")
        await desk.wait_for_text("100  imports")


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (60, 18)])
async def test_it_fits(tmp_path: Path, library: Library, size: tuple[int, int]) -> None:
    for number in range(9):
        old_database(tmp_path / "old" / f"manager{number}.db", [OldRow(1, "/m/a", {"images": ["a.png"]})])
    images = tmp_path / "pictures"
    images.mkdir()
    (images / "a.png").write_bytes(png(1))
    async with dialog(library, size) as desk:
        await desk.paste(f"{tmp_path}/old/")
        await desk.press("tab")
        await desk.wait_for_text("manager2.db")
        for words in (ASKED, "From", "Images", "Paths", " more", "⏎ scan, or next", "esc close"):
            assert words in desk.screen()
        await desk.fill("source", f"{tmp_path}/gone.db")
        await desk.wait_for_text("There is no file")
        assert "⏎ scan, or next" in desk.screen()
        await desk.give(f"{tmp_path}/old/manager1.db", images)
        await desk.wait_for_text("1  import ")
        assert "⏎ close" in desk.screen()
        await desk.pilot.resize_terminal(100, 30)
        await desk.wait_for_text("1  import ")
