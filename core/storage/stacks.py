"""Which pending imports come from the same training."""

from __future__ import annotations

import os

from sqlite_utils import Database

from core.planning.stacks import TrainingFacts, stack_of
from core.storage.codecs import is_text, path_or_empty
from core.storage.fetch import all_rows

_TRAINING = ", ".join(
    f"CASE WHEN json_valid(p.meta_json) THEN json_extract(p.meta_json, '$.training.{key}') END"
    for key in ("session", "started_at", "name")
)
_SELECT = f"""
SELECT p.id, p.path, f.tensors, {_TRAINING}
FROM pending_import p LEFT JOIN scanned_files f ON f.path = p.path
"""


def members(db: Database, pending_id: int) -> set[int]:
    """Return the ids of the pending imports of the same training as this one, itself included if it is there."""
    stacks: dict[tuple[str, ...] | None, set[int]] = {}
    mine: tuple[str, ...] | None = None
    for found_id, path, *texts in all_rows(db, _SELECT):
        tensors, session, started, output = (one if is_text(one) else "" for one in texts)
        name = os.path.basename(path_or_empty(path))
        stack = stack_of(TrainingFacts(session, started, output, name, tensors))
        stacks.setdefault(stack, set()).add(found_id)
        if found_id == pending_id:
            mine = stack
    return stacks[mine] if mine is not None else {pending_id}
