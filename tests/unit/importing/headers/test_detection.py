"""Base model and kind, told from tensors with the names and shapes that the trainers and tools really write."""

from __future__ import annotations

import pytest

from core.domain.structure import Kind
from core.importing.headers.base_models import ADAPTERS, MODELS
from core.importing.headers.detection import detect
from tests.support.model_headers import Shapes, tensors

_CROSS = "attentions_0_transformer_blocks_0_attn2_to_k"


def lora(layer: str, wide: int, out: int = 320, rank: int = 16) -> dict[str, tuple[int, ...]]:
    """A layer as kohya's scripts name it."""
    return {
        f"lora_unet_{layer}.lora_down.weight": (rank, wide),
        f"lora_unet_{layer}.lora_up.weight": (out, rank),
        f"lora_unet_{layer}.alpha": (),
    }


def peft(
    layer: str, wide: int, out: int = 320, rank: int = 16, prefix: str = "transformer."
) -> dict[str, tuple[int, ...]]:
    """A layer as diffusers and ai-toolkit name it."""
    return {f"{prefix}{layer}.lora_A.weight": (rank, wide), f"{prefix}{layer}.lora_B.weight": (out, rank)}


@pytest.mark.parametrize(
    ("shapes", "base"),
    [
        (lora(f"down_blocks_0_{_CROSS}", 768), "SD 1.x"),
        (lora(f"down_blocks_0_{_CROSS}", 1024), "SD 2.x"),
        (lora("input_blocks_4_1_transformer_blocks_0_attn2_to_k", 2048), "SDXL"),
        (lora("input_blocks_4_1_transformer_blocks_0_attn2_to_k", 1280), "SDXL refiner"),
        (peft("down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 2048, prefix="unet."), "SDXL"),
        (lora("down_blocks_2_attentions_1_transformer_blocks_9_ff_net_2", 5120), "SDXL"),
        ({"lora_te1_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": (8, 768),
          "lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": (8, 1280)}, "SDXL"),
        ({"lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": (8, 768)}, "SD 1.x"),
        ({"lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": (8, 1024)}, "SD 2.x"),
        (lora("double_blocks_0_img_mlp_0", 3072, 12288) | lora("double_blocks_0_img_attn_qkv", 3072, 9216), "Flux.1"),
        (lora("single_blocks_0_linear1", 3072, 21504), "Flux.1"),
        (lora("single_blocks_0_linear1", 3072, 27648), "Flux.2 Klein 4B"),
        (lora("single_blocks_0_linear1", 4096, 36864), "Flux.2 Klein 9B"),
        (peft("double_blocks.0.img_attn.qkv", 6144, 18432, prefix="diffusion_model."), "Flux.2 dev"),
        (peft("single_transformer_blocks.0.proj_out", 15360, 3072), "Flux.1"),
        (peft("single_transformer_blocks.0.attn.to_qkv_mlp_proj", 3072, 27648), "Flux.2 Klein 4B"),
        (lora("distilled_guidance_layer_in_proj", 64), "Chroma"),
        (lora("single_blocks_0_modulation_linear", 3072, 9216), "HunyuanVideo"),
        (peft("transformer_blocks.0.img_mlp.net.0.proj", 3072, 12288), "Qwen-Image"),
        (lora("transformer_blocks_59_txt_mod_1", 3072), "Qwen-Image"),
        (lora("blocks_0_self_attn_q_proj", 2048), "Anima"),
        (peft("blocks.0.self_attn.q", 1536, 1536, prefix="diffusion_model."), "Wan 1.3B"),
        (peft("blocks.0.cross_attn.v", 5120, 5120, prefix="diffusion_model."), "Wan 14B"),
        (lora("blocks_0_self_attn_k", 3072, 3072), "Wan 2.2 TI2V-5B"),
        (peft("layers.0.attention.qkv", 3840, 11520, prefix="diffusion_model."), "Z-Image"),
        (peft("layers.0.attention.to_k", 2304, prefix="diffusion_model."), "Lumina 2"),
        (peft("double_stream_blocks.0.block.attn1.to_q", 2560, prefix="diffusion_model."), "HiDream"),
        (peft("layers.0.mlp.linear_fc1", 4096), "ERNIE-Image"),
        (peft("transformer_blocks.0.audio_attn1.to_k", 2048, prefix="diffusion_model."), "LTX-2"),
        (lora("joint_blocks_0_x_block_attn_qkv", 1536, 4608), "SD 3"),
        (lora("joint_blocks_37_x_block_attn_qkv", 2432, 7296), "SD 3.5 Large"),
        (peft("transformer_blocks.0.norm1_context.linear", 2432) | peft("transformer_blocks.0.attn.to_q", 2432),
         "SD 3.5 Large"),
        (peft("transformer_blocks.0.attn1.to_k", 1152) | peft("transformer_blocks.0.attn2.to_k", 1152), "PixArt"),
        (peft("transformer_blocks.0.attn1.to_k", 2048) | peft("transformer_blocks.0.attn2.to_k", 2048), "LTX"),
        (peft("transformer_blocks.0.attn1.to_k", 3072), "CogVideoX"),
        (lora("double_layers_0_attn_w1q", 3072), "AuraFlow"),
        (lora("text_fusion_proj", 2048), "Krea 2"),
        (lora("blocks_0_attn_wq", 2048) | lora("blocks_0_attn_gate", 2048), "Krea 2"),
        (lora("mlp_t5_0", 2048), "HunyuanDiT"),
        (lora("t5_yproj", 4096), "Mochi"),
        (lora("blocks_block0_blocks_0_block_attn", 4096), "Cosmos"),
    ],
)  # fmt: skip
def test_adapters(shapes: Shapes, base: str) -> None:
    found = detect(tensors(shapes))
    assert found is not None
    assert (found.base_model, found.kind) == (base, Kind.LORA)
    assert "tensor" in found.reason


def test_what_fits_two_rows_is_left_open_with_the_reason() -> None:
    found = detect(tensors(lora("double_blocks_0_img_attn_qkv", 3072, 9216)))
    assert found is not None
    assert (found.base_model, found.kind) == (None, Kind.LORA)
    assert found.reason == "it could be Flux.1 or Flux.2 Klein 4B"


def test_what_fits_none_is_left_open() -> None:
    found = detect(tensors(lora("down_blocks_0_attentions_0_proj_in", 320)))
    assert found is not None and (found.base_model, found.kind) == (None, Kind.LORA)
    assert detect({}) is None
    assert detect(tensors({"weight": (4, 4)})) is None


_LAYER = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"


@pytest.mark.parametrize(
    ("shapes", "kind", "base"),
    [
        ({f"{_LAYER}.lora_down.weight": (4, 2048), f"{_LAYER}.dora_scale": (1, 2048)}, Kind.DORA, "SDXL"),
        ({f"{_LAYER}.hada_w1_a": (640, 8), f"{_LAYER}.hada_w1_b": (8, 2048)}, Kind.LOHA, "SDXL"),
        ({f"{_LAYER}.lokr_w1": (8, 16), f"{_LAYER}.lokr_w2": (80, 128)}, Kind.LOKR, "SDXL"),
        ({f"{_LAYER}.lokr_w1": (8, 16), f"{_LAYER}.lokr_w2_a": (80, 4), f"{_LAYER}.lokr_w2_b": (4, 48)}, Kind.LOKR,
         "SD 1.x"),
        ({f"{_LAYER}.diff": (640, 2048)}, Kind.DIFF, None),
        ({f"{_LAYER}.lora_down.weight": (4, 768), "lora_unet_conv_in.lora_down.weight": (4, 4, 3, 3)}, Kind.LOCON,
         "SD 1.x"),
        ({f"{_LAYER}.lora_down.weight": (4, 768, 1, 1)}, Kind.LORA, "SD 1.x"),
        ({"emb_params": (4, 768)}, Kind.EMBEDDING, "SD 1.x"),
        ({"emb_params": (4, 1024)}, Kind.EMBEDDING, "SD 2.x"),
        ({"emb_params": (4, 500)}, Kind.EMBEDDING, None),
        ({"clip_l": (4, 768), "clip_g": (4, 1280)}, Kind.EMBEDDING, "SDXL"),
        ({"encoder.conv_in.weight": (128, 3, 3, 3), "decoder.conv_in.weight": (512, 4, 3, 3)}, Kind.VAE, None),
        ({"first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3)}, Kind.VAE, None),
        ({"conv_first.weight": (64, 3, 3, 3)}, Kind.UPSCALER, None),
        ({"model.1.sub.0.RDB1.conv1.0.weight": (32, 64, 3, 3)}, Kind.UPSCALER, None),
        ({"text_model.encoder.layers.0.mlp.fc1.weight": (3072, 768)}, Kind.TEXT_ENCODER, None),
    ],
)  # fmt: skip
def test_kinds(shapes: Shapes, kind: Kind, base: str | None) -> None:
    found = detect(tensors(shapes))
    assert found is not None
    assert (found.kind, found.base_model) == (kind, base)


_SD = "model.diffusion_model."


@pytest.mark.parametrize(
    ("shapes", "kind", "base"),
    [
        ({f"{_SD}input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight": (320, 768),
          "first_stage_model.encoder.conv_in.weight": (128, 3, 3, 3),
          "cond_stage_model.transformer.text_model.embeddings.position_ids": (1, 77)}, Kind.CHECKPOINT, "SD 1.x"),
        ({f"{_SD}input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (640, 2048),
          "conditioner.embedders.0.transformer.text_model.final_layer_norm.weight": (768,)}, Kind.CHECKPOINT, "SDXL"),
        ({"down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight": (640, 1024)}, Kind.DIFFUSION_MODEL,
         "SD 2.x"),
        ({"double_blocks.0.img_attn.qkv.weight": (9216, 3072), "double_blocks.0.img_mod.lin.weight": (18432, 3072),
          "single_blocks.0.modulation.lin.weight": (9216, 3072), "guidance_in.in_layer.weight": (3072, 256)},
         Kind.DIFFUSION_MODEL, "Flux.1 dev"),
        ({"double_blocks.0.img_attn.qkv.weight": (9216, 3072), "single_blocks.0.modulation.lin.weight": (9216, 3072)},
         Kind.DIFFUSION_MODEL, "Flux.1 schnell"),
        ({"double_blocks.0.img_attn.qkv.weight": (18432, 6144), "guidance_in.in_layer.weight": (6144, 256),
          "double_stream_modulation_img.lin.weight": (36864, 6144)}, Kind.DIFFUSION_MODEL, "Flux.2 dev"),
        ({"blocks.0.self_attn.q.weight": (5120, 5120), "blocks.0.ffn.0.weight": (13824, 5120)}, Kind.DIFFUSION_MODEL,
         "Wan 14B"),
        ({"layers.0.attention.qkv.weight": (11520, 3840), "cap_pad_token": (1, 3840)}, Kind.DIFFUSION_MODEL, "Z-Image"),
    ],
)  # fmt: skip
def test_models(shapes: Shapes, kind: Kind, base: str) -> None:
    found = detect(tensors(shapes))
    assert found is not None
    assert (found.kind, found.base_model) == (kind, base)


def test_every_row_of_the_table_has_a_case() -> None:
    cases = [mark for test in (test_adapters, test_kinds, test_models) for mark in getattr(test, "pytestmark", [])]
    told = {case[-1] for mark in cases for case in mark.args[1]}
    assert {row.name for table in (ADAPTERS, MODELS) for group in table for row in group} <= told
