"""Which pending imports come from the same training."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from sqlite_utils import Database

from core.domain.stacks import FoldedIds
from core.planning.stacks import TrainingFacts, place_in_stack, stack_of
from core.storage.codecs import is_text, path_or_empty
from core.storage.fetch import all_rows

_TRAINING = ", ".join(
    f"CASE WHEN json_valid(p.meta_json) THEN json_extract(p.meta_json, '$.training.{key}') END"
    for key in ("session", "started_at", "name", "epoch", "steps")
)
_SELECT = (
    f"SELECT p.id, p.path, f.tensors, {_TRAINING} FROM pending_import p LEFT JOIN scanned_files f ON f.path = p.path"
)


def members(db: Database, pending_id: int) -> set[int]:
    """Return the ids of the pending imports of the same training as this one, itself included if it is there."""
    stacks: dict[tuple[str, ...] | None, set[int]] = {}
    mine: tuple[str, ...] | None = None
    for found_id, facts in _all(db):
        stack = stack_of(facts)
        stacks.setdefault(stack, set()).add(found_id)
        if found_id == pending_id:
            mine = stack
    return stacks[mine] if mine is not None else {pending_id}


def stacks_of(db: Database, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return what the files of one training have in common, by id, where that is known."""
    found = _all(db, "WHERE p.id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))])
    return {found_id: stack for found_id, facts in found if (stack := stack_of(facts)) is not None}


def fold(db: Database, ids: Sequence[int]) -> FoldedIds:
    """Return a list of ids with one line for each training: its final file, at its own place."""
    listed = set(ids)
    stacks: dict[tuple[str, ...], list[tuple[tuple[bool, int, int, str], int]]] = {}
    for found_id, facts in _all(db):
        if found_id in listed and (stack := stack_of(facts)) is not None:
            stacks.setdefault(stack, []).append((place_in_stack(facts), found_id))
    found = (tuple(pending_id for _, pending_id in sorted(stack)) for stack in stacks.values() if len(stack) > 1)
    by_final = {stack[-1]: stack for stack in found}
    hidden = {pending_id for stack in by_final.values() for pending_id in stack[:-1]}
    return FoldedIds(array("q", (pending_id for pending_id in ids if pending_id not in hidden)), by_final)


def _all(db: Database, where: str = "", values: Sequence[str] = ()) -> Iterator[tuple[int, TrainingFacts]]:
    for pending_id, path, tensors, *said in all_rows(db, f"{_SELECT} {where}", values):
        session, started, output = map(_text, said[:3])
        epoch, steps = map(_number, said[3:])
        name = os.path.basename(path_or_empty(path))
        yield pending_id, TrainingFacts(session, started, output, name, _text(tensors), epoch, steps)


def _text(value: Any) -> str:
    return value if is_text(value) else ""


def _number(value: Any) -> int:
    return value if type(value) is int else 0
