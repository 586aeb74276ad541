"""The files of Lora-Manager, StabilityMatrix, Civicomfy, SwarmUI, rgthree, Model Manager and Arc en Ciel."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from core.domain.statements import ClaimKind, SourceTier
from core.importing.sidecars import lora_manager, model_manager, rgthree, stability_matrix, swarmui
from core.importing.sidecars.builder import NotOurs
from tests.support.sidecars import MODEL, as_json, by_field, stated, tiers

LORA_MANAGER: dict[str, Any] = {
    "file_name": "ink.v2",
    "model_name": "Ink",
    "file_path": "/data/models/loras/ink.v2.safetensors",
    "size": 151112345.6,
    "modified": 1720000000.25,
    "sha256": "ab" * 32,
    "base_model": "Pony",
    "preview_url": "/data/ink.v2.webp",
    "notes": "strong at 1.2",
    "from_civitai": True,
    "civitai": {"id": 4711, "modelId": 42, "name": "v2.0", "trainedWords": ["sumi-e"], "model": {"name": "Ink!"}},
    "tags": ["style"],
    "modelDescription": "<p>Brush</p>",
    "favorite": True,
    "exclude": False,
    "hash_status": "completed",
    "trainedWords": ["ink wash"],
    "usage_tips": '{"strength": 0.8, "strength_range": "0.3-1.1", "clip_skip": 2}',
    "autov3": "cd" * 6,
}


def test_lora_manager() -> None:
    sidecar = lora_manager.read(as_json(LORA_MANAGER, indent=2), MODEL)
    found = by_field(sidecar)
    assert found == {
        "title": "Ink",
        "base_model": "Pony",
        "tags": ["style"],
        "description": "Brush",
        "trained_words": ["ink wash"],
        "notes": "strong at 1.2",
        "favorite": True,
        "usage.weight": 0.8,
        "usage.clip_skip": 2,
        "usage.weight_min": 0.3,
        "usage.weight_max": 1.1,
        "version": "v2.0",
        "ids.civitai_model": 42,
        "ids.civitai_version": 4711,
        "community_links": ["https://civitai.com/models/42?modelVersionId=4711"],
    }
    by_user = {name for name, tier in tiers(sidecar).items() if tier is SourceTier.USER}
    assert by_user == {"notes", "favorite"} | {name for name in found if name.startswith("usage.")}
    assert [one.value for one in sidecar.statements if one.field == "trained_words"] == [["ink wash"], ["sumi-e"]]
    assert {(one.kind, one.value) for one in sidecar.claims} == {
        (ClaimKind.SHA256, "ab" * 32),
        (ClaimKind.AUTOV3, "cd" * 6),
        (ClaimKind.SIZE, "151112346"),
    }


def test_lora_manager_of_a_model_it_found_nowhere_says_nothing() -> None:
    lone = {
        **LORA_MANAGER,
        "model_name": "ink.v2",
        "base_model": "Unknown",
        "notes": "",
        "civitai": {},
        "tags": [],
        "modelDescription": "",
        "favorite": False,
        "trainedWords": [],
        "usage_tips": "{}",
        "hash_status": "pending",
        "autov3": None,
    }
    sidecar = lora_manager.read(as_json(lone), MODEL)
    assert sidecar.statements == ()
    assert [one.kind for one in sidecar.claims] == [ClaimKind.SIZE]


def test_hugging_faces_metadata_is_none_of_lora_managers() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        lora_manager.read(b"abc\ndef\n1.0", MODEL)
    with pytest.raises(NotOurs):
        lora_manager.read(b'{"model_type": "llama"}', MODEL)


CM_INFO = (
    '{"ModelId":42,"ModelName":"Ink","ModelDescription":"\\u003Cp\\u003ET \\u0026amp; C\\u003C/p\\u003E","Nsfw":true,'
    '"Tags":["style"],"ModelType":"LORA","VersionId":4711,"VersionName":"v2.0","VersionDescription":null,'
    '"AuthorUsername":"\\u9752\\u6728","BaseModel":"SDXL 1.0","FileMetadata":{"fp":"fp16","size":"pruned","format":'
    '"SafeTensor"},"ImportedAt":"2026-05-01T10:11:12.3456789+02:00","Hashes":{"SHA256":null,"CRC32":null,"BLAKE3":"'
    + "B3"
    * 32
    + '"},"TrainedWords":["ink wash"],"Stats":null,"UserTitle":"My ink","ThumbnailImageUrl":null,"InferenceDefaults":'
    '{"Sampler":{"Name":"dpmpp_2m","DisplayName":"DPM\\u002B\\u002B 2M"},"Scheduler":{"Name":"karras","DisplayName":'
    '"Karras"},"Steps":28,"CfgScale":5.5,"Width":832,"Height":1216},"Source":0,"SourceUrl":null}'
)


def test_stability_matrix() -> None:
    sidecar = stability_matrix.read(CM_INFO.encode(), MODEL)
    assert [(one.value, one.tier) for one in sidecar.statements if one.field == "title"] == [
        ("My ink", SourceTier.USER),
        ("Ink", SourceTier.TOOL),
    ]
    found = by_field(sidecar)
    assert (found["description"], found["author"], found["nsfw"]) == ("T & C", "青木", True)
    usage = {name.removeprefix("usage."): value for name, value in found.items() if name.startswith("usage.")}
    assert usage == {
        "steps": 28,
        "cfg": 5.5,
        "width": 832,
        "height": 1216,
        "sampler": "DPM++ 2M",
        "scheduler": "Karras",
    }
    assert [(one.kind, one.value) for one in sidecar.claims] == [(ClaimKind.BLAKE3, "b3" * 32)]


def test_stability_matrix_edited_by_hand_has_a_tag_of_nothing() -> None:
    assert "tags" not in stated(stability_matrix.read, {"ModelName": "Ink", "Tags": [""], "TrainedWords": None})


def test_civicomfy_spells_alike() -> None:
    body = {
        "ModelId": 42,
        "ModelName": "Ink",
        "CreatorUsername": "kestrel_9",
        "AllowCommercialUse": "['Image', 'Rent']",
        "VersionPublishedAt": "2026-02-14T01:02:03.000004+00:00",
        "Hashes": {"SHA256": "E" * 64},
    }
    assert stated(stability_matrix.read_civicomfy, body) == {
        "title": "Ink",
        "author": "kestrel_9",
        "ids.civitai_model": 42,
        "community_links": ["https://civitai.com/models/42"],
        "published_at": "2026-02-14T01:02:03Z",
        "license": "allowCommercialUse: Image, Rent",
    }


@pytest.mark.parametrize("prefix", ["modelspec.", ""])
def test_swarmui_edited(prefix: str) -> None:
    spec = {
        "name": "ink.ckpt",
        "title": "Ink",
        "author": "a",
        "description": "Brush",
        "preview_image": "imgs/model_placeholder.jpg",
        "architecture": "stable-diffusion-xl-v1-base/lora",
        "license": "CC-BY-4.0",
        "date": "2024-03-02",
        "usage_hint": "try clip skip 2",
        "trigger_phrase": "ink wash; sumi-e",
        "tags": ["style"],
        "lora_default_weight": "0.8",
        "lora_default_confinement": "",
        "hash_sha256": "0x" + "ab" * 32,
    }
    sidecar = swarmui.read(as_json({prefix + key: value for key, value in spec.items()}, indent=2), MODEL)
    assert by_field(sidecar) == {
        "title": "Ink",
        "author": "a",
        "license": "CC-BY-4.0",
        "usage.hint": "try clip skip 2",
        "description": "Brush",
        "tags": ["style"],
        "trained_words": ["ink wash", "sumi-e"],
        "base_model": "stable-diffusion-xl-v1-base",
        "published_at": "2024-03-02T00:00:00Z",
        "usage.weight": 0.8,
    }
    assert (sidecar.claims, sidecar.pictures) == ((), ())


def test_swarmui_downloaded() -> None:
    picture = b"\xff\xd8\xff\xe0jpeg"
    page = "https://civitai.com/models/42?modelVersionId=4711"
    spec = {
        "modelspec.title": "Ink - v2.0",
        "modelspec.description": f'From <a href="{page}" target="_blank">{page}</a>\n<p>New.</p>\n<p>Brush</p>\n',
        "modelspec.tags": "style, ink",
        "modelspec.usage_hint": "Pony",
        "modelspec.thumbnail": "data:image/jpeg;base64," + base64.b64encode(picture).decode(),
    }
    sidecar = swarmui.read(as_json(spec, separators=(",", ":")), MODEL)
    found = by_field(sidecar)
    assert found["description"].split() == ["From", page, "New.", "Brush"]
    assert (found["base_model"], found["community_links"], found["tags"]) == ("Pony", [page], ["style", "ink"])
    assert "usage.hint" not in found
    assert sidecar.pictures == (picture,)


def test_a_pictures_parameters_are_none_of_a_model() -> None:
    with pytest.raises(NotOurs):
        swarmui.read(b'{"sui_image_params": {"prompt": "x"}, "title": "y"}', MODEL)


def test_rgthree() -> None:
    body = {
        "file": "ink.v2.safetensors",
        "name": "Ink - v2.0",
        "type": "LORA",
        "baseModel": "SDXL 1.0",
        "trainedWords": [
            {"word": "ink wash", "civitai": True},
            {"word": "mine", "user": True},
            {"word": "1girl", "count": 31, "metadata": True},
        ],
        "links": ["https://civitai.com/models/42?modelVersionId=4711", "https://example.org/ink"],
        "images": [{"url": "https://image.civitai.com/a.jpeg", "positive": "a pine", "negative": None}],
        "userNote": "for backgrounds",
        "sha256": "AB" * 32,
    }
    sidecar = rgthree.read(as_json(body), MODEL)
    found = by_field(sidecar)
    assert found["trained_words"] == ["ink wash", "mine"]
    assert (found["notes"], tiers(sidecar)["notes"]) == ("for backgrounds", SourceTier.USER)
    assert (found["ids.civitai_model"], found["ids.civitai_version"]) == (42, 4711)
    assert found["prompts"] == [{"positive": "a pine", "negative": ""}]
    assert stated(rgthree.read, {"triggerWords": ["old one"], "file": "x"})["trained_words"] == ["old one"]


MARKDOWN = """---
author: "Zoë Q"
baseModel: SDXL 1.0
hashes:
  SHA256: {sha}
modelPage: https://civitai.com/models/42?modelVersionId=4711
preview:
- https://image.civitai.com/a.jpeg
website: Civitai
---

# Trigger Words

ink wash, sumi-e

# About this version

Sharper.

# Ink

Brush.

Paper.
"""


def test_model_manager() -> None:
    sidecar = model_manager.read(MARKDOWN.format(sha="A" * 64).encode(), MODEL)
    assert by_field(sidecar) == {
        "author": "Zoë Q",
        "base_model": "SDXL 1.0",
        "ids.civitai_model": 42,
        "ids.civitai_version": 4711,
        "community_links": ["https://civitai.com/models/42?modelVersionId=4711"],
        "trained_words": ["ink wash", "sumi-e"],
        "notes": "Sharper.",
        "title": "Ink",
        "description": "Brush.\n\nPaper.",
    }
    assert [one.value for one in sidecar.claims] == ["a" * 64]


def test_model_manager_without_words_and_markdown_of_a_person() -> None:
    assert stated(model_manager.read, b"# Trigger Words\n\nNo trigger words\n\n# Ink\n\nBrush.\n")["title"] == "Ink"
    found = stated(model_manager.read, b"My own words.\n\n# A heading\n\nMore.\n")
    assert found == {"description": "My own words.\n\n# A heading\n\nMore."}


@pytest.mark.parametrize(
    "front", ["a: &x [1, 1]\nb: [*x, *x]", "author: [", "x: " + "y" * (70 << 10), "!!python/object/apply:os.system [x]"]
)
def test_front_matter_that_is_none_is_named(front: str) -> None:
    sidecar = model_manager.read(f"---\n{front}\n---\n\n# Trigger Words\n\nink\n".encode(), MODEL)
    assert "front matter" in sidecar.problems[0]
    assert by_field(sidecar) == {"trained_words": ["ink"]}
