"""The names and shapes of tensors, brought into the one spelling that the detection's table is written in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from core.headers.header import Tensor

_PREFIX = re.compile(
    r"^(?:base_model_model_|lora_unet_|lora_transformer_|lycoris_|model_diffusion_model_|diffusion_model_"
    r"|transformer_(?!blocks)|unet_|net_)+"
)
# What adapters add to the name of the layer they change, on its input side and on its output side.
_DOWN = re.compile(r"_(?:lora_(?:down|A|linear_layer_down)(?:_default)?|hada_w1_b)(?:_weight)?$")
_UP = re.compile(r"_(?:lora_(?:up|B|linear_layer_up)(?:_default)?|hada_w1_a)(?:_weight)?$")
_KRONECKER = re.compile(r"_lokr_w1(?:_[ab])?$")


class Layers:
    """A file's tensors: ``shapes`` by their names without prefixes and with ``_`` for dots."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.shapes = {normalize(name): tensor.shape for name, tensor in tensors.items()}
        self._names = "\n".join(self.shapes)  # one search over all names is many times as fast as one over each

    def first(self, pattern: str) -> str | None:
        """Return the first name that matches a regular expression somewhere; ``^`` is the beginning of a name."""
        found = re.search(pattern, self._names, re.MULTILINE)
        if found is None:
            return None
        begin, end = self._names.rfind("\n", 0, found.start() + 1) + 1, self._names.find("\n", found.start())
        return self._names[begin : end if end >= 0 else None]

    def shape(self, pattern: str) -> tuple[int, ...]:
        """Return the shape of the first tensor whose name matches; none is an empty one."""
        name = self.first(pattern)
        return self.shapes[name] if name else ()

    def widths_in(self, pattern: str) -> set[int]:
        """Return the widths of the input of the layers that match, of a model or changed by an adapter."""
        return {wide for _, wide in self._layers(pattern) if wide}

    def widths_out(self, pattern: str) -> set[int]:
        """Return the widths of the output of the layers that match, of a model or changed by an adapter."""
        return {wide for wide, _ in self._layers(pattern) if wide}

    def _layers(self, pattern: str) -> Iterator[tuple[int, int]]:
        """Give output and input width, 0 where a tensor does not tell it, of the layers whose name ends as given."""
        layer = re.compile(f"(?:{pattern})$")
        for name, shape in self.shapes.items():
            if len(shape) < 2:
                continue
            if (side := _DOWN.search(name)) and layer.search(name[: side.start()]):
                yield 0, shape[1]
            elif (side := _UP.search(name)) and layer.search(name[: side.start()]):
                yield shape[0], 0
            elif (side := _KRONECKER.search(name)) and layer.search(name[: side.start()]):
                yield self._product(name, side.start())
            elif name.endswith("_weight") and layer.search(name.removesuffix("_weight")):
                yield shape[0], shape[1]

    def _product(self, name: str, end: int) -> tuple[int, int]:
        """Return the widths of a Kronecker product (LoKr), whose second factor may be of two matrices."""
        first, second = self.shapes[name], self.shapes.get(f"{name[:end]}_lokr_w2", ())
        if len(second) < 2:
            left, right = (self.shapes.get(f"{name[:end]}_lokr_w2_{side}", ()) for side in "ab")
            second = (left[0], right[1]) if len(left) > 1 and len(right) > 1 else (0, 0)
        return first[0] * second[0], first[1] * second[1]


def normalize(name: str) -> str:
    """Return a tensor's name in the table's spelling: ``transformer.single_blocks.0.x`` is ``single_blocks_0_x``."""
    return _PREFIX.sub("", name.replace(".", "_"))
