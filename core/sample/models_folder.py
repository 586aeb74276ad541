"""A generated folder of models, as a user of ComfyUI and some other tools would have it: for the demo.

Sidecars of four tools, a model that says nothing, the epochs of one training, two files with the same weights, a file
that is cut short and one whose tensors are of another base model than its sidecar says. The files are tiny.
"""

from __future__ import annotations

import hashlib
import json
import random
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import PngImagePlugin

from core.sample.pictures import landscape

_TIME = 1_735_000_000
Shapes = Mapping[str, tuple[int, ...]]
_SDXL: Shapes = {
    f"lora_unet_input_blocks_4_1_transformer_blocks_0_{part}.lora_down.weight": (4, size)
    for part, size in (("attn1_to_k", 640), ("attn2_to_k", 2048))
}
_SD1: Shapes = {
    "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": (4, 768),
}


def build_models_folder(folder: Path) -> Path:
    """Write the folder of models below ``folder`` and return it; the content is always the same."""
    models = folder / "ComfyUI" / "models"
    loras = models / "loras"
    loras.mkdir(parents=True)
    _civitai(loras / "misty-fjord_xl.safetensors")
    _lora_manager(loras / "paper-lantern.safetensors")
    _stability_matrix(loras / "tide-pool.safetensors")
    _swarmui(loras / "copper-etching.safetensors")
    _epochs(loras / "koi-sumi")
    _same_weights(loras / "velvet-moth.safetensors", loras / "velvet-moth (renamed).safetensors")
    _cut_short(loras / "glacier-glass.safetensors")
    (models / "upscale_models").mkdir()
    (models / "upscale_models" / "plain-4x.safetensors").write_bytes(model({"conv.weight": (8, 8)}, 30))
    return models


def _civitai(path: Path) -> None:
    """Write a LoRA as Civitai Helper leaves it; the picture says what it was made with."""
    data = _put(path, model(_SDXL, 20))
    version = {
        "id": 410201, "modelId": 300101, "name": "v2", "baseModel": "SDXL 1.0", "trainedWords": ["mstfjrd"],
        "description": "<p>Trained on <b>42</b> photographs of one fjord.</p>",
        "model": {"name": "Misty Fjord", "type": "LORA", "nsfw": False, "tags": ["landscape", "fog"]},
        "files": [{"name": path.name, "sizeKB": len(data) / 1024, "hashes": {"SHA256": _sha256(data).upper()}}],
    }  # fmt: skip
    _json(path.with_suffix(".civitai.info"), version)
    _picture(
        path.with_suffix(".preview.png"),
        201,
        "mstfjrd, fjord in the morning, low clouds, film grain <lora:misty-fjord_xl:0.8>\n"
        "Negative prompt: people, boats\n"
        "Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 1204417, Size: 640x832, "
        "Model: harborlight_xl_v3, Version: v1.10.1",
    )


def _lora_manager(path: Path) -> None:
    """Write a LoRA as LoRA Manager leaves it, with notes of its user."""
    data = _put(path, model(_SDXL, 21))
    said = {
        "file_name": path.stem, "model_name": "Paper Lantern", "file_path": str(path), "size": len(data),
        "modified": float(_TIME), "sha256": _sha256(data), "base_model": "Illustrious", "preview_url": "",
        "preview_nsfw_level": 0, "notes": "Best below 0.7.", "from_civitai": True, "tags": ["style", "night"],
        "modelDescription": "Lanterns of folded paper.", "civitai": {"trainedWords": ["pplntrn"]},
        "usage_tips": json.dumps({"strength": 0.6}), "favorite": True,
    }  # fmt: skip
    _json(path.with_suffix(".metadata.json"), said)
    landscape(211).save(path.with_suffix(".webp"), quality=90)


def _stability_matrix(path: Path) -> None:
    """Write a LoRA as StabilityMatrix leaves it."""
    data = _put(path, model(_SD1, 22))
    said = {
        "ModelId": 300103, "ModelName": "Tide Pool", "ModelDescription": "<p>Anemones and wet stone.</p>",
        "Nsfw": False, "Tags": ["macro", "sea"], "ModelType": "LORA", "VersionId": 410203, "VersionName": "v1",
        "VersionDescription": None, "BaseModel": "SD 1.5", "FileMetadata": {"fp": "fp16", "format": "SafeTensor"},
        "ImportedAt": "2026-02-01T12:00:00.0000000+00:00", "Hashes": {"SHA256": _sha256(data).upper()},
        "TrainedWords": ["tdpl"], "UserTitle": None, "Source": "Civitai",
    }  # fmt: skip
    _json(path.with_suffix(".cm-info.json"), said)
    landscape(221).save(path.with_suffix(".preview.jpeg"), quality=90)


def _swarmui(path: Path) -> None:
    """Write a LoRA as SwarmUI leaves it; its tensors are not of the base model that is stated."""
    _put(path, model(_SD1, 23))
    said = {
        "modelspec.title": "Copper Etching", "modelspec.architecture": "stable-diffusion-xl-v1-base/lora",
        "modelspec.description": "Fine lines, green shadows.", "modelspec.trigger_phrase": "cpretch",
        "modelspec.author": "a friend", "modelspec.tags": "etching, print",
    }  # fmt: skip
    _json(path.with_suffix(".swarm.json"), said)
    landscape(231).save(path.with_suffix(".jpg"), quality=90)


def _epochs(stem: Path) -> None:
    """Write three epochs of one training, with what kohya's trainer writes into their headers."""
    for number, epoch in enumerate((4, 8, 12)):
        trained = {
            "ss_output_name": stem.name, "ss_base_model_version": "sdxl_base_v1-0", "ss_epoch": str(epoch),
            "ss_num_epochs": "12", "ss_network_dim": "4", "ss_network_alpha": "2", "ss_session_id": "1830297411",
            "ss_training_started_at": f"{_TIME}.25", "ss_network_module": "networks.lora",
            "ss_tag_frequency": json.dumps({"10_koi": {"koi": 40, "ink": 38, "water": 21}}),
        }  # fmt: skip
        name = f"{stem.name}.safetensors" if epoch == 12 else f"{stem.name}-{epoch:06}.safetensors"
        _put(stem.with_name(name), model(_SDXL, 24 + number, trained))
    _picture(stem.with_name(f"{stem.name}.png"), 241, "koi, ink\nSteps: 20, Sampler: Euler a, Seed: 7, Size: 640x832")


def _same_weights(path: Path, renamed: Path) -> None:
    """Write the same weights twice, below two headers."""
    _put(path, model(_SDXL, 27, {"modelspec.title": "Velvet Moth", "ss_base_model_version": "sdxl_base_v1-0"}))
    _put(renamed, model(_SDXL, 27, {"modelspec.title": "Velvet Moth, renamed", "modelspec.author": "somebody else"}))


def _cut_short(path: Path) -> None:
    """Write a download that was not finished; its sidecar still knows the whole."""
    whole = model(_SDXL, 28)
    _put(path, whole[: len(whole) // 2])
    version = {
        "id": 410209, "modelId": 300109, "name": "v1", "baseModel": "SDXL 1.0", "trainedWords": ["glcrgls"],
        "model": {"name": "Glacier Glass", "type": "LORA", "nsfw": False},
        "files": [{"name": path.name, "sizeKB": len(whole) / 1024, "hashes": {"SHA256": _sha256(whole).upper()}}],
    }  # fmt: skip
    _json(path.with_suffix(".civitai.info"), version)
    landscape(281).save(path.with_suffix(".preview.png"))


def model(shapes: Shapes, salt: int, metadata: Mapping[str, str] | None = None) -> bytes:
    """Return a safetensors file of F16 tensors; ``salt`` determines its weights."""
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": dict(metadata)}
    end = 0
    for name, (rows, columns) in shapes.items():
        begin, end = end, end + 2 * rows * columns
        header[name] = {"dtype": "F16", "shape": [rows, columns], "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + random.Random(salt).randbytes(end)  # noqa: S311 - a sample


def _put(path: Path, data: bytes) -> bytes:
    path.write_bytes(data)
    return data


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2))


def _picture(path: Path, seed: int, parameters: str) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", parameters)
    landscape(seed).save(path, pnginfo=info)
