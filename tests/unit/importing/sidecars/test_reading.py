"""Sidecars as files: bounded, never through a link, each problem named."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from core.importing.scan.beside import Neighbours
from core.importing.sidecars.builder import MAX_BYTES
from core.importing.sidecars.reading import ReadSidecar, read_sidecars
from tests.support.sidecars import MODEL, by_field


def read(folder: Path) -> list[ReadSidecar]:
    return read_sidecars(str(folder), Neighbours(os.listdir(folder)).of(MODEL.name).sidecars, MODEL)


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A model with one sound sidecar."""
    (tmp_path / MODEL.name).write_bytes(b"weights")
    (tmp_path / "ink.v2.txt").write_text("sound")
    return tmp_path


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"id": 1', "not JSON"),
        (b"", "not JSON"),
        (b"<html>502</html>", "not JSON"),
        (b"\0" * 100, "not JSON"),
        (b"[1]", "a list, not an object"),
        (b'{"a": "\xe9"}', "not UTF-8"),
        (b'{"a":' * 3000 + b"1" + b"}" * 3000, "nested more than 100 levels deep"),
        (b'{"a": 1, "a": 2}', "twice in one object"),
        (b'{"a": NaN}', "NaN"),
    ],
)
def test_a_bad_file_is_named_and_the_others_are_read(beside: Path, data: bytes, reason: str) -> None:
    (beside / "ink.v2.civitai.info").write_bytes(data)
    bad, sound = read(beside)
    assert bad.path == str(beside / "ink.v2.civitai.info")
    assert reason in bad.sidecar.problems[0] and bad.sidecar.statements == ()
    assert by_field(sound.sidecar) == {"description": "sound"}


def test_what_is_no_file_is_named(beside: Path) -> None:
    os.mkfifo(beside / "ink.v2.civitai.info")
    (beside / "ink.v2.json").mkdir()
    (beside / "ink.v2.cm-info.json").symlink_to("/dev/zero")
    (beside / "ink.v2.metadata.json").symlink_to("gone")
    reasons = {os.path.basename(one.path): one.sidecar.problems for one in read(beside)}
    assert reasons == {
        "ink.v2.civitai.info": ("not a regular file",),
        "ink.v2.json": ("not a regular file",),
        "ink.v2.cm-info.json": ("a symbolic link",),
        "ink.v2.metadata.json": ("a symbolic link",),
        "ink.v2.txt": (),
    }


def test_a_huge_file_is_named_and_not_read_into_memory(beside: Path) -> None:
    with open(beside / "ink.v2.civitai.info", "wb") as file:
        file.truncate(1 << 40)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bad, _ = read(beside)
    assert bad.sidecar.problems == (f"{1 << 40} bytes; at most {MAX_BYTES >> 20} MiB are read",)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_files_of_others_under_the_same_name_are_left_out(beside: Path) -> None:
    (beside / "ink.v2.json").write_text('{"nodes": []}')
    assert [os.path.basename(one.path) for one in read(beside)] == ["ink.v2.txt"]
