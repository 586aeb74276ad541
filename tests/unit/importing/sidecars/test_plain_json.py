"""``<stem>.json``: which of the six shapes a file has."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.statements import Source, SourceTier
from core.importing.sidecars import plain_json
from core.importing.sidecars.builder import NotOurs
from tests.support.sidecars import MODEL, as_json, by_field

LORA = {
    "description": "Brush & paper",
    "sd version": "SDXL",
    "activation text": "ink wash, (sumi-e, soft:1.2)",
    "preferred weight": 0.8,
    "negative text": "blurry, 3d",
    "notes": "mine",
}
OF_LORA = {
    "description": "Brush & paper",
    "notes": "mine",
    "trained_words": ["ink wash", "(sumi-e, soft:1.2)"],
    "negative_words": ["blurry", "3d"],
    "usage.weight": 0.8,
    "base_model": "SDXL",
}


@pytest.mark.parametrize(
    ("body", "fields", "tier"),
    [
        (LORA, OF_LORA, SourceTier.USER),
        ({**LORA, "preferred weight": "0.8"}, OF_LORA, SourceTier.USER),
        (
            {"description": "", "sd version": "Unknown", "activation text": "", "preferred weight": 0, "notes": ""},
            {},
            SourceTier.USER,
        ),
        (
            {"description": "d", "notes": "n", "vae": "some.vae.safetensors"},
            {"description": "d", "notes": "n", "usage.vae": "some.vae.safetensors"},
            SourceTier.USER,
        ),
        (
            {"description": "d", "notes": "", "vae_te": ["ae.safetensors"], "sd_version_str": "SdVersion.SDXL"},
            {"description": "d", "usage.vae": "ae.safetensors", "base_model": "SdVersion.SDXL"},
            SourceTier.USER,
        ),
        (
            {"description": "d", "notes": "", "vae_te": None, "sd_version_str": "SdVersion.Unknown"},
            {"description": "d"},
            SourceTier.USER,
        ),
        ({"description": "d", "notes": "n"}, {"description": "d", "notes": "n"}, SourceTier.USER),
        (
            {
                "description": "<p>d</p>",
                "notes": "<p>n</p>",
                "activation text": "a || b",
                "preferred weight": 0,
                "extensions": {"sd_civitai_helper": {"version": "1.8.13"}},
            },
            {"description": "d", "notes": "n", "trained_words": ["a", "b"]},
            SourceTier.TOOL,
        ),
        (
            {"modelId": "Model not found", "sha256": "D" * 64, "activation text": "a", "sd version": "Other"},
            {"trained_words": ["a"]},
            SourceTier.TOOL,
        ),
        (
            {"modelId": 42, "modelVersionId": 7, "modelPageURL": "x", "sha256": "D" * 64},
            {
                "ids.civitai_model": 42,
                "ids.civitai_version": 7,
                "community_links": ["https://civitai.com/models/42?modelVersionId=7"],
            },
            SourceTier.TOOL,
        ),
        ({"sha256": "D" * 64}, {}, SourceTier.TOOL),
    ],
)
def test_what_each_shape_states(body: dict[str, Any], fields: dict[str, Any], tier: SourceTier) -> None:
    sidecar = plain_json.read(as_json(body, indent=4), MODEL)
    assert by_field(sidecar) == fields
    assert {(one.source, one.tier) for one in sidecar.statements} <= {(Source.A1111, tier)}
    assert [claim.value for claim in sidecar.claims] == (["d" * 64] if "sha256" in body else [])


def test_sdnexts_is_a_whole_model() -> None:
    version = {"id": 7, "name": "v1", "baseModel": "Pony", "files": [{"name": MODEL.name, "hashes": {}}]}
    sidecar = plain_json.read(as_json({"id": 42, "name": "Ink", "modelVersions": [version]}), MODEL)
    found = by_field(sidecar)
    assert (found["title"], found["version"], found["base_model"]) == ("Ink", "v1", "Pony")
    assert {one.source for one in sidecar.statements} == {Source.SDNEXT}


@pytest.mark.parametrize(
    "body",
    [
        {"last_node_id": 9, "nodes": []},
        {"_class_name": "UNet2DConditionModel"},
        {"description": ["no", "text"], "notes": ""},
        {"description": "d", "more": 1},
        {},
    ],
)
def test_what_others_call_so_is_none_of_ours(body: dict[str, Any]) -> None:
    with pytest.raises(NotOurs):
        plain_json.read(as_json(body), MODEL)
