"""Generation data that SwarmUI, InvokeAI, Fooocus and NovelAI write as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.domain.generation import Generation, GenerationTool
from core.images.generation import values

_RESOLUTION = re.compile(r"\(?([0-9]{1,6})[ ,x\u00d7]+([0-9]{1,6})\)?")
_DREAM = re.compile(r'"(?P<prompt>(?:[^"\\]|\\.)*+)"(?P<options>(?: +-.*)?)', re.DOTALL)
_OPTION = re.compile(r"(?<!\S)-([sSWHCA]) ?(\S{1,40})")
_Said = Mapping[str, Any]


def swarmui(said: _Said) -> Generation | None:
    """Read ``{"sui_image_params": …}``. (SwarmUI 0.9, T2IParamInput.cs)"""
    found = said.get("sui_image_params")
    if not isinstance(found, dict):
        return None
    loras = found.get("loras")
    return Generation(
        GenerationTool.SWARMUI,
        values.words(found.get("prompt")),
        values.words(found.get("negativeprompt")),
        values.count(found.get("steps")),
        values.name(found.get("sampler")),
        values.name(found.get("scheduler")),
        values.decimal(found.get("cfgscale")),
        values.seed(found.get("seed")),
        values.size(found.get("width"), found.get("height")),
        values.name(found.get("model")),
        loras=_names(loras.split(",") if isinstance(loras, str) else loras),
    )


def invokeai(said: _Said) -> Generation | None:
    """Read ``invokeai_metadata``, or the older ``sd-metadata``. (InvokeAI 2 to 6, CoreMetadata)"""
    image = said.get("image")
    found = {**said, **image} if isinstance(image, dict) else said
    if "positive_prompt" not in found and "prompt" not in found:
        return None
    prompt = found.get("positive_prompt", found.get("prompt"))
    if isinstance(prompt, list):  # of parts with weights
        prompt = ", ".join(str(part.get("prompt", "")) for part in prompt if isinstance(part, dict))
    model = found.get("model")
    named = model if isinstance(model, dict) else {"name": found.get("model_weights", model)}
    loras = found.get("loras")
    used = (
        [one.get("model", one.get("lora")) for one in loras if isinstance(one, dict)] if isinstance(loras, list) else []
    )
    return Generation(
        GenerationTool.INVOKEAI,
        values.words(prompt),
        values.words(found.get("negative_prompt")),
        values.count(found.get("steps")),
        values.name(found.get("sampler", found.get("scheduler"))),
        "",
        values.decimal(found.get("cfg_scale")),
        values.seed(found.get("seed")),
        values.size(found.get("width"), found.get("height")),
        values.name(named.get("name", named.get("model_name"))),
        values.name(named.get("hash", found.get("model_hash"))),
        _names([one.get("name", one.get("model_name")) for one in used if isinstance(one, dict)]),
    )


def dream(line: str) -> Generation | None:
    """Read the command line that InvokeAI 1 and 2 wrote: ``"prompt" -s 50 -S 7 -W 512 -H 512 -C 7.5 -A k_lms``."""
    found = _DREAM.fullmatch(line.strip())
    if found is None:
        return None
    said: dict[str, str] = dict(_OPTION.findall(found["options"]))
    return Generation(
        GenerationTool.INVOKEAI,
        values.words(found["prompt"].replace('\\"', '"')),
        steps=values.count(said.get("s")),
        sampler=values.name(said.get("A")),
        cfg=values.decimal(said.get("C")),
        seed=values.seed(said.get("S")),
        size=values.size(said.get("W"), said.get("H")),
    )


def fooocus(said: _Said) -> Generation | None:
    """Read the parameters that Fooocus writes as JSON. (Fooocus 2.5, modules/meta_parser.py)"""
    if "base_model" not in said:
        return None
    size = _RESOLUTION.fullmatch(str(said.get("resolution", ""))[:40])
    loras = said.get("loras")
    return Generation(
        GenerationTool.FOOOCUS,
        values.words(said.get("prompt")),
        values.words(said.get("negative_prompt")),
        values.count(said.get("steps")),
        values.name(said.get("sampler")),
        values.name(said.get("scheduler")),
        values.decimal(said.get("guidance_scale")),
        values.seed(said.get("seed")),
        values.size(size[1], size[2]) if size else "",
        values.name(said.get("base_model")),
        values.name(said.get("base_model_hash")),
        _names([one[0] for one in loras if isinstance(one, list) and one] if isinstance(loras, list) else None),
    )


def novelai(said: _Said, model: str) -> Generation | None:
    """Read the comment of NovelAI's PNGs; ``model`` is their ``Source``."""
    if "uc" not in said and "scale" not in said:
        return None
    return Generation(
        GenerationTool.NOVELAI,
        values.words(said.get("prompt")),
        values.words(said.get("uc")),
        values.count(said.get("steps")),
        values.name(said.get("sampler")),
        values.name(said.get("noise_schedule")),
        values.decimal(said.get("scale")),
        values.seed(said.get("seed")),
        values.size(said.get("width"), said.get("height")),
        values.name(model),
    )


def _names(found: Any) -> tuple[str, ...]:
    return tuple(filter(None, map(values.name, found))) if isinstance(found, list) else ()
