"""A plan in words and numbers: the lines of a comparison, and the sentence above it. No widgets here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from core.domain.enums import Action, Side
from core.domain.plans import FieldPlan, Plan
from core.domain.records import Model, PendingImport
from core.domain.resolution import NO_OVERRIDES, Resolution
from core.merger import json_equal
from core.planning.resolution import combine
from core.text import count_of
from tui.presenters.formatting import label_of, value_text
from tui.theme.palette import AMBER, BLUE, GREY, RED, TEAL, TEXT

Span = tuple[str, str]
"""A piece of text and its colour."""


class Change(Enum):
    """What happens to one field."""

    KEPT = "kept"
    FILLED = "filled"
    OVERWRITTEN = "overwritten"
    EMPTIED = "emptied"
    COMBINED = "combined"
    LEFT_OUT = "left out"
    SAME = "same"
    COMES = "comes"
    GOES = "goes"
    SHOWN = "shown"


SIGN = {  # ▶ and ✕ only where something is lost, so that it is visible without colours
    Change.KEPT: "◀",
    Change.FILLED: "+",
    Change.OVERWRITTEN: "▶",
    Change.EMPTIED: "✕",
    Change.COMBINED: "+",
    Change.LEFT_OUT: "-",
    Change.SAME: "=",
    Change.COMES: "+",
    Change.GOES: "✕",
    Change.SHOWN: " ",
}
TONE = {
    Change.KEPT: GREY,
    Change.FILLED: TEAL,
    Change.OVERWRITTEN: AMBER,
    Change.EMPTIED: AMBER,
    Change.COMBINED: TEAL,
    Change.LEFT_OUT: GREY,
    Change.SAME: GREY,
    Change.COMES: TEAL,
    Change.GOES: RED,
    Change.SHOWN: GREY,
}
_LATER = {Change.KEPT: 1, Change.LEFT_OUT: 1, Change.SAME: 2}


class EditKind(Enum):
    """The subject of a comparison line, which determines what can be picked there."""

    FIELD = "field"
    TAG = "tag"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class EditTarget:
    """A field by its path, a tag of the import by its name, or an image of the import by its file."""

    part: EditKind
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One line of a comparison. The texts are data: sanitize them before drawing.

    ``picked`` means that the result was chosen manually.
    """

    label: str
    existing: str
    pending: str
    result: str
    change: Change
    target: EditTarget | None = None
    picked: bool = False


def field_lines(
    plan: Plan, pending: PendingImport, existing: Model | None, resolution: Resolution = NO_OVERRIDES
) -> list[FieldLine]:
    """Return the comparison of a plan: first changes, then kept values, then identical values."""
    lines = lines_in_order(plan, pending, existing, resolution)
    return sorted(lines, key=lambda line: _LATER.get(line.change, 0))  # stable: the plan's order within each part


def lines_in_order(
    plan: Plan, pending: PendingImport, existing: Model | None, resolution: Resolution
) -> list[FieldLine]:
    """Return the comparison of a plan in the plan's own order, tags and images last."""
    if plan.action_taken is Action.DELETED:
        return record_lines(pending, Change.GOES)
    if plan.action_taken is Action.IGNORED:
        return record_lines(pending, Change.SHOWN)
    picked = resolution.chosen if existing is not None else {path for path, _ in resolution.values}
    lines = [_field_line(field, plan.action_taken, field.path in picked) for field in plan.fields]
    lines = [line for line in lines if line.existing or line.pending or line.result]
    tags, images = _tag_line(plan, pending), _image_line(plan, len(pending.images), existing is not None)
    return [*lines, *(line for line in (tags, images) if line is not None)]


def record_lines(pending: PendingImport, change: Change) -> list[FieldLine]:
    """Return the values of a pending import that is not compared with anything."""
    values: list[tuple[tuple[str, ...], Any]] = [
        (("path",), pending.path),
        (("name",), pending.name),
        (("type",), pending.type),
        (("size_bytes",), pending.size_bytes),
        (("created_at",), pending.created_at),
        *_leaves(("meta_json",), pending.meta_json),
        (("tags",), list(pending.tags)),
        (("images",), [image.n for image in pending.images]),
    ]
    texts = [(label_of(path), value_text(path, value)) for path, value in values]
    return [FieldLine(label, "", text, text, change) for label, text in texts if text]


def _leaves(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(value, Mapping):
        yield path, value
        return
    for key, inner in value.items():
        yield from _leaves((*path, str(key)), inner)


def _field_line(field: FieldPlan, action: Action, picked: bool) -> FieldLine:
    existing, pending, result = (value_text(field.path, v) for v in (field.existing, field.pending, field.result))
    target = EditTarget(EditKind.FIELD, field.path)
    return FieldLine(label_of(field.path), existing, pending, result, change_of(field, action), target, picked)


def change_of(field: FieldPlan, action: Action) -> Change:
    """Return what a plan does to one field."""
    if action is Action.INSERTED:
        return Change.COMES
    if field.side is Side.EXISTING:
        return Change.KEPT if value_text(field.path, field.existing) else Change.LEFT_OUT
    if field.side is Side.PENDING:
        return _incoming_wins(field, action)
    if field.existing == field.pending == field.result:
        return Change.SAME
    if not value_text(field.path, field.existing):
        return Change.FILLED
    return Change.COMBINED if _is_combined(field) else Change.OVERWRITTEN  # by what another source says


def _incoming_wins(field: FieldPlan, action: Action) -> Change:
    if not value_text(field.path, field.existing):
        return Change.FILLED if value_text(field.path, field.pending) else Change.SAME
    if action is Action.MERGED and _adds_only(field):
        return Change.COMBINED if isinstance(field.existing, list) else Change.FILLED
    return Change.OVERWRITTEN if value_text(field.path, field.result) else Change.EMPTIED


def _adds_only(field: FieldPlan) -> bool:
    """Return whether the incoming value loses nothing: a list that contains the library's items, or a new path.

    The previous path stays known as a location of the model.
    """
    if field.path == ("path",):
        return True
    both = isinstance(field.existing, list) and isinstance(field.result, list)
    return both and all(any(json_equal(mine, item) for item in field.result) for mine in field.existing)


def _is_combined(field: FieldPlan) -> bool:
    """Return whether the result is both values as one, or a list with all of the library's items."""
    if isinstance(field.existing, str) and isinstance(field.pending, str):
        return json_equal(field.result, combine(field.existing, field.pending))
    return _adds_only(field)


def _tag_line(plan: Plan, pending: PendingImport) -> FieldLine | None:
    if not plan.tags.kept and not plan.tags.added:
        return None
    kept, added = ", ".join(plan.tags.kept), ", ".join(plan.tags.added)
    if plan.action_taken is Action.INSERTED:
        return FieldLine("tags", "", added, added, Change.COMES)
    change = Change.COMBINED if added else Change.KEPT
    result = " + ".join(part for part in (kept, added) if part)
    return FieldLine("tags", kept, ", ".join(sorted(pending.tags)), result, change)


def _image_line(plan: Plan, incoming: int, conflict: bool) -> FieldLine | None:
    images = plan.images
    old = sorted((*images.kept, *images.replaced))
    if not old and not incoming:
        return None
    if images.replaced:
        parts = (
            f"new {numbers((*images.replaced, *images.added))}",
            f"kept {numbers(images.kept)}" if images.kept else "",
        )
        result = " · ".join(part for part in parts if part)
    else:
        result = " + ".join(part for part in (numbers(images.kept), numbers(images.added)) if part)
    notes = [f"{len(images.duplicate)} already there"] if images.duplicate else []
    notes += [f"{len(images.refused)} refused"] if images.refused else []
    notes += [f"{len(images.left_out)} left out"] if images.left_out else []
    comes = " · ".join([numbers(range(incoming)), *notes] if incoming else notes)
    if not conflict:
        return FieldLine("images", "", comes, numbers(images.added), Change.COMES)
    change = Change.OVERWRITTEN if images.replaced else Change.COMBINED if images.added else Change.KEPT
    return FieldLine("images", numbers(old), comes, result, change)


def numbers(values: Sequence[int]) -> str:
    """Return sequence numbers for display: ``0 1 2``, or ``0-11`` if there are many."""
    if len(values) > 8 and values[-1] - values[0] == len(values) - 1:
        return f"{values[0]}-{values[-1]}"
    return " ".join(map(str, values))


def in_numbers(plan: Plan, pending: PendingImport) -> list[Span]:
    """Return a short, coloured summary of what the plan would do."""
    if plan.action_taken is Action.IGNORED:
        return [("nothing changes", GREY), ("it stays in the queue", GREY)]
    if plan.action_taken is Action.DELETED:
        brings = _joined([(len(pending.tags), "tag"), (len(pending.images), "image")])
        goes = f"this import goes away, with its {brings}" if brings else "this import goes away"
        return [(goes, RED), ("the model file stays where it is", GREY)]
    counts = dict.fromkeys(Change, 0)
    for field in plan.fields:
        if any(value_text(field.path, v) for v in (field.existing, field.pending, field.result)):
            counts[change_of(field, plan.action_taken)] += 1
    if plan.action_taken is Action.INSERTED:
        comes = [(counts[Change.COMES], "field"), (len(plan.tags.added), "tag"), (len(plan.images.added), "image")]
        return [("new in the library", TEAL), (f"{_joined(comes)} added", TEXT), *_not_taken(plan)]
    merged = [(f"into {plan.alias_of[:8]}, which has the same weights", BLUE)] if plan.alias_of else []
    return [*merged, *_conflict(plan, counts), *_not_taken(plan)]


def _conflict(plan: Plan, counts: Mapping[Change, int]) -> list[Span]:
    # What is lost comes first: a narrow terminal cuts the end off.
    lost = overwritten(plan)
    spans: list[Span] = [(f"{_joined(lost)} overwritten", AMBER) if lost else ("nothing overwritten", TEXT)]
    if kept := counts[Change.KEPT] + counts[Change.SAME]:
        spans.append((f"{count_of(kept, 'field')} kept", TEXT))
    if counts[Change.FILLED]:
        spans.append((f"{counts[Change.FILLED]} filled", TEAL))
    if counts[Change.COMBINED]:
        spans.append((f"{counts[Change.COMBINED]} combined", TEAL))
    if added := _joined([(len(plan.tags.added), "tag"), (len(plan.images.added), "image")]):
        spans.append((f"{added} added", TEAL))
    if counts[Change.LEFT_OUT]:
        spans.append((f"{count_of(counts[Change.LEFT_OUT], 'field')} left out", TEXT))
    return spans


def overwritten(plan: Plan) -> list[tuple[int, str]]:
    """Return how many fields and images of the library a plan overwrites or empties, without zeros.

    A merge does so only by manual choice.
    """
    pairs = (len(overwritten_fields(plan)), "field"), (len(plan.images.replaced), "image")
    return [pair for pair in pairs if pair[0]]


def overwritten_fields(plan: Plan) -> list[str]:
    """Return the names of the library's fields that a plan overwrites or empties."""
    if plan.action_taken not in (Action.OVERRIDDEN, Action.MERGED):
        return []
    lost = (Change.OVERWRITTEN, Change.EMPTIED)
    return [label_of(field.path) for field in plan.fields if change_of(field, plan.action_taken) in lost]


def _not_taken(plan: Plan) -> list[Span]:
    images, spans = plan.images, list[Span]()
    if left_out := _joined([(len(plan.tags.left_out), "tag"), (len(images.left_out), "image")]):
        spans.append((f"{left_out} left out", TEXT))
    if images.duplicate:
        spans.append((f"{count_of(len(images.duplicate), 'image')} already there", GREY))
    if images.refused:
        spans.append((f"{count_of(len(images.refused), 'image')} refused", RED))
    return spans


def _joined(pairs: Sequence[tuple[int, str]]) -> str:
    words = [count_of(number, noun) for number, noun in pairs if number]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
