"""How a sample image was generated, as the tool that made it wrote into its file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class GenerationTool(StrEnum):
    """Tools by the way in which they write what an image was made with."""

    A1111 = "a1111"  # AUTOMATIC1111, Forge, SD.Next
    COMFYUI = "comfyui"
    SWARMUI = "swarmui"
    INVOKEAI = "invokeai"
    FOOOCUS = "fooocus"
    NOVELAI = "novelai"


@dataclass(frozen=True, slots=True)
class Generation:
    """What one image was made with; '' and None stand for what its file does not say.

    ``size`` is ``<width>x<height>`` in pixels. ``model`` and ``model_hash`` name the checkpoint, ``loras`` the names of
    what was used with it. ``seed`` is below 2^64.
    """

    tool: GenerationTool
    prompt: str = ""
    negative: str = ""
    steps: int | None = None
    sampler: str = ""
    scheduler: str = ""
    cfg: float | None = None
    seed: int | None = None
    size: str = ""
    model: str = ""
    model_hash: str = ""
    loras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageGeneration:
    """What one of a record's images was made with; ``image`` is its name."""

    image: str
    generation: Generation
