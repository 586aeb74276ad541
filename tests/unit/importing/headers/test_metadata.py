"""What the metadata of headers says, as trainers and tools write it."""

from __future__ import annotations

import base64
import json

import pytest

from core.domain.statements import Claim, ClaimKind, SourceTier
from core.importing.headers import metadata
from core.importing.sidecars.values import HASH_OF_NOTHING
from tests.support.sidecars import by_field, tiers

KOHYA = {
    "ss_output_name": "ink-000010",
    "ss_sd_model_name": "v1-5-pruned.safetensors",
    "ss_base_model_version": "sd_v1",
    "ss_network_module": "networks.lora",
    "ss_network_dim": "32",
    "ss_network_alpha": "16.0",
    "ss_clip_skip": "None",
    "ss_training_comment": "None",
    "ss_v2": "False",
    "ss_epoch": "10",
    "ss_steps": "1600",
    "ss_tag_frequency": json.dumps({"10_x": {"ink wash": 40, "1girl": 22, " solo": 9}, "5_y": {"1girl": 30}}),
    "ss_training_started_at": "1722490000.5",
    "ss_session_id": "42",
    "sshs_model_hash": "ab" * 32,
    "modelspec.title": "LoRA@1722500000.25",
    "modelspec.architecture": "stable-diffusion-v1/lora",
}


def test_kohya() -> None:
    sidecar = metadata.read_safetensors(KOHYA)
    assert by_field(sidecar) == {
        "base_model": "stable-diffusion-v1",
        "training.module": "networks.lora",
        "training.dim": 32,
        "training.alpha": 16,
        "training.base": "v1-5-pruned.safetensors",
        "training.epoch": 10,
        "training.steps": 1600,
        "training.session": "42",
        "training.name": "ink-000010",
        "title": "ink-000010",
        "training.started_at": "2024-08-01T05:26:40Z",
        "training.tags": ["1girl", "ink wash", "solo"],
    }
    assert tiers(sidecar)["title"] is SourceTier.NAME, "the name of a file, not a title that somebody gave"
    assert tiers(sidecar)["base_model"] is SourceTier.HEADER
    assert sidecar.claims == (Claim(ClaimKind.BODY_SHA256, "ab" * 32),)


@pytest.mark.parametrize(
    ("said", "claims"),
    [
        ({"sshs_model_hash": HASH_OF_NOTHING}, ()),
        ({"modelspec.hash_sha256": "0x" + "CD" * 32}, (Claim(ClaimKind.MODELSPEC, "cd" * 32),)),
        ({"modelspec.hash_sha256": "0x" + "CD" * 32, "ot_branch": "master"}, ()),
    ],
)
def test_which_hashes_are_of_the_body(said: dict[str, str], claims: tuple[Claim, ...]) -> None:
    assert metadata.read_safetensors(said).claims == claims


def test_ai_toolkit() -> None:
    said = {
        "name": "Ink",
        "version": "1.0",
        "ss_output_name": "Ink",
        "ss_base_model_version": "flux1",
        "training_info": '{"step": 2000, "epoch": 39}',
        "software": '{"name": "ai-toolkit"}',
        "format": "pt",
    }
    found = by_field(metadata.read_safetensors(said))
    assert (found["title"], found["version"], found["base_model"]) == ("Ink", "1.0", "flux1")
    assert (found["training.steps"], found["training.epoch"]) == (2000, 39)
    assert by_field(metadata.read_safetensors({"name": "unet", "version": "3"})) == {}, "of somebody else"


def test_what_people_write_with_additional_networks() -> None:
    picture = b"\xff\xd8jpeg"
    said = {
        "ssmd_cover_images": json.dumps([base64.b64encode(picture).decode(), ""]),
        "ssmd_display_name": "Ink",
        "ssmd_keywords": "ink wash, sumi-e",
        "ssmd_tags": "style",
        "ssmd_rating": "4",
        "ssmd_description": "Brush",
    }
    sidecar = metadata.read_safetensors(said)
    assert by_field(sidecar) == {
        "title": "Ink",
        "trained_words": ["ink wash", "sumi-e"],
        "tags": ["style"],
        "rating": 4,
        "description": "Brush",
    }
    assert sidecar.pictures == (picture,)


def test_keys_that_comfyui_reads() -> None:
    said = {
        "base_model": "Pony",
        "trained_words": '["ink wash", "sumi-e"]',
        "air": "urn:air:sdxl:lora:civitai:42@4711",
        "repo_id": "org/repo",
        "source_url": "https://example.org/ink",
    }
    assert by_field(metadata.read_safetensors(said)) == {
        "base_model": "Pony",
        "trained_words": ["ink wash", "sumi-e"],
        "ids.air": said["air"],
        "ids.civitai_model": 42,
        "ids.civitai_version": 4711,
        "community_links": ["https://civitai.com/models/42?modelVersionId=4711"],
        "ids.hf_repo": "org/repo",
    }
    assert by_field(metadata.read_safetensors({"trained_words": "one, two"}))["trained_words"] == ["one", "two"]


def test_values_that_are_no_json_where_they_should_be_say_nothing() -> None:
    said = {"ss_tag_frequency": "{", "training_info": "[" * 500, "ssmd_cover_images": "no list", "trained_words": "{}"}
    assert by_field(metadata.read_safetensors(said)) == {}


def test_gguf() -> None:
    said = {
        "general.name": "Ink",
        "general.organization": "studio",
        "general.license": "apache-2.0",
        "general.tags": ["style"],
        "general.architecture": "flux",
        "general.file_type": 7,
        "general.url": "https://example.org/ink",
        "flux.block_count": 19,
    }
    assert by_field(metadata.read_gguf(said)) == {
        "title": "Ink",
        "author": "studio",
        "license": "apache-2.0",
        "tags": ["style"],
        "base_model": "flux",
        "community_links": ["https://example.org/ink"],
        "training.quantization": "7",
    }
