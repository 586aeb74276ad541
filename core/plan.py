"""The plan of a promotion: one pure function from the two records, the strategy and the two image lists.

The comparison on screen, the dry run and the promotion itself use it. What a promotion needs beyond the plan, the row
and the numbers of the images, comes from ``merged_row`` and ``place_images``, of which the plan itself is made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from core.merger import copy_json, json_equal, merge_model_fields
from core.picks import Side, row_leaves, with_picks
from core.records import (
    Action,
    FieldPlan,
    ImagePlan,
    Model,
    ModelImage,
    PendingImage,
    PendingImport,
    Plan,
    Strategy,
    TagPlan,
)

_COLUMNS = ("path", "name", "type", "size_bytes", "created_at")


def make_plan(
    pending: PendingImport,
    existing: Model | None,
    strategy: Strategy | None,
    existing_images: Sequence[ModelImage],
    next_seq: int,
    *,
    on_disk: Collection[int] = (),
    old_path_exists: bool = True,
) -> Plan:
    """Return what promoting ``pending`` would do.

    ``existing`` is the library's model with the same hash, ``existing_images`` what the store knows of its sequence,
    ``on_disk`` the numbers whose files are there; ``next_seq`` is where added images start. ``old_path_exists`` tells
    whether the existing model's file is still at its path. Raises ValueError for a conflict without a strategy.
    """
    action = action_for(existing, strategy)
    if action in (Action.DELETED, Action.IGNORED):
        return Plan(strategy, action)
    row = merged_row(pending, existing, strategy, old_path_exists)
    images, _ = place_images(pending.images, action, existing_images, on_disk, next_seq, left_out=pending.picks.images)
    return Plan(strategy, action, tuple(_fields(pending, existing, row, action)), _tags(pending, existing), images)


def action_for(existing: Model | None, strategy: Strategy | None) -> Action:
    """Return what a strategy comes to; raises ValueError for a conflict without one."""
    if strategy is Strategy.DELETE:
        return Action.DELETED
    if strategy is Strategy.SKIP:
        return Action.IGNORED
    if existing is None:
        return Action.INSERTED
    if strategy is None:
        raise ValueError("a conflict needs a strategy")
    return Action.OVERRIDDEN if strategy is Strategy.OVERRIDE else Action.MERGED


def merged_row(
    pending: PendingImport, existing: Model | None, strategy: Strategy | None, old_path_exists: bool = True
) -> dict[str, Any]:
    """Return the whole row of ``models`` as it is after the promotion; an insert has no ``sha256`` in it.

    Raises ValueError where no row comes of it: delete, skip, a conflict without a strategy.
    """
    action = action_for(existing, strategy)
    if action in (Action.DELETED, Action.IGNORED):
        raise ValueError(f"no row comes of a promotion that is {action}")
    if existing is None:
        return _row(pending)
    old = {"sha256": existing.sha256, **_row(existing)}
    new = _row(pending)
    overrides = action is Action.OVERRIDDEN
    row = {**old, **new} if overrides else merge_model_fields(old, new, old_path_exists=old_path_exists)
    return with_picks(row, _row(existing), new, pending.picks)


def place_images(
    images: Sequence[PendingImage],
    action: Action,
    existing_images: Sequence[ModelImage],
    on_disk: Collection[int],
    next_seq: int,
    *,
    left_out: Collection[str] = (),
) -> tuple[ImagePlan, dict[str, int]]:
    """Return the plan of the images, and the number in the sequence that each file taken from ``pending/`` gets.

    ``images`` are the pending ones, in order, with the verdict on each; the files ``left_out`` by hand are not placed.
    No number that the store or the disk has is ever given to an added image, even where ``next_seq`` says so.
    """
    if action in (Action.DELETED, Action.IGNORED):
        return ImagePlan(), {}
    taken = {image.seq for image in existing_images} | set(on_disk)
    usable = [image for image in images if image.refused is None]
    accepted = [image for image in usable if image.file not in left_out]
    duplicate: tuple[str, ...] = ()
    if action is Action.MERGED:
        accepted, duplicate = _without_duplicates(accepted, {image.source_sha256 for image in existing_images})
    first = 0 if action is Action.OVERRIDDEN else max(next_seq, max(taken, default=-1) + 1)
    targets = {image.file: seq for seq, image in enumerate(accepted, first)}
    numbers = set(targets.values())
    plan = ImagePlan(
        kept=tuple(sorted(taken - numbers)),
        replaced=tuple(sorted(taken & numbers)),
        added=tuple(sorted(numbers - taken)),
        duplicate=duplicate,
        refused=tuple(image.file for image in images if image.refused is not None),
        left_out=tuple(image.file for image in usable if image.file in left_out),
    )
    return plan, targets


def _without_duplicates(images: list[PendingImage], known: set[str]) -> tuple[list[PendingImage], tuple[str, ...]]:
    seen = set(known)
    fresh: list[PendingImage] = []
    duplicate: list[str] = []
    for image in images:
        if image.sha256 in seen:
            duplicate.append(image.file)
        else:
            seen.add(image.sha256)
            fresh.append(image)
    return fresh, tuple(duplicate)


def _row(record: Model | PendingImport) -> dict[str, Any]:
    row = {column: getattr(record, column) for column in _COLUMNS}
    return {**row, "meta_json": copy_json(record.meta_json)}


def _tags(pending: PendingImport, existing: Model | None) -> TagPlan:
    kept = set(existing.tags) if existing else set()
    new = set(pending.tags) - kept
    left_out = new & set(pending.picks.tags)
    return TagPlan(tuple(sorted(kept)), tuple(sorted(new - left_out)), tuple(sorted(left_out)))


def _fields(
    pending: PendingImport, existing: Model | None, row: Mapping[str, Any], action: Action
) -> Iterator[FieldPlan]:
    old: Mapping[str, Any] = _row(existing) if existing else {}
    for path, (before, incoming, result) in row_leaves(old, _row(pending), row):
        yield FieldPlan(path, before, incoming, result, _side(before, incoming, result, action))


def _side(existing: Any, pending: Any, result: Any, action: Action) -> Side:
    if action is Action.INSERTED:
        return Side.PENDING
    if json_equal(existing, pending):
        return Side.BOTH
    if json_equal(result, existing):
        return Side.EXISTING
    return Side.PENDING if json_equal(result, pending) else Side.BOTH
