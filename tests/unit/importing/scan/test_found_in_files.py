"""What a scan finds inside files: what pictures were made with, and which models come from one training."""

from __future__ import annotations

from pathlib import Path

from core import Library
from core.domain.generation import ImageGeneration
from core.images.generation.reader import read_generation
from core.verify import check_library
from tests.support.generation import A1111, png_saying
from tests.support.model_tree import imports, promoted, put_model, scan


def test_what_pictures_were_made_with_follows_them_into_the_library(library: Library, models: Path) -> None:
    (models / "loras" / "ink.preview.png").write_bytes(png_saying({"parameters": A1111}))
    scan(library, models)
    pending_id = imports(library)["ink.safetensors"].id
    entry = library.show(str(pending_id))
    assert entry is not None
    [made] = entry.generations
    assert (made.image, made.generation) == (f"{pending_id}_1.png", read_generation(png_saying({"parameters": A1111})))
    sha256 = promoted(library, "ink.safetensors")
    entry = library.show(sha256)
    assert entry is not None and entry.generations == (ImageGeneration(f"{sha256}_1.webp", made.generation),)
    assert check_library(library).ok


def test_what_pictures_of_an_older_library_were_made_with_is_read_when_they_are_checked(
    library: Library, models: Path
) -> None:
    (models / "loras" / "ink.preview.png").write_bytes(png_saying({"parameters": A1111}))
    scan(library, models)
    with library.store.write() as db:
        db.execute("DELETE FROM image_generations")
    sha256 = promoted(library, "ink.safetensors")
    entry = library.show(sha256)
    assert entry is not None and [one.image for one in entry.generations] == [f"{sha256}_1.webp"]


def test_epochs_of_one_training_are_a_stack(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "loras"
    trained = {"ss_session_id": "7", "ss_output_name": "koi"}
    for seed, epoch in enumerate((4, 8)):
        put_model(folder / f"koi-{epoch:06}.safetensors", seed=seed, metadata={**trained, "ss_epoch": str(epoch)})
    put_model(folder / "renamed.safetensors", seed=2, metadata={**trained, "ss_epoch": "12"})
    put_model(folder / "koi.safetensors", seed=3, metadata={"ss_session_id": "8", "ss_output_name": "koi"})
    for seed, name in enumerate(("plain.safetensors", "plain-fp16.safetensors"), 4):
        put_model(folder / name, seed=seed)
    scan(library, folder.parent)
    ids = {name: one.id for name, one in imports(library).items()}
    epochs = sorted(ids[name] for name in ("koi-000004.safetensors", "koi-000008.safetensors", "renamed.safetensors"))
    assert list(library.queue.search(f"stack:{epochs[0]}")) == epochs
    assert list(library.queue.search(f"stack:{ids['koi.safetensors']}")) == [ids["koi.safetensors"]]
    plain = sorted((ids["plain.safetensors"], ids["plain-fp16.safetensors"]))
    assert list(library.queue.search(f"stack:{plain[0]}")) == plain
    assert list(library.queue.search(f"-stack:{plain[0]} -stack:{epochs[0]}")) == [ids["koi.safetensors"]]
    assert list(library.queue.search("stack:999")) == []
