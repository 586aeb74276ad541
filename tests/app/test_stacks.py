"""Trainings in the list: grouped, folded into one line, decided together; tags and trigger words for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core import Library, Strategy
from tests.support.app import AppHarness, running
from tests.support.model_tree import put_model, scan

EPOCHS = ("koi-000004", "koi-000008", "koi")


@asynccontextmanager
async def trained(tmp_path: Path) -> AsyncIterator[tuple[AppHarness, Library, dict[str, int]]]:
    """The app with three epochs of one training between two other models; also the library, and the ids by name."""
    root = tmp_path / "models" / "loras"
    for epoch, name in zip((4, 8, 12), EPOCHS, strict=True):
        said = {"ss_session_id": "1", "ss_epoch": str(epoch), "ss_output_name": "koi"}
        put_model(root / f"{name}.safetensors", seed=epoch, metadata=said)
    put_model(root / "a.safetensors", seed=1)
    put_model(root / "z.safetensors", seed=2, metadata={"ss_session_id": "2"})
    with Library.open(tmp_path / "library") as library:
        scan(library, tmp_path / "models")
        ids = {row.name.removesuffix(".safetensors"): row.id for row in library.queue.all()}
        async with running(library) as desk:
            await desk.hashed()
            yield desk, library, ids


async def fold(desk: AppHarness) -> None:
    """Show the three epochs as one line."""
    await desk.press("f")
    await desk.wait_until(lambda: len(desk.list.ids) == 3)


async def test_a_training_has_a_bracket_and_folds_into_one_line(tmp_path: Path) -> None:
    async with trained(tmp_path) as (desk, _, ids):
        signs = ["╭", "│", "╰"]
        await desk.wait_until(lambda: [desk.line_of(ids[name])[2] for name in EPOCHS] == signs)
        assert desk.line_of(ids["a"])[2] == desk.line_of(ids["z"])[2] == " "
        await desk.press("f")
        await desk.wait_until(lambda: list(desk.list.ids) == [ids["a"], ids["koi"], ids["z"]])
        assert "\u00d73" in desk.line_of(ids["koi"])
        assert "one line a training" in desk.text("#list")
        await desk.press("f")
        await desk.wait_until(lambda: len(desk.list.ids) == 5)
        assert "\u00d73" not in desk.text("#list")


async def test_a_folded_line_stands_for_all_of_its_files(tmp_path: Path) -> None:
    async with trained(tmp_path) as (desk, library, ids):
        await fold(desk)
        await desk.go_to(ids["koi"])
        await desk.press("m")
        await desk.wait_until(lambda: desk.stored() == dict.fromkeys((ids[name] for name in EPOCHS), Strategy.MERGE))
        assert desk.list.current == ids["z"], "a decision on one line moves on"
        await desk.press("asterisk", "s")
        await desk.wait_until(lambda: set(desk.stored().values()) == {Strategy.SKIP} and len(desk.stored()) == 5)
        await desk.go_to(ids["koi"])
        await desk.press("enter")
        await desk.wait_for_text("koi", "#head")
        await desk.press("m", "escape")
        await desk.wait_until(lambda: {desk.stored()[ids[name]] for name in EPOCHS} == {Strategy.MERGE})
        with library.store.write() as db:  # the final file leaves the queue, as if another process had promoted it
            db.execute("DELETE FROM pending_import WHERE id = ?", [ids["koi"]])
        await desk.press("r")
        await desk.wait_until(lambda: list(desk.list.ids) == [ids["a"], ids["koi-000008"], ids["z"]])
        assert "\u00d72" in desk.line_of(ids["koi-000008"])


async def test_what_is_left_of_a_training_stays_listed_when_its_line_is_promoted(tmp_path: Path) -> None:
    async with trained(tmp_path) as (desk, library, ids):
        await fold(desk)
        library.queue.decide([ids["koi"]], Strategy.MERGE)
        await desk.press("r")
        await desk.wait_until(lambda: desk.model.decisions.counts.total() == 1)
        await desk.apply(1)
        await desk.wait_until(lambda: list(desk.list.ids) == [ids["a"], ids["koi-000008"], ids["z"]])


async def test_tags_and_trigger_words_for_all_of_a_training(tmp_path: Path) -> None:
    async with trained(tmp_path) as (desk, library, ids):
        await fold(desk)
        await desk.go_to(ids["koi"])
        await desk.press("number_sign")
        await desk.wait_for_text("Add to 3 imports")
        await desk.paste("koi, fish")
        await desk.press("tab")
        await desk.paste("koi ink")
        await desk.press("enter")
        await desk.wait_for_text("Added to 3 imports.", "#status")
        rows = {row.id: row for row in library.queue.all()}
        assert all(rows[ids[name]].tags == ("fish", "koi") for name in EPOCHS)
        assert rows[ids["a"]].tags == ()
        assert list(library.queue.search('note:="koi ink"')) == sorted(ids[name] for name in EPOCHS)
        await desk.wait_for_text("fish   koi", "#facts")
        await desk.press("number_sign")
        await desk.wait_for_text("Add to 3 imports")
        await desk.press("escape", "u")
        await desk.wait_for_text("They get back the values that they had.")
        await desk.press("y")
        await desk.wait_until(lambda: all(row.tags == () for row in library.queue.all()))
        await desk.wait_until(lambda: desk.row(ids["koi"]).tags == () and "fish" not in desk.text("#facts"))
        await desk.wait_until(lambda: "koi ink" not in desk.text("#comparison"))
