"""Headers of model files, made as the libraries write them."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

from core.headers.header import Tensor

Shapes = Mapping[str, tuple[int, ...]]


def tensors(shapes: Shapes) -> dict[str, Tensor]:
    """Return tensors of these shapes."""
    return {name: Tensor("F16", shape) for name, shape in shapes.items()}


def safetensors(shapes: Shapes, metadata: Mapping[str, str] | None = None, *, spaces: int = 0, body: int = 0) -> bytes:
    """Return a whole file of F16 tensors; ``body`` bytes are added to or missing from its end."""
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": metadata}
    end = 0
    for name, shape in shapes.items():
        begin = end
        size = 2
        for side in shape:
            size *= side
        end += size
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [begin, end]}
    return with_header(json.dumps(header).encode() + b" " * spaces) + b"\1" * (end + body)


def with_header(header: bytes) -> bytes:
    """Return a header with its length before it."""
    return struct.pack("<Q", len(header)) + header


def gguf(metadata: Mapping[str, Any], *, order: str = "<", version: int = 3) -> bytes:
    """Return a GGUF file with one F32 tensor of 16 elements."""
    body = b"".join(_text(order, name) + _value(order, value) for name, value in metadata.items())
    head = b"GGUF" + struct.pack(f"{order}IQQ", version, 1, len(metadata)) + body
    head += _text(order, "blk.0.weight") + struct.pack(f"{order}IQIQ", 1, 16, 0, 0)
    return head + b"\0" * (-len(head) % 32) + b"\1" * 64


def _text(order: str, text: str) -> bytes:
    return struct.pack(f"{order}Q", len(text.encode())) + text.encode()


def _value(order: str, value: Any) -> bytes:
    if isinstance(value, bool):
        return struct.pack(f"{order}I?", 7, value)
    if isinstance(value, int):
        return struct.pack(f"{order}II", 4, value)
    if isinstance(value, float):
        return struct.pack(f"{order}If", 6, value)
    if isinstance(value, list):
        inner = b"".join(_text(order, one) for one in value)
        return struct.pack(f"{order}IIQ", 9, 8, len(value)) + inner
    return struct.pack(f"{order}I", 8) + _text(order, value)
