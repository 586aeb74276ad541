"""Comparison lines that can be edited in a manual merge, and what editing one of them picks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from core.domain.enums import Action
from core.domain.knowledge import Knowledge
from core.domain.plans import Plan
from core.domain.records import Model, PendingImport
from core.domain.resolution import Resolution
from core.planning.resolution import available_sources, cycle_source
from tui.presenters.image_labels import incoming_labels
from tui.presenters.plan_lines import Change, EditKind, EditTarget, FieldLine, lines_in_order

_FACTS = frozenset({("path",), ("size_bytes",), ("created_at",)})


def with_next_source(picks: Resolution, plan: Plan, target: EditTarget, known: Knowledge) -> Resolution:
    """Return the picks with one field's source cycled, or one tag or image toggled; unchanged if impossible."""
    if target.part is EditKind.TAG:
        return picks.toggle_tag(target.path[0])
    if target.part is EditKind.IMAGE:
        return picks.toggle_image(target.path[0])
    field = next(field for field in plan.fields if field.path == target.path)
    stated = [one.statement.value for one in known.sources.get(".".join(field.path[1:]), ())]
    return cycle_source(picks, field, stated, plan.action_taken)


def editable_lines(
    plan: Plan, pending: PendingImport, existing: Model | None, resolution: Resolution
) -> list[FieldLine]:
    """Return a comparison in an order that editing a line does not change: differing values, then identical ones.

    Facts about the file, such as the path, come after the other differing values. Nested metadata is a tree, and each
    tag and image that may be left out has its own line.
    """
    lines = lines_in_order(plan, pending, existing, resolution)
    if plan.action_taken in (Action.DELETED, Action.IGNORED):
        return lines
    same = {
        field.path
        for field in plan.fields
        if existing and not available_sources(field.path, field.existing, field.pending)
    }
    differing = [line for line in lines if line.target and line.target.path not in same | _FACTS]
    facts = [line for line in lines if line.target and line.target.path in _FACTS - same]
    parts = [part for line in lines if line.target is None for part in _with_parts(line, plan, pending)]
    equal = [line for line in lines if line.target and line.target.path in same]
    return [*_as_tree(differing), *parts, *facts, *_as_tree(equal)]


def _as_tree(lines: Sequence[FieldLine]) -> Iterator[FieldLine]:
    """Group fields of the same metadata object below a line with its name."""
    for above, group in groupby(lines, key=lambda line: line.target.path[1:-1] if line.target else ()):
        together = list(group)
        if not above or len(together) < 2:
            yield from together
            continue
        yield FieldLine(".".join(above), "", "", "", Change.SHOWN)
        for line in together:
            yield replace(line, label=f"  {line.target.path[-1]}" if line.target else line.label)


def _with_parts(line: FieldLine, plan: Plan, pending: PendingImport) -> Iterator[FieldLine]:
    yield line
    if line.label == "tags":
        for name in sorted((*plan.tags.added, *plan.tags.left_out)):
            out = name in plan.tags.left_out
            result, change = ("left out", Change.LEFT_OUT) if out else (name, Change.COMES)
            yield FieldLine("  tag", "", name, result, change, EditTarget(EditKind.TAG, (name,)), picked=out)
    elif line.label == "images":
        labels = incoming_labels(pending, plan)
        for n, (image, (words, _)) in enumerate(zip(pending.images, labels, strict=True)):
            change = _image_change(image.file, plan)
            target = None if image.file in plan.images.refused else EditTarget(EditKind.IMAGE, (image.file,))
            yield FieldLine(f"  image {n}", "", "", words[2:], change, target, picked=change is Change.LEFT_OUT)


def _image_change(file: str, plan: Plan) -> Change:
    if file in plan.images.left_out:
        return Change.LEFT_OUT
    if file in plan.images.refused:
        return Change.GOES
    return Change.SAME if file in plan.images.duplicate else Change.COMES
