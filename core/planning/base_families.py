"""Families of base models: what sidecars and headers call a base model, beside what tensors show.

Fine-tunes that many tools list as base models of their own (Pony, Illustrious, NoobAI) belong to the family they were
trained from: their tensors cannot be told from it.
"""

from __future__ import annotations

import re

# The first that fits a name in lower case without spaces, dots, hyphens and underscores.
_FAMILIES = (
    ("Flux.2", r"flux2|klein"),
    ("Krea 2", r"^krea2"),
    ("Flux.1", r"^flux|fluxdev|fluxschnell"),
    ("Chroma", r"^chroma"),
    ("HunyuanVideo", r"^hunyuanvideo|^hyvid"),
    ("HunyuanDiT", r"^hunyuan(dit|1)"),
    ("Qwen-Image", r"^qwen"),
    ("Anima", r"^anima($|preview|\d)"),
    ("Wan", r"^wan"),
    ("Z-Image", r"^zimage"),
    ("Lumina 2", r"^lumina"),
    ("HiDream", r"^hidream"),
    ("ERNIE-Image", r"^ernie"),
    ("LTX-2", r"^ltxv?2"),
    ("LTX", r"^ltx"),
    ("SD 3", r"^sd3|^stablediffusion(v)?3"),
    ("PixArt", r"^pixart"),
    ("AuraFlow", r"^aura"),
    ("Mochi", r"^mochi"),
    ("Cosmos", r"^cosmos"),
    ("CogVideoX", r"^cogvideo"),
    ("SDXL", r"sdxl|^xl|^pony|^illustrious|^noob|diffusion(v)?xl|xlv1"),
    ("SD 2.x", r"^sd(v)?2|^stablediffusion(v)?2"),
    ("SD 1.x", r"^sd(v)?1|^stablediffusion(v)?1"),
)
_IGNORED = re.compile(r"[\s._-]+")


def folded(name: str) -> str:
    """Return a base model's name without case, spaces and punctuation, as names are compared."""
    return _IGNORED.sub("", name.casefold().removeprefix("sdversion."))


def family_of(name: str) -> str | None:
    """Return the family of a base model, by what any tool calls it; None where it is not known."""
    wanted = folded(name)
    return next((family for family, pattern in _FAMILIES if re.search(pattern, wanted)), None)


def base_or_family(name: str) -> str:
    """Return the family of a base model, or its name where the family is not known."""
    return family_of(name) or name


def contradict(claimed: str, shown: str) -> bool:
    """Return whether what is claimed and what the tensors show are of two families that are both known."""
    families = family_of(claimed), family_of(shown)
    return None not in families and families[0] != families[1]
