"""Safe access to untrusted files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import ImageRefused, ModelFileError
from core.files import safe_open
from core.files.durable import write_synced
from core.files.paths import folder_of, last_component, map_path
from core.files.safe_open import fingerprint, model_size, open_model, read_image


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_an_image_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"bytes")
    assert read_image(tmp_path, "a.png") == b"bytes"


@pytest.mark.parametrize("name", ["", ".", "..", "../secret", "/etc/passwd", "sub/a.png", "a\0b", "\ud800"])
def test_what_is_no_file_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "images"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.png").write_bytes(b"x")
    (tmp_path / "secret").write_bytes(b"x")
    with pytest.raises(ImageRefused, match="not a file name"):
        read_image(folder, name)


def test_what_is_no_image_file_is_never_opened_for_long(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    before = descriptors()
    reasons = {"link": "a symbolic link", "folder": "not a regular file", "fifo": "not a regular file"}
    for name, reason in {**reasons, "none": "its file is missing", "real/x": "not a file name"}.items():
        with pytest.raises(ImageRefused, match=reason):
            read_image(tmp_path, name)
    with pytest.raises(ImageRefused, match="its file is missing"):
        read_image(tmp_path / "real", "x")
    with pytest.raises(ImageRefused, match="it cannot be read"):
        read_image(tmp_path, "x" * 300)
    assert descriptors() == before


def test_an_image_over_64_mib_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(safe_open.MAX_IMAGE_BYTES + 1)
    with pytest.raises(ImageRefused, match="larger than 64 MiB"):
        read_image(tmp_path, "a")


def test_a_model_file_is_opened_through_links(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"x")
    (tmp_path / "link").symlink_to("m")
    descriptor = open_model(str(tmp_path / "link"))
    assert os.read(descriptor, 5) == b"x"
    os.close(descriptor)
    assert fingerprint(str(tmp_path / "link")) == fingerprint(str(tmp_path / "m")) is not None
    assert model_size(str(tmp_path / "link")) == 1


def test_what_is_no_model_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to("nothing")
    reasons = {
        "": "is not a regular file",
        "fifo": "is not a regular file",
        "dangling": "is missing",
        "empty": "is empty",
    }
    before = descriptors()
    for name, reason in reasons.items():
        path = str(tmp_path / name) if name else str(tmp_path)
        with pytest.raises(ModelFileError, match=reason):
            open_model(path)
        assert fingerprint(path) is None or name == "empty"
    for path, reason in {"": "no path is known", "a\0b": "NUL", str(tmp_path / "empty" / "x"): "missing"}.items():
        with pytest.raises(ModelFileError, match=reason):
            open_model(path)
        assert fingerprint(path) is None and model_size(path) is None
    assert descriptors() == before


def test_a_file_is_written_once(tmp_path: Path) -> None:
    write_synced(tmp_path / "a", b"x")
    with pytest.raises(FileExistsError):
        write_synced(tmp_path / "a", b"y")
    assert (tmp_path / "a").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        ("/media/model_1_2_a.png", "model_1_2_a.png"),
        ("C:\\old\\a.png", "a.png"),
        ("a/b\\c.png", "c.png"),
        ("..", ".."),
        ("folder/", ""),
        ("", ""),
        ("a b.png", "a b.png"),
    ],
)
def test_of_a_stored_name_the_last_component_counts(stored: str, name: str) -> None:
    assert last_component(stored) == name


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/srv/models/a.ckpt", "/srv/models"),
        ("/srv//a", "/srv"),
        ("D:\\AI\\models\\a.ckpt", "D:\\AI\\models"),
        ("/a.ckpt", "/"),
        ("a.ckpt", ""),
        ("", ""),
    ],
)
def test_the_folder_of_a_path_from_any_machine(path: str, folder: str) -> None:
    assert folder_of(path) == folder


WINDOWS = {"D:\\AI\\ComfyUI\\models": "/srv/models"}


@pytest.mark.parametrize(
    ("path", "path_map", "mapped"),
    [
        ("D:\\AI\\ComfyUI\\models\\loras\\a.st", WINDOWS, "/srv/models/loras/a.st"),
        ("d:/ai/comfyui/MODELS/Loras\\A.st", WINDOWS, "/srv/models/Loras/A.st"),
        ("D:\\AI\\ComfyUI\\models", WINDOWS, "/srv/models"),
        ("D:\\AI\\ComfyUI\\models2\\a.st", WINDOWS, "D:\\AI\\ComfyUI\\models2\\a.st"),
        ("E:\\AI\\ComfyUI\\models\\a.st", WINDOWS, "E:\\AI\\ComfyUI\\models\\a.st"),
        ("D:\\a\\b.st", {"D:": "/d", "D:\\a": "/longest"}, "/longest/b.st"),
        ("D:\\a\\b.st", {"D:\\": "/d/"}, "/d/a/b.st"),
        ("\\\\nas\\m\\a.st", {"\\\\nas\\m": "/mnt/m"}, "/mnt/m/a.st"),
        ("/old/a\\b.st", {"/old": "/new"}, "/new/a\\b.st"),
        ("/OLD/a.st", {"/old": "/new"}, "/OLD/a.st"),
        ("/older/a.st", {"/old": "/new"}, "/older/a.st"),
        ("/old/a.st", {"/old/": "/new/"}, "/new/a.st"),
        ("/old/a.st", {"/": "/root"}, "/root/old/a.st"),
        ("/old/a.st", {"/old": "/"}, "/a.st"),
        ("/old", {"/old": "/"}, "/"),
        ("", {"/old": "/new"}, ""),
        ("/a/x", {}, "/a/x"),
        ("/a/x", {"/a": "/b", "/b": "/c"}, "/b/x"),
    ],
)
def test_paths_are_mapped_by_whole_components(path: str, path_map: dict[str, str], mapped: str) -> None:
    assert map_path(path, path_map) == mapped
    assert map_path(path, list(path_map.items())) == mapped
