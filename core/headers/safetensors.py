"""The header of a safetensors file: 8 bytes with its length (little-endian), then JSON.

https://github.com/huggingface/safetensors#format; the library itself takes headers of up to 100,000,000 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from core.headers.header import Header, HeaderUnreadable, Tensor
from core.strict_json import parse_json_object

MAX_BYTES = 32 << 20
_LENGTH = 8
_MAX_DEPTH = 8


def read(file: BinaryIO, size: int) -> Header:
    """Read the header of a file of ``size`` bytes. Raises HeaderUnreadable, OSError."""
    length = int.from_bytes(file.read(_LENGTH), "little")
    if size < _LENGTH or length < 2:
        raise HeaderUnreadable("too short for a header")
    if _LENGTH + length > size:
        raise HeaderUnreadable(f"the header claims {length} bytes, more than the file has")
    if length > MAX_BYTES:
        raise HeaderUnreadable(f"a header of {length} bytes, which is too large to be read", unread=True)
    found = _parsed(file.read(length), length)
    metadata = found.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise HeaderUnreadable("metadata that is not text by name")
    tensors, end = {}, 0
    for name, value in found.items():
        tensors[name], last = _tensor(name, value)
        end = max(end, last)
    return Header(metadata, tensors, _LENGTH + length, _LENGTH + length + end)


def _parsed(data: bytes, length: int) -> dict[str, Any]:
    if len(data) < length:
        raise HeaderUnreadable("the file ends inside its header")
    try:
        return parse_json_object(data.rstrip(b" ").decode(), _MAX_DEPTH)
    except UnicodeDecodeError:
        raise HeaderUnreadable("a header that is not UTF-8") from None
    except ValueError as error:
        raise HeaderUnreadable(f"a header that is {error}") from None


def _tensor(name: str, value: Any) -> tuple[Tensor, int]:
    """Return a tensor and where its bytes end, counted from the header's end."""
    entry: Mapping[str, Any] = value if isinstance(value, dict) else {}
    dtype, shape, offsets = entry.get("dtype"), _sizes(entry.get("shape")), _sizes(entry.get("data_offsets"))
    if not isinstance(dtype, str) or shape is None or offsets is None or len(offsets) != 2:
        raise HeaderUnreadable(f"the tensor {name[:80]!r} has no type, shape and offsets")
    if offsets[0] > offsets[1]:
        raise HeaderUnreadable(f"the tensor {name[:80]!r} ends before it begins")
    return Tensor(dtype, shape), offsets[1]


def _sizes(value: Any) -> tuple[int, ...] | None:
    if isinstance(value, list) and all(type(one) is int and one >= 0 for one in value):
        return tuple(value)
    return None
