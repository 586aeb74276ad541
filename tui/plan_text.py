"""What a plan says in words and numbers: the lines of a comparison, and the one sentence above it. No widgets here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from core.display import size
from core.records import Action, FieldPlan, ImagePlan, Model, PendingImport, Plan, Side
from tui.palette import AMBER, GREY, RED, TEAL, TEXT

Piece = tuple[str, str]
"""A few words, and the colour they are shown in."""


class Change(Enum):
    """What happens to one field."""

    KEPT = "kept"
    FILLED = "filled"
    OVERWRITTEN = "overwritten"
    EMPTIED = "emptied"
    COMBINED = "combined"
    SAME = "same"
    COMES = "comes"
    GOES = "goes"
    SHOWN = "shown"


SIGN = {
    Change.KEPT: "◀",
    Change.FILLED: "▶",
    Change.OVERWRITTEN: "▶",
    Change.EMPTIED: "✕",
    Change.COMBINED: "+",
    Change.SAME: "=",
    Change.COMES: "▶",
    Change.GOES: "✕",
    Change.SHOWN: " ",
}
TONE = {
    Change.KEPT: GREY,
    Change.FILLED: TEAL,
    Change.OVERWRITTEN: AMBER,
    Change.EMPTIED: AMBER,
    Change.COMBINED: TEAL,
    Change.SAME: GREY,
    Change.COMES: TEAL,
    Change.GOES: RED,
    Change.SHOWN: GREY,
}
_LATER = {Change.KEPT: 1, Change.SAME: 2}


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One line of a comparison. The texts are data: whoever draws them makes them plain."""

    label: str
    existing: str
    pending: str
    result: str
    change: Change


def field_lines(plan: Plan, pending: PendingImport, existing: Model | None) -> list[FieldLine]:
    """Return the comparison of a plan: first what changes, then what is kept, then what is the same anyway."""
    if plan.action_taken is Action.DELETED:
        return record_lines(pending, Change.GOES)
    if plan.action_taken is Action.IGNORED:
        return record_lines(pending, Change.SHOWN)
    lines = [_field_line(field, plan.action_taken) for field in plan.fields]
    lines = [line for line in lines if line.existing or line.pending or line.result]
    if tags := _tag_line(plan, pending):
        lines.append(tags)
    if images := _image_line(plan, len(pending.images), existing is not None):
        lines.append(images)
    return sorted(lines, key=lambda line: _LATER.get(line.change, 0))  # stable: the plan's order within each part


def record_lines(pending: PendingImport, change: Change) -> list[FieldLine]:
    """Return what a pending import brings, where there is nothing to compare it with."""
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


def _field_line(field: FieldPlan, action: Action) -> FieldLine:
    existing, pending, result = (value_text(field.path, v) for v in (field.existing, field.pending, field.result))
    return FieldLine(label_of(field.path), existing, pending, result, change_of(field, action))


def change_of(field: FieldPlan, action: Action) -> Change:
    """Return what a plan does to one field."""
    if action is Action.INSERTED:
        return Change.COMES
    if field.side is Side.EXISTING:
        return Change.KEPT
    if field.side is Side.BOTH:
        return Change.SAME if field.existing == field.pending == field.result else Change.COMBINED
    return _incoming_wins(field, action)


def _incoming_wins(field: FieldPlan, action: Action) -> Change:
    if not value_text(field.path, field.existing):
        return Change.FILLED if value_text(field.path, field.pending) else Change.SAME
    if action is Action.OVERRIDDEN:
        return Change.OVERWRITTEN if value_text(field.path, field.result) else Change.EMPTIED
    # A merge takes all of a list that holds the library's own, and a new path where the library's file is gone.
    return Change.COMBINED if isinstance(field.existing, (list, tuple)) else Change.FILLED


def label_of(path: Sequence[str]) -> str:
    """Return the name of a field as it is shown: the keys inside the metadata joined by dots."""
    names = {"size_bytes": "size", "created_at": "created"}
    keys = path[1:] if path[0] == "meta_json" and len(path) > 1 else path
    return names.get(keys[0], keys[0]) if len(path) == 1 else ".".join(keys)


def value_text(path: Sequence[str], value: Any) -> str:
    """Return one value as text; what the merge rules call empty is the empty text."""
    if value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip()):
        return ""
    if tuple(path) == ("size_bytes",):
        return size(value) if isinstance(value, int) and value > 0 else ""
    if tuple(path) == ("created_at",):
        return _day(value)
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(item, (str, int, float)) for item in value):
        return ", ".join(item if isinstance(item, str) else json.dumps(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def _day(milliseconds: Any) -> str:
    if not isinstance(milliseconds, int) or milliseconds == 0:
        return ""
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M}"
    except (OverflowError, OSError, ValueError):  # a year no calendar has
        return f"{milliseconds} ms"


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
    comes = " · ".join([numbers(range(incoming)), *notes] if incoming else notes)
    if not conflict:
        return FieldLine("images", "", comes, numbers(images.added), Change.COMES)
    change = Change.OVERWRITTEN if images.replaced else Change.COMBINED if images.added else Change.KEPT
    return FieldLine("images", numbers(old), comes, result, change)


def numbers(values: Sequence[int]) -> str:
    """Return sequence numbers as people read them: ``0 1 2``, or ``0-11`` where there are many."""
    if len(values) > 8 and values[-1] - values[0] == len(values) - 1:
        return f"{values[0]}-{values[-1]}"
    return " ".join(map(str, values))


def in_numbers(plan: Plan, pending: PendingImport) -> list[Piece]:
    """Return what the plan would do, in a few words with their colours."""
    if plan.action_taken is Action.IGNORED:
        return [("nothing changes", GREY), ("it stays in the list", GREY)]
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
        return [("new in the library", TEAL), (f"{_joined(comes)} come in", TEXT), *_not_taken(plan.images)]
    return [*_conflict(plan, counts), *_not_taken(plan.images)]


def _conflict(plan: Plan, counts: Mapping[Change, int]) -> list[Piece]:
    kept = counts[Change.KEPT] + counts[Change.SAME]
    pieces: list[Piece] = [(f"{count_of(kept, 'field')} kept", TEXT)] if kept else []
    if counts[Change.FILLED]:
        pieces.append((f"{counts[Change.FILLED]} filled", TEAL))
    if counts[Change.COMBINED]:
        pieces.append((f"{counts[Change.COMBINED]} combined", TEAL))
    if added := _joined([(len(plan.tags.added), "tag"), (len(plan.images.added), "image")]):
        pieces.append((f"{added} added", TEAL))
    lost = overwritten(plan)
    pieces.append((f"{_joined(lost)} overwritten", AMBER) if lost else ("nothing overwritten", TEXT))
    return pieces


def overwritten(plan: Plan) -> list[tuple[int, str]]:
    """Return how many fields and images of the library a plan overwrites or empties; nothing for none."""
    if plan.action_taken is not Action.OVERRIDDEN:
        return []
    changes = [change_of(field, plan.action_taken) for field in plan.fields]
    fields = sum(change in (Change.OVERWRITTEN, Change.EMPTIED) for change in changes)
    return [pair for pair in ((fields, "field"), (len(plan.images.replaced), "image")) if pair[0]]


def _not_taken(images: ImagePlan) -> list[Piece]:
    pieces: list[Piece] = []
    if images.duplicate:
        pieces.append((f"{count_of(len(images.duplicate), 'image')} already there", GREY))
    if images.refused:
        pieces.append((f"{count_of(len(images.refused), 'image')} refused", RED))
    return pieces


def _joined(pairs: Sequence[tuple[int, str]]) -> str:
    words = [count_of(number, noun) for number, noun in pairs if number]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where that is due."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
