"""The table of base models: what the names and shapes of their tensors are, and of adapters trained for them.

Groups are tried in their order, and of the first group in which rows fit all that fit are given: where there are
several, the tensors do not tell which it is. Names are as in ``keys``. Where the rows come from: ComfyUI
(comfy/model_detection.py), SwarmUI (src/Text2Image/T2IModelClassSorter.cs), InvokeAI (model_manager/configs/lora.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.importing.headers.keys import Layers

_FLUX = r"^(double|single)_blocks_\d|^single_transformer_blocks_\d"
_FLUX_HIDDEN = (
    r"(img|txt)_attn_(qkv|proj)|single_blocks_\d+_linear1"
    r"|single_transformer_blocks_\d+_(attn_to_q(kv_mlp_proj)?|proj_mlp)"
)
_WAN = r"^blocks_\d+_(self|cross)_attn_[qkvo]_|^blocks_\d+_ffn_\d"
_LUMINA = r"^layers_\d+_attention_(to_k|qkv|out)|^(context|noise)_refiner_"
_SD3 = r"^joint_blocks_\d|norm1_context|ff_context"
_CROSS = r"attn2_to_[kv]"


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A row: patterns of which tensors' names must match the first two and not the third, and a look at the shapes."""

    name: str
    pattern: str
    fits: Callable[[Layers], bool] = lambda _: True
    also: str = ""
    without: str = ""

    def is_that_of(self, layers: Layers) -> bool:
        """Return whether all of the row holds."""
        return (
            layers.first(self.pattern) is not None
            and (not self.also or layers.first(self.also) is not None)
            and (not self.without or layers.first(self.without) is None)
            and self.fits(layers)
        )


def _wide(pattern: str, *widths: int) -> Callable[[Layers], bool]:
    """Return whether layers that match take an input of one of these widths."""
    return lambda layers: bool(layers.widths_in(pattern) & {*widths})


def _flux(hidden: int, generation: int) -> Callable[[Layers], bool]:
    def fits(layers: Layers) -> bool:
        widths, told = layers.widths_in(_FLUX_HIDDEN), _flux_generation(layers, hidden)
        if hidden in widths:
            return told in (generation, None)
        return not widths and told == generation

    return fits


def _flux_generation(layers: Layers, hidden: int) -> int | None:
    """Tell Flux.1 from Flux.2 by how much wider than the hidden size some layers are; None where none of them is."""
    if layers.first(r"attn_to_qkv_mlp_proj|ff_linear_in|double_stream_modulation"):
        return 2
    if layers.first(r"guidance_in|_modulation_lin_weight$|img_mod_lin"):
        return 1
    measured = (
        (layers.widths_out(r"single_blocks_\d+_linear1"), 7, 9),
        (layers.widths_in(r"single_blocks_\d+_linear2|single_transformer_blocks_\d+_proj_out"), 5, 4),
        (layers.widths_out(r"img_mlp_0"), 4, 6),
    )
    for widths, first, second in measured:
        if widths & {first * hidden}:
            return 1
        if widths & {second * hidden}:
            return 2
    text = layers.widths_in(r"txt_in|context_embedder")
    return None if not text else 1 if 4096 in text else 2


def _is_large_sd3(layers: Layers) -> bool:
    return bool(layers.first(r"^(joint|transformer)_blocks_37_")) or _wide(r"attn_(qkv|to_q)", 2432)(layers)


_WAN_QUERY, _LUMINA_QUERY = r"attn_[qkv]", r"attention_(to_[qkv]|qkv)"
_CROSS_DIFFUSERS = r"^transformer_blocks_\d+_attn2_to_[kqv]"

# What models and adapters have in common.
_SHARED = (
    (
        BaseModel("Krea 2", r"^text_fusion|txtfusion|time_mod_proj"),
        BaseModel("Krea 2", r"attn_wq", also=r"attn_gate", without=r"^text_fusion|txtfusion|time_mod_proj"),
    ),
    (BaseModel("Chroma", r"distilled_guidance_layer"),),
    (BaseModel("HunyuanVideo", r"txt_in_individual_token_refiner|single_blocks_\d+_modulation_linear"),),
    (
        BaseModel("Flux.1", _FLUX, _flux(3072, 1)),
        BaseModel("Flux.2 Klein 4B", _FLUX, _flux(3072, 2)),
        BaseModel("Flux.2 Klein 9B", _FLUX, _flux(4096, 2)),
        BaseModel("Flux.2 dev", _FLUX, _flux(6144, 2)),
    ),
    (BaseModel("Qwen-Image", r"^transformer_blocks_\d+_(img|txt)_(mlp|mod)"),),
    (BaseModel("Anima", r"^blocks_\d+_((self|cross)_attn_([qkv]|output)_proj|adaln_modulation)|^llm_adapter"),),
    (
        BaseModel("Wan 1.3B", _WAN, _wide(_WAN_QUERY, 1536)),
        BaseModel("Wan 14B", _WAN, _wide(_WAN_QUERY, 5120)),
        BaseModel("Wan 2.2 TI2V-5B", _WAN, _wide(_WAN_QUERY, 3072)),
    ),
    (
        BaseModel("Z-Image", _LUMINA, _wide(_LUMINA_QUERY, 3840)),
        BaseModel("Lumina 2", _LUMINA, _wide(_LUMINA_QUERY, 2304)),
    ),
    (BaseModel("HiDream", r"^(double|single)_stream_blocks_\d"),),
    (BaseModel("ERNIE-Image", r"^layers_\d+_mlp_linear_fc"),),
    (BaseModel("LTX-2", r"audio_attn1"),),
    (
        BaseModel("SD 3.5 Large", _SD3, _is_large_sd3),
        BaseModel("SD 3", _SD3, lambda layers: not _is_large_sd3(layers)),
    ),
    (
        BaseModel("PixArt", r"^t_block_|^caption_projection", also=r"scale_shift_table|^t_block_"),
        BaseModel("PixArt", _CROSS_DIFFUSERS, _wide(r"attn1_to_[kqv]", 1152), without=r"^t_block_|^caption_projection"),
    ),
    (BaseModel("AuraFlow", r"^double_layers_\d+_attn_w1q"),),
    (BaseModel("Mochi", r"^t5_yproj"),),
    (BaseModel("Cosmos", r"^blocks_block\d"),),
    (BaseModel("HunyuanDiT", r"^mlp_t5"),),
    (
        BaseModel("LTX", _CROSS_DIFFUSERS),
        BaseModel("CogVideoX", r"^(transformer_)?blocks_\d+_(norm1_linear|attn1_to_k)", without=_CROSS_DIFFUSERS),
    ),
)

_SDXL_DEPTHS = r"(input|output)_blocks_[4578]_1_transformer_blocks_[1-9]|attentions_\d_transformer_blocks_[1-9]_"
_UNET = r"(down|up|input|output|mid|middle)_blocks?_"
_ENCODER = r"^lora_te_.*"

ADAPTERS = (
    *_SHARED,
    (BaseModel("SDXL", _CROSS, _wide(_CROSS, 2048)),),
    (BaseModel("SD 1.x", _CROSS, _wide(_CROSS, 768)),),
    (BaseModel("SD 2.x", _CROSS, _wide(_CROSS, 1024)),),
    (BaseModel("SDXL refiner", _CROSS, _wide(_CROSS, 1280)),),
    (BaseModel("SDXL", _SDXL_DEPTHS),),
    (BaseModel("SDXL", r"^lora_te1_", also=r"^lora_te2_"),),
    (BaseModel("SD 1.x", _ENCODER, _wide(_ENCODER, 768), without=_UNET),),
    (BaseModel("SD 2.x", _ENCODER, _wide(_ENCODER, 1024), without=_UNET),),
)
MODELS = (
    (
        BaseModel("Flux.1 dev", r"^guidance_in_", _flux(3072, 1), also=_FLUX),
        BaseModel("Flux.1 schnell", _FLUX, _flux(3072, 1), also=r"_modulation_lin_", without=r"^guidance_in_"),
    ),
    *_SHARED,
    (BaseModel("SDXL", _CROSS, _wide(_CROSS, 2048)),),
    (BaseModel("SDXL refiner", _CROSS, _wide(_CROSS, 1280)),),
    (BaseModel("SD 2.x", _CROSS, _wide(_CROSS, 1024)),),
    (BaseModel("SD 1.x", _CROSS, _wide(_CROSS, 768)),),
)


def fitting(layers: Layers, table: tuple[tuple[BaseModel, ...], ...]) -> list[BaseModel]:
    """Return the rows of the first group of which any fits."""
    for group in table:
        found = [row for row in group if row.is_that_of(layers)]
        if found:
            return found
    return []
