"""What the tests of sidecars share: a look at what a file states."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from core.domain.statements import Sidecar, SourceTier
from core.importing.sidecars.builder import About

MODEL = About("ink.v2.safetensors", "ab" * 32)


def as_json(value: Any, **options: Any) -> bytes:
    """Return JSON as bytes, without ASCII escapes unless asked for."""
    return json.dumps(value, ensure_ascii=False, **options).encode()


def stated(
    read: Callable[[bytes, About], Sidecar], data: bytes | dict[str, Any], about: About = MODEL
) -> dict[str, Any]:
    """Return the first value that a file states for each field."""
    sidecar = read(data if isinstance(data, bytes) else as_json(data), about)
    return by_field(sidecar)


def by_field(sidecar: Sidecar) -> dict[str, Any]:
    """Return the first value for each field."""
    found: dict[str, Any] = {}
    for one in sidecar.statements:
        found.setdefault(one.field, one.value)
    return found


def tiers(sidecar: Sidecar) -> dict[str, SourceTier]:
    """Return the tier of the first value for each field."""
    found: dict[str, SourceTier] = {}
    for one in sidecar.statements:
        found.setdefault(one.field, one.tier)
    return found
