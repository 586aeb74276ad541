"""Civitai's API bodies, as Civitai-Helper, browser-plus and others save them."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.statements import Claim, ClaimKind, Source, SourceTier
from core.importing.sidecars import civitai
from core.importing.sidecars.builder import About, NotOurs
from tests.support.sidecars import MODEL, as_json, by_field, stated

VERSION: dict[str, Any] = {
    "id": 4711,
    "modelId": 42,
    "name": "v2.0",
    "createdAt": "2024-03-01T08:00:00.123Z",
    "publishedAt": "2024-03-02T08:00:00.123Z",
    "trainedWords": ["ink wash, <lora:ink:1>", "Sumi-e (detailed, soft)"],
    "baseModel": "SDXL 1.0",
    "description": "<p>Sharper.</p>",
    "air": "urn:air:sdxl:lora:civitai:42@4711",
    "model": {"name": "Ink", "type": "LORA", "nsfw": False, "poi": False},
    "files": [
        {
            "name": "ink.v2.safetensors",
            "hashes": {
                "SHA256": "AB" * 32,
                "AutoV2": "AB" * 5,
                "AutoV3": None,
                "BLAKE3": "B3" * 32,
                "CRC32": "12345678",
            },
        },
        {"name": "vae.safetensors", "hashes": {"SHA256": "CD" * 32}},
    ],
    "images": [
        {"url": "https://image.civitai.com/1.jpeg", "meta": {"prompt": "a pine", "negativePrompt": "blurry"}},
        {"url": "https://image.civitai.com/2.jpeg", "meta": None},
        {"url": "https://image.civitai.com/3.jpeg", "meta": {"prompt": "a pine", "negativePrompt": "blurry"}},
    ],
}


def test_a_version_as_civitai_helper_saves_it() -> None:
    assert stated(civitai.read_info, as_json(VERSION, indent=4)) == {
        "title": "Ink",
        "version": "v2.0",
        "base_model": "SDXL 1.0",
        "trained_words": ["ink wash", "Sumi-e (detailed, soft)"],
        "ids.civitai_model": 42,
        "ids.civitai_version": 4711,
        "community_links": ["https://civitai.com/models/42?modelVersionId=4711"],
        "published_at": "2024-03-02T08:00:00Z",
        "ids.air": "urn:air:sdxl:lora:civitai:42@4711",
        "description": "Sharper.",
        "prompts": [{"positive": "a pine", "negative": "blurry"}],
    }


def test_its_hashes_are_claims_about_the_file_with_its_name() -> None:
    claims = civitai.read_info(as_json(VERSION), MODEL).claims
    assert claims == (
        Claim(ClaimKind.SHA256, "ab" * 32),
        Claim(ClaimKind.AUTOV2, "ab" * 5),
        Claim(ClaimKind.BLAKE3, "b3" * 32),
    )


def test_zixaphirs_fork_adds_the_model_and_keeps_its_own_key() -> None:
    model = {
        "description": "<h2>Ink</h2><ul><li><p>Brush &amp; paper</p></li></ul>",
        "tags": ["style", "ink"],
        "allowNoCredit": True,
        "allowCommercialUse": "{Image,RentCivit}",
    }
    own = {"extensions": {"sd_civitai_helper": {"version": "1.8.13", "skeleton_file": False}}}
    body = {**VERSION, **own, "creator": {"username": "Юля"}, "model": {**VERSION["model"], **model}}
    found = stated(civitai.read_info, body)
    assert found["description"] == "Ink\n\nBrush & paper"
    assert found["notes"] == "Sharper."
    assert (found["author"], found["tags"]) == ("Юля", ["style", "ink"])
    assert found["license"] == "allowNoCredit: yes\nallowCommercialUse: Image, RentCivit"
    assert found["civitai.info"] == own


def test_a_skeleton_of_a_model_that_is_not_on_civitai_says_nothing_but_its_hash() -> None:
    skeleton = {
        "id": "",
        "modelId": "",
        "name": "",
        "baseModel": "Unknown",
        "description": "",
        "creator": "{}",
        "tags": [],
        "trainedWords": [],
        "model": {"name": "", "type": "", "nsfw": "", "poi": "", "description": "", "tags": ""},
        "files": [{"name": "", "hashes": {"SHA256": "AB" * 32}}],
        "skeleton_file": True,
    }
    sidecar = civitai.read_info(as_json(skeleton), MODEL)
    assert by_field(sidecar) == {"civitai.info": {"skeleton_file": True}}
    assert [claim.value for claim in sidecar.claims] == ["ab" * 32]
    assert civitai.read_info(b"{}", MODEL).statements == ()


def test_nulls_and_words_in_one_text() -> None:
    body = {**VERSION, "trainedWords": "one, two; three || four", "images": None, "files": None, "description": None}
    found = stated(civitai.read_info, body)
    assert found["trained_words"] == ["one", "two", "three", "four"]
    assert "description" not in found and "prompts" not in found


def test_a_wrong_shape_is_named_and_the_rest_is_taken() -> None:
    sidecar = civitai.read_info(as_json({**VERSION, "name": ["v1"], "baseModel": {"name": "SDXL"}}), MODEL)
    assert sidecar.problems == ("version is a list; it was left out", "base_model is an object; it was left out")
    assert by_field(sidecar)["title"] == "Ink"


@pytest.mark.parametrize(
    ("about", "version"),
    [
        (About("renamed.safetensors", "ab" * 32), "v2.0"),
        (About("ink.v2.safetensors"), "v2.0"),
        (About("renamed.safetensors", "77" * 32), None),
    ],
)
def test_a_model_counts_by_the_version_that_has_the_file(about: About, version: str | None) -> None:
    first = {"id": 1, "name": "v1.0", "files": [{"name": "old.safetensors", "hashes": {"SHA256": "99" * 32}}]}
    body = {"id": 42, "name": "Ink", "nsfw": True, "creator": {"username": "a"}, "modelVersions": [first, VERSION]}
    found = stated(civitai.read_body, body, about)
    assert (found["title"], found["author"], found["nsfw"], found["ids.civitai_model"]) == ("Ink", "a", True, 42)
    assert found.get("version") == version
    assert ("base_model" in found) == (version is not None)


def test_it_is_a_tools_word() -> None:
    assert {(one.source, one.tier) for one in civitai.read_info(as_json(VERSION), MODEL).statements} == {
        (Source.CIVITAI_INFO, SourceTier.TOOL)
    }


def test_another_file_under_its_name_is_none_of_it() -> None:
    with pytest.raises(NotOurs):
        civitai.read_info(b'{"nodes": []}', MODEL)
    with pytest.raises(ValueError, match="not JSON"):
        civitai.read_info(b'{"id": 1', MODEL)
    with pytest.raises(ValueError, match="a list, not an object"):
        civitai.read_info(b"[1]", MODEL)
