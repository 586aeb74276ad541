"""Types of models, told from folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SourceError
from core.importing.scan import extra_paths
from core.importing.scan.extra_paths import ExtraFolder
from core.importing.scan.types import known_type, same_type, type_of


@pytest.mark.parametrize(
    ("root", "folders", "found"),
    [
        ("models", ("loras", "styles", "ink"), "loras"),
        ("models", ("Lora",), "loras"),
        ("models", ("LyCORIS", "x"), "loras"),
        ("models", ("Stable-diffusion",), "checkpoints"),
        ("models", ("unet",), "diffusion_models"),
        ("models", ("clip",), "text_encoders"),
        ("models", ("clip_vision",), "clip_vision"),
        ("Models", ("StableDiffusion", "vae"), "vae"),
        ("embeddings", (), "embeddings"),
        ("embeddings", ("mine",), "embeddings"),
        ("models", ("RealESRGAN",), "upscale_models"),
        ("models", ("T2IAdapter",), "controlnet"),
        ("stuff", ("mine",), None),
    ],
)
def test_the_nearest_known_folder_tells_the_type(root: str, folders: tuple[str, ...], found: str | None) -> None:
    assert type_of(root, folders) == found


def test_spellings_of_one_type_are_one() -> None:
    assert same_type("lora", "loras") and same_type("LoRA", "LyCORIS") and same_type("Text-encoder", "clip")
    assert same_type("My Kind", "my-kinds")
    assert not same_type("clip", "clip_vision")
    assert known_type("mine") is None


YAML = """
comfyui:
    base_path: ~/ai
    is_default: true
    checkpoints: models/checkpoints/
    loras: |
        models/loras
        /srv/more loras
    clip: models/clip/
    custom_nodes: custom_nodes/
nothing:
a1111:
    base_path: ../webui
    unet: [models/unet, "models/unet"]
plain:
    my_kind: $PLACE/here
"""


def test_extra_model_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("PLACE", "/mnt/models")
    (tmp_path / "comfy").mkdir()
    file = tmp_path / "comfy" / "extra_model_paths.yaml"
    file.write_text(YAML)
    assert extra_paths.read(file) == (
        ExtraFolder(Path("/home/somebody/ai/models/checkpoints"), "checkpoints"),
        ExtraFolder(Path("/home/somebody/ai/models/loras"), "loras"),
        ExtraFolder(Path("/srv/more loras"), "loras"),
        ExtraFolder(Path("/home/somebody/ai/models/clip"), "text_encoders"),
        ExtraFolder(tmp_path / "webui/models/unet", "diffusion_models"),
        ExtraFolder(Path("/mnt/models/here"), "my_kind"),
    )


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a: [", "is not YAML"),
        (b"\xff\xfe", "is not YAML"),
        (b"- a\n- b", "names no folders"),
        (b"", "names no folders"),
        (b"a: &x [1, 1]\nb: [*x, *x]", "YAML aliases"),
        (b"!!python/object/apply:os.system [touch x]", "is not YAML"),
        (b"#" * (2 << 20), "larger than 1 MiB"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_names_none_is_refused_in_a_sentence(tmp_path: Path, data: bytes | None, told: str) -> None:
    file = tmp_path / "extra_model_paths.yaml"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(SourceError, match=told):
        extra_paths.read(file)
