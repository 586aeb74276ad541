"""What an image was made with, in words."""

from __future__ import annotations

from core.domain.generation import Generation


def settings_words(generation: Generation) -> str:
    """Return tool, sampler, seed and model on one line, without the prompts."""
    found: tuple[str, ...] = (
        generation.tool,
        generation.model,
        ", ".join(generation.loras),
        "" if generation.steps is None else f"{generation.steps} steps",
        " ".join(filter(None, (generation.sampler, generation.scheduler))),
        "" if generation.cfg is None else f"CFG {generation.cfg:g}",
        "" if generation.seed is None else f"seed {generation.seed}",
        generation.size,
    )
    return " · ".join(filter(None, found))
