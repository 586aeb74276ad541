"""Base model and kind of a model file, told from the names and shapes of its tensors alone.

What a file claims to be, in its metadata or a sidecar, plays no part here: it is a second opinion.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.structure import Kind, Structure
from core.headers.header import Tensor
from core.importing.headers.base_models import ADAPTERS, MODELS, fitting
from core.importing.headers.keys import Layers

_LORA = r"lora_(up|down|A|B|mid)|lora_linear_layer_(up|down)"
# The first that fits; a kind stands before those that its own files have the marks of too.
_KINDS = (
    (Kind.DORA, r"dora_scale$"),
    (Kind.LOHA, r"hada_w\d"),
    (Kind.LOKR, r"lokr_w\d"),
    (Kind.OFT, r"oft_(blocks|diag)"),
    (Kind.LORA, _LORA),
    (Kind.DIFF, r"_diff(_b)?$"),
    (Kind.EMBEDDING, r"^(emb_params|string_to_param|clip_[lg]$)"),
    (Kind.UPSCALER, r"^(conv_first_weight|model_1_sub_)"),
    (Kind.CONTROLNET, r"^(control_model_|controlnet_|input_hint_block|zero_convs)"),
    (Kind.CHECKPOINT, r"^(first_stage_model|cond_stage_model|conditioner|text_encoders)_"),
)
_ADAPTERS = frozenset((Kind.DORA, Kind.LOHA, Kind.LOKR, Kind.OFT, Kind.LORA, Kind.LOCON, Kind.DIFF))
_ALONE = frozenset((Kind.VAE, Kind.UPSCALER, Kind.TEXT_ENCODER))
_NOT_OF_A_VAE = r"^(?!(first_stage_model_)?(encoder|decoder|quant_conv|post_quant_conv)_)"
_TEXT_ENCODER = r"^(text_model_encoder_layers|encoder_block_\d+_layer|model_layers_\d+_self_attn)"
_EMBEDDING_WIDTHS = {768: "SD 1.x", 1024: "SD 2.x"}


def detect(tensors: Mapping[str, Tensor]) -> Structure | None:
    """Return base model and kind, None where the names say nothing."""
    layers = Layers(tensors)
    kind = _kind(layers)
    if kind is None:
        return None
    if kind in _ALONE:
        return Structure(None, kind, "it belongs to no base model")
    if kind is Kind.EMBEDDING:
        return _embedding(layers)
    rows = fitting(layers, ADAPTERS if kind in _ADAPTERS else MODELS)
    if len(rows) == 1:
        return Structure(rows[0].name, kind, f"it has the tensor {layers.first(rows[0].pattern)}"[:120])
    if rows:
        return Structure(None, kind, f"it could be {' or '.join(row.name for row in rows)}")
    return Structure(None, kind, "no base model is known by such tensors")


def _kind(layers: Layers) -> Kind | None:
    found = next((kind for kind, pattern in _KINDS if layers.first(pattern)), None)
    if found is Kind.LORA and _has_large_convolutions(layers):
        return Kind.LOCON
    if layers.shapes and layers.first(_NOT_OF_A_VAE) is None:
        return Kind.VAE
    if found is not None or not layers.shapes:
        return found
    if fitting(layers, MODELS):
        return Kind.DIFFUSION_MODEL
    return Kind.TEXT_ENCODER if layers.first(_TEXT_ENCODER) else None


def _has_large_convolutions(layers: Layers) -> bool:
    return any(len(shape) == 4 and shape[2:] != (1, 1) for name, shape in layers.shapes.items() if "lora_down" in name)


def _embedding(layers: Layers) -> Structure:
    if layers.first(r"^clip_g$"):
        return Structure("SDXL", Kind.EMBEDDING, "it has vectors for the second text encoder")
    width = (layers.shape(r"^(emb_params|string_to_param|clip_l$)") or (0,))[-1]
    return Structure(_EMBEDDING_WIDTHS.get(width), Kind.EMBEDDING, f"its vectors have a width of {width}")
