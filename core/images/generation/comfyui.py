"""The graph that ComfyUI writes: ``{id: {"class_type": …, "inputs": {…}}}``, where ``[id, output]`` is a link.

What a node is for shows only by following the links from a sampler. (ComfyUI 0.3, nodes.py, comfy_extras/)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.domain.generation import Generation, GenerationTool
from core.images.generation import values

_MAX_NODES = 10_000
_TEXTS = ("text", "text_g", "text_l", "t5xxl", "clip_l", "prompt", "string", "value", "populated_text")
_MODELS = ("ckpt_name", "unet_name", "model_name")
_SEEDS = ("seed", "noise_seed")

_Inputs = Mapping[str, Any]


def read(text: str) -> Generation | None:
    """Return what the first sampler of a graph was given, None if ``text`` is no graph with a sampler."""
    found = values.json_object(text)
    if not found or len(found) > _MAX_NODES:
        return None
    graph = _Graph(found)
    sampler = graph.first_sampler()
    return None if sampler is None else graph.generation(sampler)


class _Graph:
    """The inputs of all nodes by id; whatever is not a node is left out."""

    def __init__(self, nodes: Mapping[str, Any]) -> None:
        self._nodes: dict[str, _Inputs] = {
            key: node["inputs"]
            for key, node in nodes.items()
            if isinstance(node, dict) and isinstance(node.get("inputs"), dict) and "class_type" in node
        }

    def first_sampler(self) -> str | None:
        """Return the first node that samples and does not go on from what another sampler has made."""
        samplers = [key for key, inputs in self._nodes.items() if _samples(inputs)]
        first = [key for key in samplers if not any(n in samplers for n in self._above(key, "latent_image", "latent"))]
        return next(iter(first or samplers), None)

    def generation(self, sampler: str) -> Generation:
        """Return what a sampler was given, directly or by the nodes that its inputs come from."""
        guided = [sampler, *self._above(sampler, "guider", limit=1)]
        given = [self._nodes[key] for key in (*guided, *self._above(sampler, "noise", "sigmas", "sampler", limit=1))]
        latent = [self._nodes[key] for key in self._above(sampler, "latent_image", "latent")]
        models = [self._nodes[key] for one in guided for key in self._above(one, "model")]
        positive = self._words(guided, ("positive", "conditioning"))
        return Generation(
            GenerationTool.COMFYUI,
            positive,
            self._words(guided, ("negative",)),
            values.count(_first(given, "steps")),
            values.name(_first(given, "sampler_name")),
            values.name(_first(given, "scheduler")),
            values.decimal(_first(given, "cfg")),
            values.seed(_first(given, *_SEEDS)),
            values.size(_first(latent, "width"), _first(latent, "height")),
            values.name(_first(models, *_MODELS)),
            loras=tuple(dict.fromkeys(filter(None, (values.name(one.get("lora_name")) for one in models)))),
        )

    def _words(self, starts: Sequence[str], names: tuple[str, ...]) -> str:
        """Return the texts that a conditioning is made of, each once."""
        nodes = [key for start in starts for key in self._above(start, *names, through=names)]
        texts = (values.words(self._nodes[key].get(name)) for key in nodes for name in _TEXTS)
        return values.words("\n".join(dict.fromkeys(filter(None, texts))))

    def _above(self, key: str, *names: str, through: tuple[str, ...] = (), limit: int = _MAX_NODES) -> list[str]:
        """Return the nodes that the inputs ``names`` of a node come from, nearest first, each once.

        A node that has one of the inputs ``through`` passes that on; others pass on all of theirs.
        """
        found = list(dict.fromkeys(self._links(self._nodes[key], names)))
        seen = {key, *found}
        for one in found:  # grows meanwhile
            if limit == 1:
                break
            inputs = self._nodes[one]
            for link in self._links(inputs, [name for name in through if name in inputs] or list(inputs)):
                if link not in seen:
                    seen.add(link)
                    found.append(link)
        return found

    def _links(self, inputs: _Inputs, names: Sequence[str]) -> Iterator[str]:
        for name in names:
            link = inputs.get(name)
            if isinstance(link, list) and len(link) == 2 and str(link[0]) in self._nodes:
                yield str(link[0])


def _samples(inputs: _Inputs) -> bool:
    direct = {"positive", "latent_image"} <= inputs.keys() and not inputs.keys().isdisjoint(_SEEDS)
    return direct or {"guider", "sampler", "sigmas"} <= inputs.keys()


def _first(nodes: Sequence[_Inputs], *names: str) -> Any:
    """Return the first value of these inputs that is not a link."""
    found = (node[name] for node in nodes for name in names if name in node)
    return next((value for value in found if not isinstance(value, list)), None)
