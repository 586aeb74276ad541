"""Verification: a healthy library has no findings, each kind of damage is named, and nothing is written."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import core.verify.rows
from core import Library
from core.domain.enums import Tier
from core.images.scanner import relative_path
from core.verify import check_library, verify_folder, verify_library
from core.verify.findings import Finding, FindingCode, Severity, VerifyReport
from tests.support.builders import add_model, add_pending, digest, files, half_png, model_file, png, tables
from tests.support.paths import ROOT

SHA = digest(b"weights")
CHECKS = [
    "schema", "database", "values", "references", "metadata", "images", "pending images", "journal", "stray files",
    "model files",
]  # fmt: skip
FLOW = ["stage 1", "hashing", "locking", "insert", "conflict", "merge", "override", "delete", "skip"]


@pytest.fixture
def healthy(library: Library, tmp_path: Path) -> Library:
    """One model with two images, promoted and merged, and one pending import with two."""
    path = model_file(tmp_path, "m", b"weights")
    for n in range(2):
        number = add_pending(library, path, meta={f"k{n}": n}, tag_names=["t"], images=[png(n)])
        library.processor.process_single_import(number, "merge")
    add_pending(library, path, tag_names=["t"], images=[png(5), png(6)])
    return library


def tier(library: Library, seq: int, which: Tier) -> Path:
    return library.root / relative_path(SHA, seq, which)


def found(library: Library) -> list[tuple[FindingCode, Severity]]:
    return [(finding.code, finding.severity) for finding in check_library(library).findings]


def test_a_healthy_library_has_nothing_to_find(healthy: Library) -> None:
    report = check_library(healthy)
    assert report.ok and report.findings == ()
    assert [(check.name, check.ok, check.detail) for check in report.checks] == [(n, True, "in order") for n in CHECKS]


def test_the_whole_flow_runs_on_a_library_of_its_own(healthy: Library) -> None:
    before = tables(healthy.root / "library.db", without=()), files(healthy.root)
    report = verify_library(healthy)
    assert report.ok
    assert [check.name for check in report.checks] == [*CHECKS, *(f"flow: {step}" for step in FLOW)]
    assert all(check.ok and check.detail for check in report.checks)
    assert (tables(healthy.root / "library.db", without=()), files(healthy.root)) == before


def _sql(statement: str) -> Callable[[Library], object]:
    def damage(library: Library) -> None:
        library.store.db.executescript(f"PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON; {statement}")

    return damage


def _in_place_of_a_tier(make: Callable[[Path], object]) -> Callable[[Library], object]:
    def damage(library: Library) -> None:
        path = tier(library, 0, Tier.MEDIUM)
        path.unlink()
        make(path)

    return damage


def _without_image(library: Library) -> None:
    for which in Tier:
        tier(library, 1, which).unlink()


def _with_metadata(library: Library) -> None:
    path = tier(library, 0, Tier.HIGH)
    with Image.open(path) as image:
        image.load()
    exif = Image.Exif()
    exif[0x010E] = "secret"
    image.save(path, "WEBP", exif=exif)
    library.store.db.execute("UPDATE model_images SET high = ? WHERE seq = 0", [digest(path.read_bytes())])


def _pending(library: Library) -> Path:
    return library.root / "pending" / "3_0.png"


def _lost(library: Library) -> None:
    library.store.db.execute("UPDATE journal SET lost = ? WHERE n = 1", [json.dumps(["images/x"])])


ERROR, WARNING = Severity.ERROR, Severity.WARNING
DAMAGES: dict[str, tuple[Callable[[Library], object], FindingCode, Severity]] = {
    "no hash": (_sql("UPDATE model_images SET source_sha256 = 'x' WHERE seq = 1"), FindingCode.BAD_SHA256, ERROR),
    "no parent": (_sql("INSERT INTO model_tags VALUES ('%s', 1)" % ("cd" * 32)), FindingCode.REFERENCE_BROKEN, ERROR),
    "no json": (_sql("UPDATE models SET meta_json = '{'"), FindingCode.BAD_JSON, ERROR),
    "picks that are not JSON": (_sql("UPDATE pending_import SET picks = '{'"), FindingCode.BAD_JSON, ERROR),
    "picks without a side": (
        _sql("""UPDATE pending_import SET picks = '{"fields":[[["name"],"nobody"]],"tags":[],"images":[]}'"""),
        FindingCode.BAD_JSON,
        ERROR,
    ),
    "a size below nothing": (_sql("UPDATE models SET size_bytes = -1"), FindingCode.ROW_UNSAFE, ERROR),
    "a trigger": (
        _sql("CREATE TRIGGER t AFTER INSERT ON tags BEGIN DELETE FROM models; END"), FindingCode.SCHEMA_FOREIGN, ERROR,
    ),
    "json, but no object": (_sql("UPDATE pending_import SET meta_json = '[]'"), FindingCode.BAD_JSON, ERROR),
    "image keys": (_sql("UPDATE pending_import SET meta_json = '{\"images\":[]}'"), FindingCode.IMAGE_KEYS, ERROR),
    "an image gone": (_without_image, FindingCode.IMAGE_MISSING, ERROR),
    "a tier gone": (lambda library: tier(library, 1, Tier.LOW).unlink(), FindingCode.TIERS_INCOMPLETE, ERROR),
    "a tier cut": (lambda library: os.truncate(tier(library, 0, Tier.HIGH), 40), FindingCode.IMAGE_UNDECODABLE, ERROR),
    "another image": (_in_place_of_a_tier(lambda path: path.write_bytes(png(9))), FindingCode.IMAGE_DIGEST, ERROR),
    "a link": (_in_place_of_a_tier(lambda path: path.symlink_to("/etc/hosts")), FindingCode.TIERS_INCOMPLETE, ERROR),
    "a fifo": (_in_place_of_a_tier(os.mkfifo), FindingCode.NO_REGULAR_FILE, ERROR),
    "metadata": (_with_metadata, FindingCode.IMAGE_METADATA, ERROR),
    "a pending image gone": (lambda library: _pending(library).unlink(), FindingCode.PENDING_IMAGE_MISSING, ERROR),
    "a pending image changed": (
        lambda library: _pending(library).write_bytes(half_png(5)), FindingCode.PENDING_IMAGE_CHANGED, ERROR,
    ),
    "lost files": (_lost, FindingCode.FILES_LOST, ERROR),
    "a stray in pending": (lambda lib: (lib.root / "pending" / "x").touch(), FindingCode.UNKNOWN_FILE, WARNING),
    "a stray in images": (lambda lib: (lib.root / "images" / "x").touch(), FindingCode.UNKNOWN_FILE, WARNING),
    "an orphan": (
        lambda lib: (lib.root / "images" / f"{SHA}_9_low.webp").touch(), FindingCode.ORPHAN_IMAGE, WARNING,
    ),
    "trash of nobody": (lambda lib: (lib.root / "trash" / "x").mkdir(), FindingCode.TRASH_WITHOUT_ENTRY, WARNING),
    "a link among the images": (
        lambda lib: (lib.root / "images" / "x").symlink_to("/etc"), FindingCode.NO_REGULAR_FILE, ERROR,
    ),
    "a stray beside the database": (lambda lib: (lib.root / "notes.txt").touch(), FindingCode.UNKNOWN_FILE, WARNING),
    "a journal of somebody else": (
        _sql("UPDATE journal SET moves = replace(moves, 'pending/', '../') WHERE n = 1"),
        FindingCode.JOURNAL_UNSAFE,
        ERROR,
    ),
    "an entry that is open and of somebody else": (
        _sql("UPDATE journal SET open = 1, moves = replace(moves, 'pending/', '/') WHERE n = 1"),
        FindingCode.JOURNAL_UNSAFE,
        ERROR,
    ),
    "a pending image of another import": (
        _sql(f"INSERT INTO pending_images VALUES (3, 9, '1_0.png', '{SHA}')"), FindingCode.ROW_UNSAFE, ERROR,
    ),
    "an open entry": (_sql("UPDATE journal SET open = 1 WHERE n = 1"), FindingCode.OPEN_ENTRY, WARNING),
    "no model file": (lambda lib: (lib.root.parent / "m").unlink(), FindingCode.MODEL_FILE_MISSING, WARNING),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_each_damage_is_named_and_nothing_is_written(
    healthy: Library, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.verify.rows, "_PATIENCE", 0)
    damage, code, severity = DAMAGES[name]
    damage(healthy)
    before = _rows_and_names(healthy)
    report = check_library(healthy)
    codes = {(finding.code, finding.severity) for finding in report.findings}
    assert codes == ({(code, severity)} if name != "a link" else {(FindingCode.NO_REGULAR_FILE, ERROR)})
    assert report.ok is (severity is WARNING)
    assert sum(not check.ok for check in report.checks) == (severity is ERROR)
    assert all(finding.detail for finding in report.findings)
    assert _rows_and_names(healthy) == before
    with Library.open(healthy.root, readonly=True) as reader:
        assert check_library(reader) == report


def _rows_and_names(library: Library) -> object:
    names = sorted(str(path) for path in library.root.rglob("*") if not path.name.startswith("library.db"))
    return tables(library.root / "library.db", without=()), names


def test_a_gap_in_a_sequence_is_no_damage(healthy: Library) -> None:
    for which in Tier:
        tier(healthy, 0, which).unlink()
    healthy.store.db.execute("DELETE FROM model_images WHERE seq = 0")
    assert found(healthy) == [(FindingCode.SEQUENCE_GAP, WARNING)]


def test_findings_are_sorted(healthy: Library) -> None:
    add_model(healthy, "ef" * 32, "/m/none")
    for name in ("no parent", "an image gone", "a stray in pending", "image keys"):
        DAMAGES[name][0](healthy)
    report = check_library(healthy)
    assert list(report.findings) == sorted(report.findings)
    assert len(report.findings) >= 5 and not report.ok


def test_no_finding_of_severity_error_is_what_ok_means(healthy: Library) -> None:
    report = check_library(healthy)
    assert VerifyReport(report.checks, ()).ok
    (healthy.root / "pending" / "x").touch()
    assert check_library(healthy).ok


def test_a_damaged_database_is_a_finding(tmp_path: Path) -> None:
    with Library.open(tmp_path / "l") as library:
        for n in range(300):
            add_pending(library, f"/m/{n}", meta={"text": "x" * 200})
    database = tmp_path / "l" / "library.db"
    data = bytearray(database.read_bytes())
    at = len(data) - 8 * 4096
    data[at : at + 4096] = b"\xff" * 4096
    database.write_bytes(data)
    with Library.open(tmp_path / "l", readonly=True) as library:
        report = check_library(library)
    assert not report.ok
    assert FindingCode.DATABASE_DAMAGED in {finding.code for finding in report.findings}


def test_a_file_that_is_no_database_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "library.db").write_bytes(b"no database at all" * 100)
    report = verify_folder(tmp_path)
    assert [finding.code for finding in report.findings] == [FindingCode.DATABASE_DAMAGED]
    assert not report.ok


def test_a_full_verification_reads_every_model_file_again(healthy: Library, tmp_path: Path) -> None:
    assert check_library(healthy, full=True).findings == ()
    before = (tmp_path / "m").stat()
    (tmp_path / "m").write_bytes(b"another")
    os.utime(tmp_path / "m", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert check_library(healthy).findings == ()
    (finding,) = check_library(healthy, full=True).findings
    assert (finding.code, finding.key, finding.path) == (FindingCode.MODEL_FILE_CHANGED, SHA, str(tmp_path / "m"))
    (tmp_path / "m").unlink()
    assert [f.code for f in check_library(healthy, full=True).findings] == [FindingCode.MODEL_FILE_MISSING]


def test_every_code_has_its_damage() -> None:
    named = {code for _, code, _ in DAMAGES.values()}
    elsewhere = {
        FindingCode.DATABASE_DAMAGED,
        FindingCode.LOG_FOREIGN,
        FindingCode.SEQUENCE_GAP,
        FindingCode.MODEL_FILE_CHANGED,
        FindingCode.MODEL_FILE_VERDICT,
        FindingCode.STAGING_LEFT,
    }
    assert named | elsewhere == set(FindingCode)


def test_the_documents_say_of_each_code_what_to_do() -> None:
    page = (ROOT / "docs" / "verify.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (error|warning) \| .+ \| .+ \|$", page, re.MULTILINE))
    assert rows == {code.value: Finding(code, "", "", "").severity.value for code in FindingCode}


def stamps(root: Path) -> dict[str, tuple[int, int, int]]:
    """Size, mtime and inode of everything but SQLite's own two files."""
    found = {}
    for path in [root, *root.rglob("*")]:
        if path.name not in ("library.db-wal", "library.db-shm"):
            status = path.lstat()
            found[str(path)] = (status.st_size if path.is_file() else 0, status.st_mtime_ns, status.st_ino)
    return found


def test_it_changes_no_byte_and_no_time(healthy: Library) -> None:
    (healthy.root / "staging" / ("ab" * 16)).mkdir()
    healthy.store.db.execute("UPDATE journal SET open = 1 WHERE n = 1")
    root = healthy.root
    healthy.close()
    with Library.open(root, readonly=True):
        pass  # SQLite's files beside the database are there from now on
    before = stamps(root), files(root)
    report = verify_folder(root, full=True)
    assert {finding.code for finding in report.findings} == {FindingCode.OPEN_ENTRY, FindingCode.STAGING_LEFT}
    assert (stamps(root), files(root)) == before
