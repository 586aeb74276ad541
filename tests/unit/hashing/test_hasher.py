"""SHA-256 of model files: correct, with progress, cancellable, and never read twice while a file is unchanged."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from blake3 import blake3

from core import Library
from core.domain.hashes import FileHashes
from core.errors import Cancelled, ModelFileError
from core.files.safe_open import fingerprint
from core.hashing.hasher import Hasher, hash_both, hash_file
from core.storage.caches import HashCache
from tests.support.builders import digest, model_file

MEBIBYTE = 1024 * 1024


class Dictionary:
    """A memory that lasts as long as the test."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get(self, path: str, stamp: str) -> str | None:
        return self.kept.get((path, stamp))

    def put(self, path: str, hashes: FileHashes, cancel: threading.Event | None = None) -> None:
        self.kept[path, hashes.stamp] = hashes.sha256


def test_the_hash_is_that_of_all_bytes(tmp_path: Path) -> None:
    for size in (1, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 3 * MEBIBYTE + 5):
        data = os.urandom(size)
        path = str(model_file(tmp_path, "m", data))
        told: list[tuple[int, int]] = []
        assert hash_file(path, progress=lambda done, total: told.append((done, total))) == (  # noqa: B023
            digest(data), fingerprint(path),
        )  # fmt: skip
        assert told[-1] == (size, size)
        assert [done for done, _ in told] == sorted({done for done, _ in told})
        assert len(told) >= size // MEBIBYTE


def test_a_second_time_no_byte_is_read(library: Library, tmp_path: Path) -> None:
    path = str(model_file(tmp_path, "m", b"x" * 10))
    hasher = Hasher(HashCache(library.store))
    assert hasher.cached_hash(path) is None
    told: list[int] = []
    assert hasher.sha256(path, progress=lambda done, _: told.append(done)) == digest(b"x" * 10)
    assert told == [10]
    atime = os.stat(path).st_atime_ns
    assert hasher.sha256(path, progress=lambda done, _: told.append(done)) == digest(b"x" * 10)
    assert told == [10] and os.stat(path).st_atime_ns == atime
    assert hasher.cached_hash(path) == digest(b"x" * 10)
    with Library.open(library.root) as other:
        assert Hasher(HashCache(other.store)).cached_hash(path) == digest(b"x" * 10), "it outlives the process"


@pytest.mark.parametrize("change", ["size", "mtime", "inode", "ctime"])
def test_a_file_that_is_no_longer_the_same_is_read_again(library: Library, tmp_path: Path, change: str) -> None:
    path = model_file(tmp_path, "m", b"old")
    hasher = Hasher(HashCache(library.store))
    hasher.sha256(str(path))
    stat = path.stat()
    if change == "size":
        path.write_bytes(b"other")
    elif change == "inode":
        model_file(tmp_path, "n", b"new").replace(path)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    else:  # ctime alone tells where somebody set the time back
        path.write_bytes(b"new")
        mtime = stat.st_mtime_ns if change == "ctime" else stat.st_mtime_ns + 1
        os.utime(path, ns=(stat.st_atime_ns, mtime))
    assert hasher.cached_hash(str(path)) is None
    assert hasher.sha256(str(path)) == digest(path.read_bytes())
    assert hasher.cached_hash(str(path)) == digest(path.read_bytes())


def test_a_file_that_changed_while_it_was_read_leaves_nothing_behind(tmp_path: Path) -> None:
    path = model_file(tmp_path, "m", b"old")
    memory = Dictionary()

    def meanwhile(done: int, total: int) -> None:
        os.utime(path, ns=(5, 5))

    with pytest.raises(ModelFileError, match="changed while it was read"):
        Hasher(memory).sha256(str(path), progress=meanwhile)
    assert memory.kept == {}
    assert Hasher(memory).sha256(str(path)) == digest(b"old")


def test_a_link_that_points_elsewhere_after_the_read_is_a_change(tmp_path: Path) -> None:
    model_file(tmp_path, "a", b"a")
    model_file(tmp_path, "b", b"b")
    link, memory = tmp_path / "link", Dictionary()
    link.symlink_to("a")

    def meanwhile(done: int, total: int) -> None:
        link.unlink()
        link.symlink_to("b")

    with pytest.raises(ModelFileError, match="changed while it was read"):
        Hasher(memory).sha256(str(link), progress=meanwhile)
    assert memory.kept == {}


def test_cancelling_ends_between_two_reads(tmp_path: Path) -> None:
    path = str(model_file(tmp_path, "m", b"x" * (4 * MEBIBYTE)))
    cancel, told, memory = threading.Event(), [], Dictionary()

    def meanwhile(done: int, total: int) -> None:
        told.append(done)
        cancel.set()

    with pytest.raises(Cancelled):
        Hasher(memory).sha256(path, cancel=cancel, progress=meanwhile)
    assert told == [MEBIBYTE]
    assert memory.kept == {}


def test_two_paths_of_one_file_are_two(library: Library, tmp_path: Path) -> None:
    path = model_file(tmp_path, "m", b"x")
    link = tmp_path / "link"
    link.symlink_to(path)
    hasher = Hasher(HashCache(library.store))
    hasher.sha256(str(link))
    assert hasher.cached_hash(str(link)) == digest(b"x")
    assert hasher.cached_hash(str(path)) is None
    link.unlink()
    assert hasher.cached_hash(str(link)) is None


def test_a_path_that_is_no_utf_8(library: Library, tmp_path: Path) -> None:
    path = str(model_file(tmp_path, "m\udcff", b"x"))
    hasher = Hasher(HashCache(library.store))
    assert hasher.sha256(path) == hasher.cached_hash(path) == digest(b"x")


def test_a_library_opened_for_reading_keeps_no_hash(library: Library, tmp_path: Path) -> None:
    path = str(model_file(tmp_path, "m", b"x"))
    with Library.open(library.root, readonly=True) as reader:
        hasher = Hasher(HashCache(reader.store))
        assert hasher.sha256(path) == digest(b"x")
        assert hasher.cached_hash(path) is None


@pytest.mark.parametrize("size", [1, 1000, MEBIBYTE - 50, MEBIBYTE, 3 * MEBIBYTE + 5])
@pytest.mark.parametrize("header", [2, 40, MEBIBYTE - 8, 2 * MEBIBYTE])
def test_the_body_of_a_safetensors_file_is_hashed_in_the_same_pass(tmp_path: Path, header: int, size: int) -> None:
    head, body = header.to_bytes(8, "little") + b"{" + b" " * (header - 2) + b"}", os.urandom(size)
    path = tmp_path / "m.safetensors"
    path.write_bytes(head + body)
    found = hash_both(str(path))
    assert (found.sha256, found.body) == (digest(head + body), digest(body))
    other = tmp_path / "m.ckpt"
    other.write_bytes(head + body)
    assert hash_both(str(other)).body is None


@pytest.mark.parametrize("size", [1, MEBIBYTE, 3 * MEBIBYTE + 5])
def test_blake3_is_computed_in_the_same_pass(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(size)
    path = model_file(tmp_path, "m", data)
    found = hash_both(str(path))
    assert (found.sha256, found.blake3) == (digest(data), blake3(data).hexdigest())
    monkeypatch.setattr("core.hashing.hasher.blake3", None)
    without = hash_both(str(path))
    assert (without.sha256, without.blake3) == (digest(data), None), "the package is an extra"


_TENSOR = '"a": {"dtype": "U8", "shape": [16], "data_offsets": %s'


@pytest.mark.parametrize("offsets", ["[0, 17]", "[0]", "[]", "null", '[0, "x"]', "1"])
@pytest.mark.parametrize("header", ["{" + _TENSOR + "}}", "[{" + _TENSOR + "}}]", "{" + _TENSOR])
def test_a_file_that_is_cut_short_or_whose_header_cannot_be_read_has_no_body(
    tmp_path: Path, header: str, offsets: str
) -> None:
    said = (header % offsets).encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(len(said).to_bytes(8, "little") + said + bytes(16))
    assert hash_both(str(path)).body is None
    whole = ("{" + _TENSOR % "[0, 16]" + "}}").encode()
    path.write_bytes(len(whole).to_bytes(8, "little") + whole + bytes(16))
    assert hash_both(str(path)).body == digest(bytes(16))


@pytest.mark.parametrize("data", [b"x", b"\0" * 8, b"\xff" * 20, (10).to_bytes(8, "little") + b"{" * 10])
def test_a_file_without_a_body_has_no_hash_of_one(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    assert hash_both(str(path)).body is None
    assert hash_both(str(path)).sha256 == digest(data)
