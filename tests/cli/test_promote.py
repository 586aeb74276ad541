"""``promote``: its JSON objects, its exit codes, and its text output."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import Library
from core.domain.enums import Action, Status
from core.domain.outcomes import Locked, Promoted
from tests.support.builders import add_model, add_pending, digest, half_png, model_file, model_of, png, snapshot
from tests.support.cli import interrupted, run
from tui.cli.context import worst
from tui.cli.json_output import outcome_object
from tui.cli.promote import EXIT_CODES

KEYS = ["status", "id", "sha256", "action_taken", "images", "refused", "in_place"]
SHA256 = digest(b"weights")


@pytest.fixture
def conflict(library: Library, tmp_path: Path) -> int:
    """A pending import whose model the library has."""
    path = model_file(tmp_path, "new.safetensors")
    add_model(library, SHA256, tmp_path / "old", meta={"a": 1}, tag_names=["old"], images=[png(1)])
    return add_pending(library, path, meta={"a": 2, "b": [3]}, tag_names=["new"], images=[png(1), png(2)])


def test_a_new_model_is_inserted(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "a")
    pending_id = add_pending(library, path, images=[png(1), half_png(2)], claimed="d" * 64)
    ran = run("promote", pending_id, "--json", library=library.root)
    assert (ran.code, ran.err) == (0, "")
    [result] = ran.object["results"]
    assert list(result) == [*KEYS, "claimed_sha256"]
    expected = {"status": "success", "id": pending_id, "sha256": SHA256, "action_taken": "inserted"}
    assert expected.items() <= result.items()
    assert result["images"] == [f"{SHA256}_0.webp"] and result["in_place"] is True
    [refused] = result["refused"]
    assert refused["image"] == f"{pending_id}_1.png" and refused["reason"]
    assert result["claimed_sha256"] == "d" * 64
    assert model_of(library, SHA256).name == "new"


def test_a_conflict_carries_both_records_and_says_what_to_do(library: Library, conflict: int) -> None:
    before = snapshot(library)
    ran = run("promote", conflict, "--json", library=library.root)
    sentence = ran.failed(3)
    assert all(word in sentence for word in ("--strategy", "merge", "override", "delete", "skip"))
    [result] = ran.object["results"]
    assert list(result) == [*KEYS, "existing", "pending"]
    assert (result["status"], result["sha256"], result["action_taken"]) == ("conflict", SHA256, None)
    assert result["existing"] == run("show", SHA256, "--json", library=library.root).object
    assert result["pending"] == run("show", conflict, "--json", library=library.root).object
    assert snapshot(library) == before


@pytest.mark.parametrize(
    ("strategy", "action", "images"),
    [("merge", "merged", 2), ("override", "overridden", 2), ("delete", "deleted", 0), ("skip", "ignored", 0)],
)
def test_every_strategy(library: Library, conflict: int, strategy: str, action: str, images: int) -> None:
    [result] = run("promote", conflict, "--strategy", strategy, "--json", library=library.root).object["results"]
    assert (result["status"], result["action_taken"], len(result["images"])) == ("success", action, images)
    assert list(result) == KEYS
    still = [row["id"] for row in run("pending", "--json", library=library.root).object["pending"]]
    assert still == ([conflict] if strategy == "skip" else [])


def test_a_dry_run_gives_the_plan_and_changes_nothing(library: Library, conflict: int) -> None:
    before = snapshot(library)
    ran = run("promote", conflict, "--strategy", "merge", "--dry-run", "--json", library=library.root)
    assert (ran.code, ran.err) == (0, "")
    [result] = ran.object["results"]
    assert list(result) == [*KEYS, "plan"]
    plan = result["plan"]
    assert list(plan) == ["strategy", "action_taken", "fields", "tags", "images"]
    assert (plan["strategy"], plan["action_taken"]) == ("merge", "merged")
    fields = {tuple(field.pop("path")): field for field in plan["fields"]}
    assert fields["meta_json", "a"] == {"existing": 1, "pending": 2, "result": 1, "side": "existing"}
    assert fields["meta_json", "b"] == {"existing": None, "pending": [3], "result": [3], "side": "pending"}
    assert plan["tags"] == {"kept": ["old"], "added": ["new"]}
    images = {"kept": [0], "replaced": [], "added": [1], "duplicate": [f"{conflict}_0.png"], "refused": []}
    assert plan["images"] == images
    assert snapshot(library) == before


def test_a_dry_run_in_words(library: Library, conflict: int) -> None:
    shown = run("promote", conflict, "--strategy", "override", "--dry-run", library=library.root).out
    assert shown.startswith(f"{conflict}  would be overridden  new\n")
    assert "overwritten" in shown and "combined" in shown


def test_a_dry_run_of_a_conflict_without_a_strategy_is_a_conflict(library: Library, conflict: int) -> None:
    ran = run("promote", conflict, "--dry-run", "--json", library=library.root)
    assert ran.code == 3
    assert "plan" not in ran.object["results"][0]


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_missing_file_is_an_error_and_the_row_stays(library: Library, dry: list[str]) -> None:
    pending_id = add_pending(library, "/nowhere", images=[png(1)])
    before = snapshot(library)
    ran = run("promote", pending_id, *dry, "--json", library=library.root)
    assert "missing" in ran.failed(1)
    [result] = ran.object["results"]
    assert list(result) == [*KEYS, "error"]
    assert (result["status"], result["error"]) == ("error", "the model file is missing")
    assert snapshot(library) == before


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
@pytest.mark.parametrize("pending_id", [7, 0, -1, 2**63, -(2**63) - 1, 10**400])
def test_what_is_not_there_is_4(library: Library, pending_id: int, dry: list[str]) -> None:
    ran = run("promote", *dry, "--json", "--", pending_id, library=library.root)
    assert "not found" in ran.failed(4)
    [result] = ran.object["results"]
    assert list(result) == KEYS
    assert (result["status"], result["id"]) == ("not_found", pending_id)


def test_of_several_the_worst_counts_and_all_are_done(library: Library, conflict: int, tmp_path: Path) -> None:
    new = [add_pending(library, model_file(tmp_path, f"new{n}", b"%d" % n)) for n in range(3)]
    ran = run("promote", new[0], conflict, "--json", library=library.root)
    assert (ran.code, [one["status"] for one in ran.object["results"]]) == (3, ["success", "conflict"])
    assert run("promote", conflict, 999, new[1], library=library.root).code == 4
    gone = add_pending(library, "/nowhere")
    ran = run("promote", conflict, 999, gone, new[2], "--json", library=library.root)
    assert (ran.code, ran.err.count("\n")) == (1, 3)
    assert [one["status"] for one in ran.object["results"]] == ["conflict", "not_found", "error", "success"]
    assert [row["id"] for row in run("pending", "--json", library=library.root).object["pending"]] == [conflict, gone]


def test_one_id_twice_is_done_once(library: Library, tmp_path: Path) -> None:
    pending_id = add_pending(library, model_file(tmp_path, "a"))
    ran = run("promote", pending_id, pending_id, "--json", library=library.root)
    assert [one["status"] for one in ran.object["results"]] == ["success", "not_found"]
    assert ran.code == 4


def test_ctrl_c_while_hashing_changes_nothing(library: Library, tmp_path: Path) -> None:
    done = add_pending(library, model_file(tmp_path, "small"))
    large = tmp_path / "large"
    with open(large, "wb") as file:
        file.truncate(2**36)  # no bytes on the disk, and more than is hashed before the signal comes
    pending_id = add_pending(library, large, name="large")
    ran = interrupted("promote", done, pending_id, "--json", "--library", library.root, at="hashing large: ")
    assert ran.code == 130 and "interrupted: 1 of 2" in ran.err
    assert list(ran.object) == ["results", "error"]
    assert [result["id"] for result in ran.object["results"]] == [done]
    assert list(library.queue.search()) == [pending_id]


def test_in_words(library: Library, tmp_path: Path) -> None:
    pending_id = add_pending(library, model_file(tmp_path, "a"), images=[png(1), half_png(2)])
    ran = run("promote", pending_id, library=library.root)
    assert ran.out.splitlines()[:2] == [f"{pending_id}  inserted  new", f"    images: 1   sha256: {SHA256}"]
    assert f"refused: {pending_id}_1.png" in ran.out


def test_the_order_of_exit_codes() -> None:
    assert {status: EXIT_CODES[status] for status in Status} == {
        Status.SUCCESS: 0,
        Status.ERROR: 1,
        Status.CONFLICT: 3,
        Status.CHANGED: 3,
        Status.NOT_FOUND: 4,
        Status.LOCKED: 5,
    }
    assert [worst(codes) for codes in ([], [0, 0], [0, 3], [3, 4], [4, 3, 5, 0], [5, 4, 1, 3])] == [0, 0, 3, 4, 5, 1]


def test_files_that_follow_later_and_locked_keep_the_same_keys() -> None:
    assert list(outcome_object(Locked(1))) == KEYS
    assert outcome_object(Promoted(1, None, Action.MERGED, in_place=False))["in_place"] is False
