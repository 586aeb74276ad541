"""Strict parsing of untrusted JSON: values that could not be written back unchanged are rejected.

Python's parser accepts NaN, keeps the last of two equal keys, and produces strings that UTF-8 cannot encode. Each
would silently change or lose data.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

MAX_DEPTH = 200
_MOST_DIGITS = len(str(-(2**63)))
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
# Whole strings are matched, so that brackets inside them do not count; possessively, so that none is scanned twice.
_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def parse_json_object(text: str, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Return the JSON object in ``text``, with keys in document order.

    Raises ValueError with a short reason, as ``parse_json`` does, and for any other JSON value.
    """
    value = parse_json(text, max_depth)
    if not isinstance(value, dict):
        raise ValueError(f"JSON, but {_kind(value)}, not an object")
    return value


def parse_json(text: str, max_depth: int = MAX_DEPTH) -> Any:
    """Return the JSON value in ``text``.

    Raises ValueError with a short reason: not JSON, NaN or an infinite number, an integer outside 64 bits, a duplicate
    key in an object, a lone surrogate, or lists and objects nested more than ``max_depth`` levels deep.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("text that is not Unicode") from None
    if _too_deep(text, max_depth):
        raise ValueError(f"nested more than {max_depth} levels deep")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg}, character {error.pos + 1})") from None
    if _SURROGATE.search(text):
        _refuse_lone_surrogates(value)
    return value


def _too_deep(text: str, max_depth: int) -> bool:
    if text.count("[") + text.count("{") <= max_depth:
        return False
    depth = 0
    for match in _BRACKET.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > max_depth:
                return True
        elif match[0] in "]}":
            depth -= 1
    return False


def _integer(digits: str) -> int:
    # Check the length first: Python refuses to convert thousands of digits, and is slow just below that limit.
    if len(digits) > _MOST_DIGITS or not -(2**63) <= int(digits) < 2**63:
        raise ValueError("an integer outside 64 bits")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError("a number too large for a double")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {json.dumps(key[:60])} twice in one object")
        found[key] = value
    return found


_DECODER = json.JSONDecoder(
    parse_int=_integer, parse_float=_number, parse_constant=_constant, object_pairs_hook=_object
)


def _refuse_lone_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate, which no text can hold") from None


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "a list"
    return "a text" if isinstance(value, str) else "a number"
