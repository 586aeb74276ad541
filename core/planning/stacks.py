"""Stacks: files of one training, such as its epochs, and the precisions of one model. Pure functions."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

# What the names of one training's files differ by: its steps and epochs, versions, precisions.
_COUNTED = re.compile(
    r"[-_ .]*(?:(?:step|epoch|e|s)[-_ ]?\d+|\d+ ?(?:ep|epochs?|steps?)|(?<=[-_])\d{6}|v\d+(?:\.\d+)*"
    r"|fp16|bf16|fp32|fp8(?:[-_]?e\dm\d(?:fn)?)?|f16|nf4|q\d(?:_\d|_k(?:_[sml])?)|pruned|ema(?:only)?)(?=[-_ .]|$)"
)


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    """What tells which training a file comes from, '' where unknown: what its trainer wrote, its name, its tensors.

    ``tensors`` is a digest of the names and shapes of its tensors. ``epoch`` and ``steps`` are 0 where unknown.
    """

    session: str
    started: str
    output: str
    file_name: str
    tensors: str
    epoch: int = 0
    steps: int = 0


def stack_of(facts: TrainingFacts) -> tuple[str, ...] | None:
    """Return what all files of one training have in common, None where nothing tells.

    Files of different sessions are never in one stack. A name counts only for files of equal tensors.
    """
    if facts.session:
        return "session", facts.session
    if facts.started and facts.output:
        return "run", facts.started, facts.output
    return ("name", common_name(facts.file_name), facts.tensors) if facts.tensors else None


def place_in_stack(facts: TrainingFacts) -> tuple[bool, int, int, str]:
    """Return the place of a file in its stack, for sorting: by epoch, then by step; the final file is the last one.

    A file whose name counts nothing is the final one.
    """
    stem, _ = os.path.splitext(facts.file_name.casefold())
    return common_name(facts.file_name) == stem, facts.epoch, facts.steps, stem


def common_name(file_name: str) -> str:
    """Return a file's name, folded, without its suffix and without what counts epochs, versions or precisions."""
    stem, _ = os.path.splitext(file_name.casefold())
    return _COUNTED.sub("", stem).strip("-_ .")
