"""Walking model folders: links, loops, roots in one another, and what is passed over."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from core.errors import Cancelled
from core.importing.scan.listing import Lister, ModelFile
from core.importing.scan.walk import Folder, OtherPath, PassedOver, Walk

Found = ModelFile | OtherPath | PassedOver


def tree(root: Path, *files: str) -> Path:
    """Make a folder with files in it, each with its own name as content."""
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def walked(*roots: Path, known_type: str | None = None) -> list[Found]:
    """Walk the roots, then list every folder."""
    walk = Walk()
    met = [one for root in roots for one in walk.root(str(root), known_type)]
    lister = Lister(walk.folders)
    found: list[Found] = [one for one in met if not isinstance(one, Folder)]
    for folder in met:
        if isinstance(folder, Folder):
            listing = lister.list(folder)
            found += [*listing.models, *listing.others, *listing.passed_over]
            assert folder.models >= len(listing.models)
    return found


def models(found: Iterable[Found], root: Path) -> dict[str, str | None]:
    """Return the paths of models below a folder, with their types."""
    return {os.path.relpath(one.path, root): one.type for one in found if isinstance(one, ModelFile)}


def others(found: Iterable[Found], root: Path) -> dict[str, str]:
    return {
        os.path.relpath(one.path, root): os.path.relpath(one.of, root) for one in found if isinstance(one, OtherPath)
    }


def passed(found: Iterable[Found]) -> dict[str, str]:
    return {os.path.basename(one.path): one.reason for one in found if isinstance(one, PassedOver)}


def test_models_are_found_by_suffix_in_any_case(tmp_path: Path) -> None:
    root = tree(tmp_path / "models", "loras/a/x.safetensors", "loras/Y.SafeTensors", "vae/z.ckpt", "note.txt", "w.gguf")
    found = walked(root)
    assert models(found, root) == {
        "w.gguf": None,
        "loras/Y.SafeTensors": "loras",
        "loras/a/x.safetensors": "loras",
        "vae/z.ckpt": "vae",
    }
    assert len(found) == 4


def test_what_lies_beside_a_model_comes_with_it(tmp_path: Path) -> None:
    root = tree(tmp_path / "loras", "x.safetensors", "x.json", "x.preview.png", "inner/y.png")
    walk = Walk()
    (folder, _) = walk.root(str(root))
    assert isinstance(folder, Folder)
    listing = Lister(walk.folders).list(folder)
    assert listing.names == {"x.safetensors", "x.json", "x.preview.png", "inner"}
    (model,) = listing.models
    status = (root / "x.safetensors").stat()
    assert (model.stamp.inode, model.stamp.size, model.stamp.ctime_ns) == (
        status.st_ino,
        status.st_size,
        status.st_ctime_ns,
    )


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.safetensors",
        "._x.safetensors",
        ".cache/x.safetensors",
        ".lm-pending-delete/x.ckpt",
        "x.safetensors.part",
    ],
)
def test_hidden_files_folders_and_downloads_are_passed_over(tmp_path: Path, name: str) -> None:
    assert walked(tree(tmp_path / "models", name)) == []


@pytest.mark.parametrize(
    ("files", "name", "reason"),
    [
        (("x.safetensors", "x.safetensors.aria2"), "x.safetensors", "still being downloaded"),
        (("m-00001-of-00002.bin", "m.bin.index.json"), "m-00001-of-00002.bin", "one of several files"),
        (("d/model_index.json", "d/unet/w.safetensors", "d/x.ckpt"), "d", "a folder of diffusers"),
    ],
)
def test_models_of_several_files_are_named(tmp_path: Path, files: Sequence[str], name: str, reason: str) -> None:
    found = walked(tree(tmp_path / "models", *files))
    assert models(found, tmp_path) == {}
    assert reason in passed(found)[name]


def test_links_and_loops_count_once_and_are_kept_as_other_paths(tmp_path: Path) -> None:
    store = tree(tmp_path / "store" / "Lora", "x.safetensors")
    root = tree(tmp_path / "models", "loras/own.safetensors")
    (root / "loras" / "linked").symlink_to(store)
    (root / "loras" / "loop").symlink_to(root)
    (root / "loras" / "again.safetensors").symlink_to(root / "loras" / "own.safetensors")
    found = walked(root, tmp_path / "store")
    assert models(found, tmp_path) == {"models/loras/own.safetensors": "loras", "store/Lora/x.safetensors": "loras"}
    assert others(found, tmp_path) == {
        "models/loras/linked": "store/Lora",
        "models/loras/again.safetensors": "models/loras/own.safetensors",
    }
    assert passed(found) == {}


def test_a_folder_that_is_reached_by_a_link_after_it_was_walked(tmp_path: Path) -> None:
    root = tree(tmp_path / "models", "a/x.safetensors")
    (root / "b").symlink_to(root / "a")
    found = walked(root)
    assert models(found, root) == {"a/x.safetensors": None}
    assert others(found, root) == {"b": "a"}


def test_hugging_faces_cache_is_known_by_the_names_of_its_snapshots(tmp_path: Path) -> None:
    root = tree(tmp_path / "models", "models--org--ink/blobs/abcdef")
    snapshot = root / "models--org--ink" / "snapshots" / "1"
    snapshot.mkdir(parents=True)
    (snapshot / "ink.safetensors").symlink_to("../../blobs/abcdef")
    assert models(walked(root), root) == {"models--org--ink/snapshots/1/ink.safetensors": None}


def test_roots_in_one_another_and_hard_links(tmp_path: Path) -> None:
    root = tree(tmp_path / "models", "loras/x.safetensors")
    os.link(root / "loras" / "x.safetensors", root / "loras" / "y.safetensors")
    found = walked(root, root / "loras", root)
    assert models(found, root) == {"loras/x.safetensors": "loras"}
    assert others(found, root) == {"loras/y.safetensors": "loras/x.safetensors"}


def test_what_cannot_be_read_is_named_and_the_rest_is_taken(tmp_path: Path) -> None:
    root = tree(tmp_path / "models", "b.safetensors")
    (root / "folder.safetensors").mkdir()
    (root / "gone.safetensors").symlink_to("nowhere")
    os.mkfifo(root / "pipe.ckpt")
    (root / "pipe-link.ckpt").symlink_to("pipe.ckpt")
    os.symlink("/dev/zero", root / "zero.bin")
    (root / os.fsdecode(b"caf\xe9.safetensors")).write_text("x")
    found = walked(root)
    assert set(models(found, root)) == {"b.safetensors", os.fsdecode(b"caf\xe9.safetensors")}
    assert passed(found) == {
        "pipe.ckpt": "it is not a regular file",
        "pipe-link.ckpt": "it is not a regular file",
        "zero.bin": "it is not a regular file",
        "gone.safetensors": "it cannot be read (No such file or directory)",
    }


def test_a_root_that_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(Walk().root(str(tmp_path / "nowhere")))


def test_it_can_be_cancelled(tmp_path: Path) -> None:
    cancel = threading.Event()
    walk = Walk(cancel=cancel).root(str(tree(tmp_path / "models", "a/x.ckpt", "b/y.ckpt")))
    next(walk)
    cancel.set()
    with pytest.raises(Cancelled):
        list(walk)


def test_a_type_that_is_given_counts_for_all(tmp_path: Path) -> None:
    root = tree(tmp_path / "stuff", "vae/x.safetensors")
    assert models(walked(root, known_type="loras"), root) == {"vae/x.safetensors": "loras"}


@pytest.mark.parametrize("change", ["content", "time", "name", "new file", "gone", "link"])
def test_a_stamp_changes_with_what_a_folder_holds(tmp_path: Path, change: str) -> None:
    root = tree(tmp_path / "models", "loras/x.safetensors", "loras/x.json", "vae/y.ckpt")
    (root / "loras" / "z.ckpt").symlink_to(tree(tmp_path / "store", "z.ckpt") / "z.ckpt")

    def stamps() -> dict[str, str]:
        return {one.path: one.stamp for one in Walk().root(str(root)) if isinstance(one, Folder)}

    before = stamps()
    assert stamps() == before
    loras = root / "loras"
    match change:
        case "content":
            (loras / "x.json").write_text("another")
        case "time":
            os.utime(loras / "x.safetensors", (1, 1))
        case "name":
            (loras / "x.json").rename(loras / "y.json")
        case "new file":
            (loras / "x.png").write_text("")
        case "gone":
            (loras / "x.json").unlink()
        case "link":
            (tmp_path / "store" / "z.ckpt").write_text("what the link leads to")
    after = stamps()
    assert after[str(loras)] != before[str(loras)]
    assert after[str(root / "vae")] == before[str(root / "vae")]
