"""What images were made with is read from their files, whichever tool wrote it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.domain.generation import Generation, GenerationTool
from core.images.generation.reader import read_generation
from tests.support.builders import png
from tests.support.generation import A1111, png_saying, saying

FROM_A1111 = Generation(
    GenerationTool.A1111,
    "ink wash, harbour at dusk, (paper texture:1.2) <lora:ink wash:0.8>\nsecond line",
    "blurry, photo",
    25,
    "DPM++ 2M",
    "Karras",
    6.5,
    4294967295,
    "512x768",
    "some_model_v1",
    "0123456789",
    ("ink wash", "clay"),
)
BE, LE = (b"UNICODE\0" + A1111.encode(order) for order in ("utf-16-be", "utf-16-le"))


@pytest.mark.parametrize(
    "data",
    [
        png_saying({"parameters": A1111}),
        png_saying({"parameters": A1111}, packed=True),
        *(saying(kind, comment) for kind in ("JPEG", "WEBP", "PNG", "AVIF") for comment in (BE, LE)),
        saying("JPEG", b"ASCII\0\0\0" + A1111.encode()),
        saying("JPEG", b"\0" * 8 + A1111.encode()),
        saying("JPEG", A1111.encode()),
    ],
)
def test_what_automatic1111_writes_wherever_it_does(data: bytes) -> None:
    assert read_generation(data) == FROM_A1111


def test_quoted_values_and_texts_that_are_not_latin() -> None:
    text = 'ink 墨絵\nSteps: 20, Sampler: Euler a, Hires prompt: "one, \\"two\\", Steps: 3", Seed: 7, Model: a b'
    found = read_generation(png_saying({"parameters": text}))
    assert found == Generation(GenerationTool.A1111, "ink 墨絵", "", 20, "Euler a", seed=7, model="a b")


GRAPH: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 2**64 - 1, "steps": 8, "cfg": 1.0, "sampler_name": "euler", "scheduler": "normal",
            "model": ["10", 0], "positive": ["12", 0], "negative": ["7", 0], "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sub\\model.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 832, "height": 1216, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["11", 0], "clip": ["10", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["10", 1]}},
    "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "ink.safetensors", "model": ["4", 0]}},
    "11": {"class_type": "PrimitiveString", "inputs": {"value": "harbour, ink"}},
    "12": {
        "class_type": "ControlNetApplyAdvanced", "inputs": {"positive": ["6", 0], "negative": ["7", 0]}
    },
    "20": {
        "class_type": "KSampler",
        "inputs": {"seed": 1, "steps": 2, "positive": ["7", 0], "negative": ["6", 0], "latent_image": ["3", 0]},
    },
}  # fmt: skip
FROM_COMFYUI = Generation(
    GenerationTool.COMFYUI,
    "harbour, ink",
    "blurry",
    8,
    "euler",
    "normal",
    1,
    2**64 - 1,
    "832x1216",
    "sub\\model.safetensors",
    loras=("ink.safetensors",),
)


def test_a_graph_is_followed_from_its_first_sampler() -> None:
    assert read_generation(png_saying({"prompt": json.dumps(GRAPH), "workflow": "{}"})) == FROM_COMFYUI
    assert read_generation(saying("WEBP", others={0x0110: "prompt:" + json.dumps(GRAPH)})) == FROM_COMFYUI
    nan = GRAPH | {"9": {"class_type": "SaveImage", "inputs": {}, "is_changed": [float("nan")]}}
    assert read_generation(png_saying({"prompt": json.dumps(nan)})) == FROM_COMFYUI


def test_a_sampler_whose_parts_are_nodes_of_their_own() -> None:
    graph = {
        "1": {
            "class_type": "SamplerCustomAdvanced",
            "inputs": {
                "noise": ["2", 0], "guider": ["3", 0], "sampler": ["4", 0], "sigmas": ["5", 0],
                "latent_image": ["6", 0],
            },
        },
        "2": {"class_type": "RandomNoise", "inputs": {"noise_seed": 12}},
        "3": {"class_type": "BasicGuider", "inputs": {"model": ["7", 0], "conditioning": ["8", 0]}},
        "4": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
        "5": {"class_type": "BasicScheduler", "inputs": {"scheduler": "simple", "steps": 20, "model": ["7", 0]}},
        "6": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 1024}},
        "7": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux.safetensors"}},
        "8": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["9", 0]}},
        "9": {"class_type": "CLIPTextEncodeFlux", "inputs": {"clip_l": "ink", "t5xxl": "ink", "clip": ["7", 0]}},
    }  # fmt: skip
    assert read_generation(png_saying({"prompt": json.dumps(graph)})) == Generation(
        GenerationTool.COMFYUI, "ink", "", 20, "euler", "simple", None, 12, "1024x1024", "flux.safetensors"
    )


def test_a_graph_that_leads_in_circles_ends() -> None:
    circle = {
        "1": {"class_type": "KSampler", "inputs": {"seed": 1, "positive": ["2", 0], "latent_image": ["1", 0]}},
        "2": {"class_type": "ConditioningCombine", "inputs": {"conditioning_1": ["3", 0], "conditioning_2": ["2", 0]}},
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "ink", "other": ["2", 0]}},
    }
    assert read_generation(png_saying({"prompt": json.dumps(circle)})) == Generation(
        GenerationTool.COMFYUI, "ink", seed=1
    )


@pytest.mark.parametrize(
    "texts, expected",
    [
        (
            {
                "parameters": json.dumps(
                    {
                        "sui_image_params": {
                            "prompt": "ink", "negativeprompt": "photo", "model": "some/model", "seed": 3, "steps": 20,
                            "cfgscale": 7.0, "sampler": "euler", "scheduler": "normal", "width": 512, "height": 640,
                            "loras": ["a", "b"],
                        }
                    }
                )
            },
            Generation(
                GenerationTool.SWARMUI, "ink", "photo", 20, "euler", "normal", 7, 3, "512x640", "some/model",
                loras=("a", "b"),
            ),
        ),
        (
            {
                "invokeai_metadata": json.dumps(
                    {
                        "positive_prompt": "ink", "negative_prompt": "photo", "steps": 30, "cfg_scale": 7.5, "seed": 5,
                        "width": 1024, "height": 768, "scheduler": "euler", "model": {"name": "m", "hash": "blake3:12"},
                        "loras": [{"model": {"name": "l"}, "weight": 1}],
                    }
                )
            },
            Generation(
                GenerationTool.INVOKEAI, "ink", "photo", 30, "euler", "", 7.5, 5, "1024x768", "m", "blake3:12", ("l",)
            ),
        ),
        (
            {
                "sd-metadata": json.dumps(
                    {
                        "model_weights": "sd-1.5", "model_hash": "cc61",
                        "image": {
                            "prompt": [{"prompt": "ink", "weight": 1}], "steps": 50, "sampler": "k_lms", "seed": 9,
                            "cfg_scale": 7.5, "width": 512, "height": 512,
                        },
                    }
                )
            },
            Generation(GenerationTool.INVOKEAI, "ink", "", 50, "k_lms", "", 7.5, 9, "512x512", "sd-1.5", "cc61"),
        ),
        (
            {"Dream": '"ink \\"wash\\" -s1 [photo]" -s 50 -S 7 -W512 -H640 -C 7.5 -A k_lms', "sd-metadata": "{}"},
            Generation(
                GenerationTool.INVOKEAI, 'ink "wash" -s1 [photo]', "", 50, "k_lms", "", 7.5, 7, "512x640",
            ),
        ),
        (
            {
                "fooocus_scheme": "fooocus",
                "parameters": json.dumps(
                    {
                        "prompt": "ink", "negative_prompt": "", "steps": 30, "guidance_scale": 4, "seed": "11",
                        "resolution": "(1152, 896)", "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras",
                        "base_model": "jugger", "base_model_hash": "12ab", "loras": [["offset", 0.1, "1b"]],
                    }
                ),
            },
            Generation(
                GenerationTool.FOOOCUS, "ink", "", 30, "dpmpp_2m_sde_gpu", "karras", 4, 11, "1152x896", "jugger",
                "12ab", ("offset",),
            ),
        ),
        (
            {
                "Title": "AI generated image", "Description": "ink", "Software": "NovelAI", "Source": "Diffusion 1D",
                "Comment": json.dumps(
                    {
                        "prompt": "ink", "uc": "photo", "steps": 28, "sampler": "k_euler", "seed": 1, "scale": 5,
                        "width": 832, "height": 1216,
                    }
                ),
            },
            Generation(
                GenerationTool.NOVELAI, "ink", "photo", 28, "k_euler", "", 5, 1, "832x1216", "Diffusion 1D"
            ),
        ),
    ],
)  # fmt: skip
def test_what_other_tools_write(texts: dict[str, str], expected: Generation) -> None:
    assert read_generation(png_saying(texts)) == expected


@pytest.mark.parametrize(
    "data",
    [
        png(1),
        b"",
        b"GIF89a",
        png_saying({"prompt": "1girl, plain text and no JSON", "Comment": "Created with GIMP"}),
        png_saying({"prompt": "{}", "parameters": "{", "invokeai_metadata": "[]", "Comment": "{}"}),
        png_saying({"parameters": "only a prompt"}),
        png_saying({"Dream": "a dream"}),
        png_saying({"prompt": '{"1":' * 3000 + "1" + "}" * 3000}),
        png_saying({"prompt": json.dumps({"1": {"class_type": "KSampler", "inputs": ["seed"]}, "2": 3})}),
        saying("JPEG", b"ASCII\0\0\0Screenshot"),
        saying("JPEG", b"UNICODE\0x"),
    ],
)
def test_what_says_nothing(data: bytes) -> None:
    assert read_generation(data) is None


def test_values_that_cannot_be_are_left_out() -> None:
    text = "\ud83d ink".encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    said = f"{text}\nSteps: -3, Sampler: {'x' * 2000}, CFG scale: 1e99, Seed: {2**64}, Size: big, Model: m"
    assert read_generation(png_saying({"parameters": said})) == Generation(GenerationTool.A1111, text, model="m")
    graph = {"1": {"class_type": "KSampler", "inputs": {**GRAPH["3"]["inputs"], "steps": True, "cfg": "x", "seed": -1}}}
    found = read_generation(png_saying({"prompt": json.dumps(graph)}))
    assert found is not None and (found.steps, found.cfg, found.seed) == (None, None, None)


@pytest.mark.parametrize(
    "data", [png_saying({"parameters": A1111}), saying("JPEG", BE), saying("WEBP", LE)], ids=["PNG", "JPEG", "WebP"]
)
def test_a_file_that_is_cut_or_damaged_anywhere_is_read_or_says_nothing(data: bytes) -> None:
    for at in range(len(data)):
        read_generation(data[:at])
        read_generation(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
