"""Which format a file beside a model has, by its name; whether it is one, its reader tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.domain.statements import Sidecar
from core.importing.sidecars import (
    arc_en_ciel,
    civitai,
    hugging_face,
    lora_manager,
    model_manager,
    plain_json,
    rgthree,
    stability_matrix,
    swarmui,
    texts,
)
from core.importing.sidecars.builder import About

Reader = Callable[[bytes, About], Sidecar]


@dataclass(frozen=True, slots=True)
class SidecarFormat:
    """A format, by the end of its files' names behind the model's stem, or behind the model's whole name."""

    ending: str
    read: Reader
    whole_name: bool = False


FORMATS = (
    SidecarFormat(".civitai.info", civitai.read_info),
    SidecarFormat(".civitai.json", civitai.read_body),
    SidecarFormat(".civitai.json", civitai.read_body, whole_name=True),
    SidecarFormat(".api_info.json", civitai.read_body),
    SidecarFormat(".metadata.json", lora_manager.read),
    SidecarFormat(".cm-info.json", stability_matrix.read),
    SidecarFormat(".cminfo.json", stability_matrix.read_civicomfy),
    SidecarFormat(".swarm.json", swarmui.read),
    SidecarFormat(".json", plain_json.read),
    SidecarFormat(".rgthree-info.json", rgthree.read, whole_name=True),
    SidecarFormat(".arcenciel.info", arc_en_ciel.read),
    SidecarFormat(".md", model_manager.read),
    SidecarFormat(".description.txt", texts.read_description),
    SidecarFormat(".txt", texts.read_description),
    SidecarFormat(".sha256", texts.read_checksum),
)

DOWNLOAD = SidecarFormat(hugging_face.ENDING, hugging_face.read, whole_name=True)
"""Notes of a download, in a hidden folder beside the model."""

PROMPT = SidecarFormat(".txt", texts.read_prompt)
"""An example prompt, in the folder that has the model's name."""


def formats_of(file: str, model: str) -> Iterator[SidecarFormat]:
    """Give the formats that a file beside the model file ``model`` may have by its name, whatever its case."""
    name, stem = file.casefold(), About(model).stem.casefold()
    for one in FORMATS:
        if name == (model.casefold() if one.whole_name else stem) + one.ending:
            yield one
