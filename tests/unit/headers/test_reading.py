"""Headers of safetensors and GGUF files, sound and hostile."""

from __future__ import annotations

import io
import struct
import tracemalloc
from collections.abc import Callable
from typing import BinaryIO

import pytest

from core.headers import gguf, safetensors
from core.headers.header import Header, HeaderUnreadable, Tensor
from tests.support import model_headers as made


def read(module: Callable[[BinaryIO, int], Header], data: bytes, size: int | None = None) -> Header:
    return module(io.BytesIO(data), len(data) if size is None else size)


def test_safetensors() -> None:
    data = made.safetensors({"a.weight": (2, 3), "b": ()}, {"modelspec.title": "Ink"}, spaces=100)
    header = read(safetensors.read, data)
    assert header.metadata == {"modelspec.title": "Ink"}
    assert header.tensors == {"a.weight": Tensor("F16", (2, 3)), "b": Tensor("F16", ())}
    assert (header.size, data[header.body :]) == (len(data), b"\1" * 14)


def test_the_size_a_file_must_have_is_known_without_its_body() -> None:
    cut = made.safetensors({"a": (4,)}, body=-3)
    assert read(safetensors.read, cut).size == len(cut) + 3
    assert read(safetensors.read, made.safetensors({"a": (4,)}, body=5)).size == len(cut) + 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "too short for a header"),
        (b"\0" * 8, "too short for a header"),
        (struct.pack("<Q", 2**63) + b"{}", "claims 9223372036854775808 bytes, more than the file has"),
        (struct.pack("<Q", 50) + b"{}", "claims 50 bytes, more than the file has"),
        (made.with_header(b"no json"), "not JSON"),
        (made.with_header(b"[1, 2]"), "a list, not an object"),
        (made.with_header(b'{"a": 1, "a": 2}'), "twice in one object"),
        (made.with_header(b'{"a": "\xff"}'), "not UTF-8"),
        (made.with_header(b'{"a":' * 50 + b"1" + b"}" * 50), "nested more than 8 levels"),
        (made.with_header(b'{"__metadata__": {"a": 1}}'), "metadata that is not text"),
        (made.with_header(b'{"a": {"dtype": "F16", "shape": [1]}}'), "has no type, shape and offsets"),
        (made.with_header(b'{"a": {"dtype": "F16", "shape": [-1], "data_offsets": [0, 2]}}'), "has no type, shape"),
        (made.with_header(b'{"a": {"dtype": "F16", "shape": [true], "data_offsets": [0, 2]}}'), "has no type, shape"),
        (made.with_header(b'{"a": {"dtype": "F16", "shape": [1], "data_offsets": [2, 0]}}'), "ends before it begins"),
    ],
)
def test_a_header_that_is_none_is_told_in_short(data: bytes, reason: str) -> None:
    with pytest.raises(HeaderUnreadable, match=reason) as refused:
        read(safetensors.read, data)
    assert not refused.value.unread


def test_a_header_that_is_too_large_is_not_read() -> None:
    with pytest.raises(HeaderUnreadable, match="too large to be read") as refused:
        read(safetensors.read, struct.pack("<Q", 64 << 20) + b"{", size=1 << 40)
    assert refused.value.unread


def test_a_header_of_spaces_costs_no_more_than_its_length() -> None:
    data = made.with_header(b"{}" + b" " * (16 << 20))
    tracemalloc.start()
    try:
        assert read(safetensors.read, data).tensors == {}
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("order", "version"), [("<", 3), ("<", 2), (">", 3)])
def test_gguf(order: str, version: int) -> None:
    metadata = {"general.name": "Ink", "general.file_type": 7, "x": True, "y": 0.5, "general.tags": ["a", "b"]}
    data = made.gguf(metadata, order=order, version=version)
    header = read(gguf.read, data)
    assert header.metadata == metadata
    assert header.tensors == {"blk.0.weight": Tensor("F32", (16,))}
    assert (header.size, len(data) - header.body) == (len(data), 64)


_HEAD = b"GGUF" + struct.pack("<IQQ", 3, 0, 1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\3\4", "does not begin as a GGUF file"),
        (b"GGUF" + struct.pack("<I", 1), "a version of GGUF other than 2 and 3"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60), "claims 1152921504606846976 entries"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0), "claims 1152921504606846976 entries"),
        (_HEAD + struct.pack("<Q", 2**62), "more than the file has left"),
        (_HEAD + struct.pack("<Q", 1) + b"k" + struct.pack("<I", 99), "unknown type 99"),
        (_HEAD + struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, 4, 2**61), "more than the file has left"),
        (_HEAD + struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, 8, 2**61), "more than the file has left"),
        (_HEAD + struct.pack("<Q", 1) + b"k" + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 9, "unknown type 9"),
        (_HEAD[:-3], "more than the file has left"),
    ],
)
def test_a_gguf_header_that_is_none_is_told_in_short(data: bytes, reason: str) -> None:
    with pytest.raises(HeaderUnreadable, match=reason):
        read(gguf.read, data)


def test_a_vocabulary_is_skipped() -> None:
    data = made.gguf({"tokens": [f"word {n}" for n in range(5000)], "general.name": "Ink"})
    header = read(gguf.read, data)
    assert (len(header.metadata["tokens"]), header.metadata["general.name"]) == (1000, "Ink")


@pytest.mark.parametrize("cut", range(4, 120, 7))
def test_a_gguf_file_cut_anywhere_in_its_header_is_unreadable(cut: int) -> None:
    data = made.gguf({"general.name": "Ink", "general.tags": ["a"]})
    with pytest.raises(HeaderUnreadable):
        read(gguf.read, data[:cut])
