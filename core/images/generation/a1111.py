"""The parameters that AUTOMATIC1111, Forge and SD.Next write as text.

The prompt, then ``Negative prompt: …``, then one line ``Steps: 20, Sampler: Euler a, …``; values with commas are quoted
as in JSON. (AUTOMATIC1111 1.10, modules/infotext_utils.py)
"""

from __future__ import annotations

import json
import re

from core.domain.generation import Generation, GenerationTool
from core.images.generation import values

_NEGATIVE = "Negative prompt:"
_FIRST = "Steps: "
_PAIR = re.compile(r' *([\w][\w /-]{0,60}): *("(?:[^"\\]|\\.)*+"|[^,]*+)(?:,|$)')
_LORA = re.compile(r"<lora:([^:<>]{1,200})")
_SIZE = re.compile(r"([0-9]{1,6})x([0-9]{1,6})")


def read(text: str) -> Generation | None:
    """Return the parameters, or None if ``text`` is something else."""
    lines = text.strip().split("\n")
    last = next((n for n in range(len(lines) - 1, -1, -1) if lines[n].startswith(_FIRST)), None)
    if last is None:
        return None
    said = {key: _unquoted(value) for key, value in _PAIR.findall(lines[last])}
    above = "\n".join(lines[:last])
    prompt, _, negative = ("\n" + above).partition(f"\n{_NEGATIVE}")
    size = _SIZE.fullmatch(said.get("Size", ""))
    return Generation(
        GenerationTool.A1111,
        values.words(prompt),
        values.words(negative),
        values.count(said.get("Steps")),
        values.name(said.get("Sampler")),
        values.name(said.get("Schedule type")),
        values.decimal(said.get("CFG scale")),
        values.seed(said.get("Seed")),
        values.size(size[1], size[2]) if size else "",
        values.name(said.get("Model")),
        values.name(said.get("Model hash")),
        _loras(said.get("Lora hashes", ""), prompt),
    )


def _unquoted(value: str) -> str:
    value = value.strip()
    if not value.startswith('"'):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        return value.strip('"')
    return found if isinstance(found, str) else value


def _loras(hashes: str, prompt: str) -> tuple[str, ...]:
    """Return the names of the LoRAs in ``Lora hashes`` and in the prompt."""
    hashed = (part.partition(":")[0].strip() for part in hashes.split(","))
    names = (values.name(one) for one in (*hashed, *_LORA.findall(prompt)))
    return tuple(dict.fromkeys(filter(None, names)))
