"""Verdicts on real files: cut, flipped, with another header or sidecar; none is false on a clean tree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from blake3 import blake3

from core import Library
from core.domain.statements import ClaimKind
from core.domain.verdict import VERDICT_WORDS, Verdict
from core.verify import check_library
from core.verify.findings import FindingCode
from tests.support.model_headers import safetensors
from tests.support.model_tree import LORA, civitai, put_json, scan


def with_own_hash(metadata: dict[str, str] | None = None) -> bytes:
    """Return a LoRA as kohya writes it: its header holds the hash of its body."""
    body = safetensors(LORA)[-2 * 2 * 768 :]
    own = {"sshs_model_hash": hashlib.sha256(body).hexdigest(), "ss_mixed_precision": "fp16"}
    return safetensors(LORA, {**own, **(metadata or {})})


def judged(library: Library, path: Path) -> Verdict | None:
    """Scan a folder, hash its one model, and return the verdict, which list and record agree on."""
    scan(library, path.parent)
    [pending_id] = library.queue.search()
    library.processor.dry_run(pending_id)
    [row] = library.queue.rows([pending_id])
    entry = library.show(str(pending_id))
    assert entry is not None
    assert entry.known.verdict is row.verdict
    return row.verdict


def flipped(data: bytes) -> bytes:
    return data[:-100] + bytes([data[-100] ^ 1]) + data[-99:]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda data: data, Verdict.INTACT),
        (flipped, Verdict.DAMAGED),
        (lambda data: data[:-1], Verdict.TRUNCATED),
        (lambda data: data[:-1000], Verdict.TRUNCATED),
        (lambda data: data + b"\0", Verdict.PADDED),
        (lambda data: b"\xff" * 8 + data[8:], Verdict.UNREADABLE_HEADER),
        (lambda data: data[:20], Verdict.UNREADABLE_HEADER),
    ],
)
def test_a_file_with_its_own_hash(
    library: Library, tmp_path: Path, change: Callable[[bytes], bytes], expected: Verdict
) -> None:
    path = tmp_path / "models" / "ink.safetensors"
    path.parent.mkdir()
    path.write_bytes(change(with_own_hash()))
    assert judged(library, path) is expected


def sidecar(data: bytes, *, size: int | None = None) -> dict[str, object]:
    hashes = {"SHA256": hashlib.sha256(data).hexdigest().upper()}
    return civitai("Ink", files=[{"name": "ink.safetensors", "sizeKB": (size or len(data)) / 1024, "hashes": hashes}])


@pytest.mark.parametrize(
    ("data", "said_of", "expected"),
    [
        (safetensors(LORA), safetensors(LORA), Verdict.INTACT),
        (flipped(safetensors(LORA)), safetensors(LORA), Verdict.DAMAGED),
        (with_own_hash({"a": "b"}), with_own_hash(), Verdict.HEADER_REWRITTEN),
        (safetensors(LORA), b"another, longer file" * 999, Verdict.OTHER_FILE),
    ],
)
def test_a_file_with_a_sidecar(
    library: Library, tmp_path: Path, data: bytes, said_of: bytes, expected: Verdict
) -> None:
    path = tmp_path / "models" / "ink.safetensors"
    path.parent.mkdir()
    path.write_bytes(data)
    put_json(path.with_suffix(".civitai.info"), sidecar(said_of))
    assert judged(library, path) is expected


@pytest.mark.parametrize(("stated", "expected"), [(True, Verdict.INTACT), (False, Verdict.OTHER_FILE)])
def test_a_file_of_which_blake3_alone_is_claimed(
    library: Library, tmp_path: Path, stated: bool, expected: Verdict
) -> None:
    """As StabilityMatrix's editor leaves it."""
    path = tmp_path / "models" / "ink.safetensors"
    path.parent.mkdir()
    path.write_bytes(safetensors(LORA))
    claimed = blake3(path.read_bytes() if stated else b"another file").hexdigest()
    put_json(path.with_suffix(".cm-info.json"), {"ModelName": "Ink", "Hashes": {"BLAKE3": claimed.upper()}})
    assert judged(library, path) is expected
    [pending_id] = library.queue.search()
    entry = library.show(str(pending_id))
    assert entry is not None and entry.known.blake3 == blake3(path.read_bytes()).hexdigest()
    assert [one.holds for one in entry.known.claims if one.stated.claim.kind is ClaimKind.BLAKE3] == [stated]


def test_a_body_that_was_saved_again_in_another_precision_is_not_damaged(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "models" / "ink.safetensors"
    path.parent.mkdir()
    data = bytearray(with_own_hash())
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] |= {"ss_mixed_precision": "bf16", "sshs_model_hash": "ab" * 32}
    encoded = json.dumps(header).encode()
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + data[8 + length :])
    assert judged(library, path) is Verdict.UNPROVEN


def test_verdicts_are_searched_for_and_a_bad_one_is_a_reason_to_review(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "models"
    root.mkdir()
    (root / "cut.safetensors").write_bytes(with_own_hash()[:-1])
    (root / "good.safetensors").write_bytes(with_own_hash())
    told = scan(library, root).problems
    size = len(with_own_hash())
    cut = f"it is cut short: {size - 1:,} of the {size:,} bytes that its header tells of are there"
    assert [(one.path, one.reason) for one in told] == [(str(root / "cut.safetensors"), cut)]
    assert list(library.queue.search("verdict:truncated")) == [1], "known before anything is hashed"
    assert list(library.queue.search("verdict:intact")) == []
    for pending_id in (1, 2):
        library.processor.dry_run(pending_id)
    assert list(library.queue.search("verdict:intact")) == [2]
    assert list(library.queue.search("-verdict:trunc")) == [2]
    found = library.queue.suggestion(1)
    assert found is not None
    assert (found.strategy, found.why) == (None, "the file is cut short: review")


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ("{commit}\n{etag}\n1735000000.5\n", Verdict.INTACT),
        ("{commit}\n{other}\n1735000000.5\n", Verdict.OTHER_FILE),
        ("{commit}\n{commit}\n1735000000.5\n", Verdict.UNPROVEN),
        ("{etag}\n", Verdict.UNPROVEN),
        ("", Verdict.UNPROVEN),
    ],
    ids=["its hash", "another hash", "a hash of Git", "no commit", "nothing"],
)
def test_what_was_noted_of_a_download_is_a_claim(
    library: Library, tmp_path: Path, notes: str, expected: Verdict
) -> None:
    data = safetensors(LORA)
    folder = tmp_path / "models"
    hidden = folder / ".cache" / "huggingface" / "download"
    hidden.mkdir(parents=True)
    (folder / "ink.safetensors").write_bytes(data)
    etag, other = hashlib.sha256(data).hexdigest(), hashlib.sha256(b"other").hexdigest()
    text = notes.format(commit="12ab" * 10, etag=etag, other=other)
    (hidden / "ink.safetensors.metadata").write_text(text)
    assert judged(library, folder / "ink.safetensors") is expected


def test_notes_behind_a_link_are_not_read(library: Library, tmp_path: Path) -> None:
    data = safetensors(LORA)
    hidden = tmp_path / "elsewhere" / "huggingface" / "download"
    hidden.mkdir(parents=True)
    (hidden / "ink.safetensors.metadata").write_text(f"{'12ab' * 10}\n{hashlib.sha256(data).hexdigest()}\n1\n")
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / ".cache").symlink_to(tmp_path / "elsewhere")
    (folder / "ink.safetensors").write_bytes(data)
    assert judged(library, folder / "ink.safetensors") is Verdict.UNPROVEN


def test_notes_that_cannot_be_read_are_named(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    (folder / ".cache" / "huggingface").mkdir(parents=True)
    (folder / ".cache" / "huggingface" / "download").write_text("a file in the place of a folder")
    (folder / "ink.safetensors").write_bytes(safetensors(LORA))
    [problem] = scan(library, folder).problems
    assert problem.path == str(folder / ".cache" / "huggingface" / "download")
    assert problem.reason == "it cannot be read (Not a directory)"
    assert len(library.queue.search()) == 1


def test_verification_in_full_names_bad_files_of_queue_and_library(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    for name, data in (("cut", with_own_hash()[:-1]), ("bad", flipped(with_own_hash())), ("good", with_own_hash())):
        (folder / f"{name}.safetensors").write_bytes(data)
    scan(library, folder)
    by_name = {row.name: row.id for row in library.queue.all()}
    sha256 = library.processor.process_single_import(by_name["bad.safetensors"]).sha256
    library.processor.process_single_import(by_name["good.safetensors"])
    report = check_library(library, full=True)
    assert report.ok, "they are warnings"
    assert {(finding.code, finding.key, finding.detail) for finding in report.findings} == {
        (FindingCode.MODEL_FILE_VERDICT, sha256, VERDICT_WORDS[Verdict.DAMAGED]),
        (FindingCode.MODEL_FILE_VERDICT, str(by_name["cut.safetensors"]), VERDICT_WORDS[Verdict.TRUNCATED]),
    }
    assert not check_library(library).findings, "without --full nobody waits for it"
