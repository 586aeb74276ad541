"""Families of base models, by what tools call them."""

from __future__ import annotations

import pytest

from core.importing.headers.base_models import ADAPTERS, MODELS
from core.planning.base_families import contradict, family_of

CLAIMED = {
    "SD 1.x": ["SD 1.5", "SD 1.4", "SD1", "sd_v1", "stable-diffusion-v1", "SdVersion.SD1", "SD 1.5 LCM"],
    "SD 2.x": ["SD 2.1", "SD2", "sd_v2", "stable-diffusion-v2-768-v", "SD 2.0 768"],
    "SDXL": [
        "SDXL 1.0", "Pony", "Illustrious", "NoobAI", "sdxl_base_v1-0", "stable-diffusion-xl-v1-base", "SDXL Turbo",
        "SdVersion.SDXL", "Pony V7",
    ],
    "SD 3": ["SD 3", "SD 3.5 Large", "sd3m", "stable-diffusion-3-medium"],
    "Flux.1": ["Flux.1 D", "Flux.1 S", "flux1", "flux-1-dev", "Flux", "flux", "SdVersion.Flux", "Flux.1 Krea"],
    "Flux.2": ["Flux.2 D", "Flux.2 Klein 9B"],
    "Wan": ["Wan Video 2.2 T2V-A14B", "wan"],
    "Z-Image": ["ZImageTurbo", "z_image"],
    "Qwen-Image": ["Qwen", "qwen_image"],
    "Krea 2": ["Krea 2"],
    "HunyuanVideo": ["Hunyuan Video", "hyvid"],
    "Anima": ["anima", "anima-preview"],
    None: ["Other", "mine", "AnimateDiff", ""],
}  # fmt: skip


@pytest.mark.parametrize(("family", "name"), [(family, name) for family, names in CLAIMED.items() for name in names])
def test_what_tools_call_them(family: str | None, name: str) -> None:
    assert family_of(name) == family


@pytest.mark.parametrize("name", sorted({row.name for group in (*ADAPTERS, *MODELS) for row in group}))
def test_every_base_model_that_tensors_show_has_a_family(name: str) -> None:
    assert family_of(name) is not None


def test_only_known_families_contradict() -> None:
    assert contradict("Pony", "SD 1.x")
    assert contradict("Flux.1 D", "Flux.2 dev")
    assert not contradict("Pony", "SDXL")
    assert not contradict("Illustrious", "SDXL refiner")
    assert not contradict("mine", "SDXL")
    assert not contradict("", "SDXL")
