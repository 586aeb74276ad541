"""Rows that this program never writes: each is named, all others are served, and nothing crashes."""

from __future__ import annotations

import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from core import Library
from core.domain.enums import State
from core.domain.sort_order import SortKey
from core.errors import RowDamaged
from core.verify import check_library
from core.verify.findings import FindingCode, Severity
from tests.support.app import running
from tests.support.builders import OldRow, add_pending, digest, old_database, png, tables
from tests.support.cli import run
from tests.support.payloads import BAD, GOOD, KINDS, OTHER, SHA, damage, template


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the library; its model files are shared, and nothing writes to them."""
    shutil.copytree(template() / "library", tmp_path / "library")
    return tmp_path / "library"


def _good(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return next(row for row in rows if row["id"] == GOOD)


@functools.cache
def _healthy() -> tuple[Any, Any, Any]:
    """What the commands say of the import that is not damaged, in a library that is not."""
    with tempfile.TemporaryDirectory() as folder:  # reading leaves SQLite's own files, which no copy of ours may have
        library = Path(shutil.copytree(template() / "library", Path(folder) / "library"))
        shown = run("show", GOOD, "--json", library=library).object
        plan = run("promote", GOOD, "--dry-run", "--json", library=library).object
        return _good(run("pending", "--json", library=library).object["pending"]), shown, plan


@pytest.mark.parametrize("name", KINDS)
def test_the_others_are_fully_served_and_the_bad_row_is_named(root: Path, name: str) -> None:
    kind = KINDS[name]
    row, shown, plan = _healthy()
    damage(root, kind.sql)
    listed = run("pending", "--json", library=root)
    assert listed.code == 0 and [one["id"] for one in listed.object["pending"]] == [BAD, GOOD]
    assert _good(listed.object["pending"]) == row
    assert run("show", GOOD, "--json", library=root).object == shown
    assert run("promote", GOOD, "--dry-run", "--json", library=root).object == plan
    assert run("history", "--json", library=root).code == 0
    assert run("show", OTHER, library=root).code == 0
    assert run("images", OTHER, "--json", library=root).object["images"] == [f"{OTHER}_0.webp"]
    for order in SortKey:
        assert run("pending", "--sort", order.value, library=root).code == 0
    for words in ("good", "tag:ink", "decision:none", "size:>1", "path:g", f"same:{BAD}", "note:x", "state:new"):
        assert run("pending", "--filter", words, library=root).code == 0
    subject = run("show", BAD if kind.hits != "model" else SHA, library=root)
    if kind.hits == "nothing" or kind.table == "model_images":
        assert subject.code == 0
    else:
        assert "is damaged" in subject.failed(1)
    with Library.open(root, readonly=True) as library:
        report = check_library(library)
    (finding, *_) = [one for one in report.findings if one.code is kind.code]
    assert finding.severity is Severity.ERROR and finding.key and finding.detail


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.hits == "pending"])
def test_a_damaged_import_can_be_skipped_and_deleted_but_not_promoted(root: Path, name: str) -> None:
    damage(root, KINDS[name].sql)
    for more in (["--dry-run"], []):
        result = run("promote", BAD, GOOD, "--strategy", "merge", "--json", *more, library=root)
        bad, good = result.object["results"]
        assert result.code == 1 and (bad["status"], good["status"]) == ("error", "success")
        assert f"pending import {BAD} is damaged" in bad["error"]
    assert run("promote", BAD, "--strategy", "skip", library=root).code == 0
    assert (
        run("promote", BAD, "--strategy", "delete", "--json", library=root).object["results"][0]["status"] == "success"
    )
    assert run("pending", "--json", library=root).object == {"pending": []}
    with Library.open(root, readonly=True) as library:
        assert [one for one in check_library(library).findings if one.severity is Severity.ERROR] == []


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.hits == "model"])
def test_nothing_is_merged_into_a_damaged_model(root: Path, name: str) -> None:
    damage(root, KINDS[name].sql)
    before = tables(root / "library.db")
    for strategy in ("merge", "override"):
        (result,) = run("promote", BAD, "--strategy", strategy, "--json", library=root).object["results"]
        assert result["status"] == "error" and f"the library's model {SHA} is damaged" in result["error"]
    assert tables(root / "library.db") == before
    assert run("promote", GOOD, library=root).code == 0


def test_the_list_says_which_row_is_damaged_and_why(root: Path) -> None:
    damage(root, KINDS["a decision nobody knows"].sql)
    ran = run("pending", "--json", library=root)
    bad, good = ran.object["pending"]
    assert (bad["damaged"], bad["decision"]) == ("decision: no strategy", None) and "damaged" not in good
    assert ran.err.startswith(f"pending import {BAD} is damaged (decision: no strategy); ")
    assert "bad (damaged: decision: no strategy)" in run("pending", library=root).out
    with Library.open(root) as library:
        assert library.queue.counts().decided == 0
        library.queue.decide([BAD], None)
        assert [row.damage for row in library.queue.rows([BAD, GOOD])] == ["", ""]


def test_an_id_below_1_is_listed_and_can_be_deleted(root: Path) -> None:
    damage(root, f"UPDATE pending_import SET id = -5 WHERE id = {BAD}")
    damage(root, f"UPDATE pending_images SET pending_id = -5 WHERE pending_id = {BAD}")
    with Library.open(root) as library:
        assert [(row.id, bool(row.damage)) for row in library.queue.all()] == [(-5, True), (GOOD, False)]
        assert library.processor.process_single_import(-5, "merge").status == "error"
        assert library.processor.process_single_import(-5, "delete").status == "success"


def test_a_known_hash_that_cannot_be_one_is_computed_again(root: Path) -> None:
    damage(root, KINDS["a known hash that is a path"].sql)
    with Library.open(root) as library:
        assert library.queue.rows([BAD])[0].state is State.UNHASHED
        assert library.processor.dry_run(BAD, "merge").sha256 == SHA
        assert library.queue.rows([BAD])[0].sha256 == SHA
        assert check_library(library).ok


def test_a_verdict_that_cannot_be_one_is_made_again(root: Path) -> None:
    damage(root, KINDS["a verdict as bytes"].sql)
    with Library.open(root) as library:
        images = library.processor.plan(BAD, "merge").images
        assert (images.added, images.refused) == ((2,), ())
        found = library.store.db.execute("SELECT refused FROM image_verdicts WHERE sha256 = ?", [digest(png(2))])
        assert found.fetchall() == [(None,)]


def test_a_full_verification_finds_a_hash_that_is_not_true(root: Path) -> None:
    damage(root, "UPDATE file_hashes SET sha256 = ? WHERE path LIKE '%/g'", ("ab" * 32,))
    with Library.open(root, readonly=True) as library:
        assert check_library(library).ok
        findings = check_library(library, full=True).findings
    [finding] = [one for one in findings if one.severity is Severity.ERROR]
    assert (finding.code, finding.key) == (FindingCode.ROW_UNSAFE, str(template() / "g"))
    assert digest(b"good weights") in finding.detail


def test_a_time_that_no_calendar_has_is_shown_as_it_is(root: Path) -> None:
    damage(root, f"UPDATE journal SET at = {2**62}")
    assert f"{2**62} ms" in run("history", library=root).out


def test_importing_again_passes_over_what_is_damaged(root: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    extra = {"images": ["/media/a.png"]}
    rows = [OldRow(number, f"/m/{number}", extra) for number in (11, 12)]
    database = old_database(tmp_path / "old.db", rows)
    assert run("import-legacy", database, "--images", images, "--json", library=root).object["pending"] == 2
    (images / "a.png").write_bytes(png(9))
    damage(root, "UPDATE pending_import SET meta_json = '[]' WHERE id = 11")
    report = run("import-legacy", database, "--images", images, "--json", library=root)
    assert report.code == 0 and (report.object["skipped"], report.object["images"]) == (2, 1)


def test_ids_that_are_used_up_are_told(root: Path) -> None:
    damage(root, "UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'pending_import'")
    with Library.open(root) as library, pytest.raises(RowDamaged, match="sqlite_sequence"):
        add_pending(library, "/m/x")


@pytest.mark.parametrize(
    "name",
    [
        "metadata 1,000 levels deep", "a decision nobody knows", "a side that is none", "a name that is no UTF-8",
        "an image numbered in words", "a model's name as bytes", "a tag as bytes", "a known hash that is a path",
    ],
)  # fmt: skip
async def test_the_app_shows_all_rows(root: Path, name: str) -> None:
    kind = KINDS[name]
    damage(root, kind.sql)
    with Library.open(root) as library:
        async with running(library) as desk:
            await desk.hashed()
            assert list(desk.list.ids) == [BAD, GOOD]
            if kind.hits != "nothing":
                await desk.wait_for_text("is damaged")
            await desk.press("j")
            await desk.wait_until(lambda: desk.list.current == GOOD)
            await desk.wait_for_text("good", "#facts")
            await desk.press("m")
            await desk.wait_until(lambda: GOOD in desk.stored())
