"""The summary before applying: most severe losses first, each lost item named, with running totals."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.domain.enums import Strategy
from core.library import Library
from core.queue.queue import ImportPreview
from tests.bench.libraries import build
from tests.support.app import CONFLICT, MISSING, NEW, PATIENCE, AppHarness, hashed_app
from tui.presenters.apply_summary import ApplySummary, Impact, looks
from tui.presenters.plan_lines import overwritten
from tui.screens import apply_summary

COUNT = 600


async def summed_up(desk: AppHarness) -> list[str]:
    """Open the summary, wait for all of its plans, and return its lines."""
    await desk.press("a")
    await desk.wait_for_text("y apply", "Answers")
    await desk.wait_until(lambda: "more plan" not in desk.text("#note"))
    return [line.strip() for line in desk.text("#groups").split("\n") if line.strip()]


async def decide(desk: AppHarness, strategy: Strategy, *ids: int) -> None:
    """Have a decision for these stored, as another process would."""
    desk.library.queue.decide(ids, strategy)
    await desk.press("r")
    await desk.wait_until(lambda: set(ids) <= desk.model.decisions.ids)


async def test_what_overwrites_most_comes_first_with_the_names_of_the_fields(tmp_path: Path) -> None:
    async with hashed_app(tmp_path) as desk:
        await decide(desk, Strategy.OVERRIDE, 6, CONFLICT, 9, NEW, MISSING)
        lines = (await summed_up(desk))[1:]
        lost = []
        for pending_id in (6, CONFLICT, 9):
            look = desk.library.queue.preview(pending_id, Strategy.OVERRIDE)
            assert look is not None and look.plan is not None
            lost.append((-sum(number for number, _ in overwritten(look.plan)), look.row.name[:12]))
        assert [line[:12] for line in lines[:3]] == [name for _, name in sorted(lost, key=lambda pair: pair[0])]
        assert all("fields" in line and ": " in line for line in lines[:3])
        assert "description" in "".join(lines[:3])
        assert "its model file is missing" in lines[3], "what is not known comes before what does no harm"
        assert "quartz-garden" in lines[4] and "field" not in lines[4]
        await desk.wait_for_text("1 cannot be applied: their model file is missing", "#note")


async def test_deletions_go_by_what_is_dropped(tmp_path: Path) -> None:
    async with hashed_app(tmp_path, (80, 24)) as desk:
        ids = [8, CONFLICT, MISSING, NEW]
        await decide(desk, Strategy.DELETE, *ids)
        lines = (await summed_up(desk))[1:]
        rows = sorted(desk.library.queue.rows(ids), key=lambda row: (-len(row.images) - len(row.tags), row.id))
        assert [line[:8] for line in lines] == [row.name[:8] for row in rows]
        assert "4 images, 2 tags" in lines[0]


async def test_an_unhashed_import_says_so(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, 5, hashed=False)) as library:
        library.queue.decide([2], Strategy.MERGE)
        summary = ApplySummary.read(library)
        assert summary.notes[2] == "not hashed yet" and summary.unhashed == 1
        assert not summary.wanted


def test_the_sums_are_those_of_the_plans(tmp_path: Path) -> None:
    with Library.open(build(tmp_path, COUNT)) as library:
        ids = list(library.queue.search())
        library.queue.decide(ids[::2], Strategy.OVERRIDE)
        library.queue.decide(ids[1::2], Strategy.MERGE)
        summary = ApplySummary.read(library)
        assert all(summary.may_lose(pending_id) for pending_id in summary.wanted[: summary.must_see])
        assert not any(summary.may_lose(pending_id) for pending_id in summary.wanted[summary.must_see :])
        found = looks(library, summary, summary.wanted)
        for pending_id, look in found.items():
            summary.take(pending_id, look)
        plans = {pending_id: look.plan for pending_id, look in found.items() if look and look.plan}
        for group in summary.groups:
            mine = [
                plan for pending_id, plan in plans.items() if summary.decisions[pending_id].strategy is group.strategy
            ]
            assert group.added == sum(len(plan.images.added) for plan in mine)
            pairs = [pair for plan in mine for pair in overwritten(plan)]
            assert group.fields == sum(number for number, noun in pairs if noun == "field")
            assert group.replaced == sum(number for number, noun in pairs if noun == "image")
            assert group.order == sorted(group.order) and len(group.order) == group.count
            assert Impact.WAITING not in {hurt for hurt, _, _ in group.order}
        assert set(summary.plans) == {
            pending_id for pending_id in plans if summary.decisions[pending_id].strategy is Strategy.OVERRIDE
        }


async def test_it_is_confirmed_only_once_every_override_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = threading.Event()

    def held(library: Library, summary: ApplySummary, ids: Sequence[int]) -> dict[int, ImportPreview | None]:
        on.wait(PATIENCE)
        return looks(library, summary, ids)

    monkeypatch.setattr(apply_summary, "looks", held)
    async with hashed_app(tmp_path) as desk:
        await decide(desk, Strategy.OVERRIDE, CONFLICT)
        await desk.press("a")
        await desk.wait_for_text("looking at 1 more plan", "#note")
        await desk.press("y")
        assert len(desk.app.screen_stack) == 2, "not yet"
        assert "y apply" not in desk.text("Answers")
        on.set()
        await desk.wait_for_text("y apply", "Answers")
        assert "of the library overwritten" in desk.text("#groups")
        await desk.press("y")
        await desk.wait_for_text("1 applied", "#status")
