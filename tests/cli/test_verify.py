"""``--verify`` and ``demo``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core import Library
from tests.support.builders import add_model, add_pending, files, png, tables
from tests.support.cli import program, run


def test_verify_a_library_in_order(library: Library, tmp_path: Path) -> None:
    add_model(library, "a" * 64, "/nowhere", images=[png(1)])
    add_pending(library, "/nowhere", images=[png(2)])
    before = tables(library.root / "library.db", without=()), files(library.root)
    found = run("--verify", "--json", library=library.root)
    assert (found.code, found.err) == (0, "")
    report = found.object
    assert list(report) == ["ok", "checks", "findings"]
    assert report["ok"] is True
    assert all(list(check) == ["name", "ok", "detail"] and check["ok"] is True for check in report["checks"])
    assert {"images", "journal", "flow: merge", "flow: locking"} <= {check["name"] for check in report["checks"]}
    [finding] = report["findings"]
    assert list(finding) == ["code", "severity", "key", "path", "detail"]
    assert (finding["code"], finding["severity"], finding["key"]) == ("model-file-missing", "warning", "a" * 64)
    assert (tables(library.root / "library.db", without=()), files(library.root)) == before


def test_verify_finds_what_is_wrong(library: Library) -> None:
    pending_id = add_pending(library, "/nowhere", images=[png(2)])
    (library.root / "pending" / f"{pending_id}_0.png").unlink()
    ran = run("--verify", library=library.root)
    assert ran.code == 1
    assert "FAILED  pending images" in ran.out and "ok      journal" in ran.out
    assert "error  pending-image-missing" in ran.out
    assert ran.out.splitlines()[-1] == "The library has problems: 1 error, 0 warnings."


@pytest.mark.parametrize("case", ["missing", "file", "empty"])
def test_verify_that_could_not_run_is_2(tmp_path: Path, case: str) -> None:
    folder = tmp_path / "library"
    if case == "file":
        folder.write_text("mine")
    elif case == "empty":
        folder.mkdir()
    ran = run("--verify", "--json", library=folder)
    assert ran.object == {"error": ran.failed(2)}
    assert folder.exists() is (case != "missing")


def test_verify_finds_a_database_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "library.db").write_bytes(b"no database at all")
    ran = run("--verify", "--json", library=tmp_path)
    assert ran.code == 1
    assert [finding["code"] for finding in ran.object["findings"]] == ["database-damaged"]


def test_full_goes_with_verify(library: Library) -> None:
    assert run("--full", library=library.root).code == 2
    ran = run("--verify", "--full", "--json", library=library.root)
    assert ran.code == 0
    assert "model files, read again" in [check["name"] for check in ran.object["checks"]]


def test_demo_without_a_terminal_does_the_whole_job(tmp_path: Path) -> None:
    done = program("demo", env={"TMPDIR": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
    for step in ("1. Import", "2. Scan", "3. Hash", "4. Promote", "5. Verify"):
        assert f"\n{step}" in f"\n{done.stdout}"
    for word in ("inserted", "conflict", "merged", "overridden", "deleted", "ignored", "ok  journal"):
        assert word in done.stdout
    assert done.stdout.replace("\n", "").isprintable()
    assert list(tmp_path.iterdir()) == [], "something was left behind"


def test_demo_in_json() -> None:
    ran = run("demo", "--json")
    assert (ran.code, ran.err) == (0, "")
    answer = ran.object
    assert list(answer) == ["import", "scan", "pending", "results", "verify"]
    assert answer["import"]["pending"] + answer["scan"]["new"] == len(answer["pending"])
    told = [(os.path.basename(one["path"]), one["reason"][:15]) for one in answer["scan"]["problems"]]
    assert told == [("glacier-glass.safetensors", "it is cut short")]
    actions = [result["action_taken"] for result in answer["results"]]
    assert actions == ["inserted", None, "merged", "overridden", "deleted", "ignored"]
    assert answer["results"][1]["status"] == "conflict"
    assert answer["verify"]["ok"] is True
