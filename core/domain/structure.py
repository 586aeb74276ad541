"""What the tensors of a model file show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a model file is, by its tensors."""

    LORA = "LoRA"
    LOCON = "LoCon"
    LOHA = "LoHa"
    LOKR = "LoKr"
    DORA = "DoRA"
    OFT = "OFT"
    DIFF = "full diff"
    EMBEDDING = "embedding"
    VAE = "VAE"
    UPSCALER = "upscaler"
    CONTROLNET = "ControlNet"
    CHECKPOINT = "checkpoint"
    DIFFUSION_MODEL = "diffusion model"
    TEXT_ENCODER = "text encoder"


@dataclass(frozen=True, slots=True)
class Structure:
    """What a file's tensors show, with a short ``reason``; ``base_model`` is None if they do not determine it."""

    base_model: str | None
    kind: Kind
    reason: str
