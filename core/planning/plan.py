"""Plan a promotion: a pure function of the two records, the strategy and the two image lists.

The comparison on screen, the dry run and the promotion itself all use it. The plan includes the row and the image
numbers that writing needs, so that they are computed only once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.domain.enums import Action, Side, Strategy
from core.domain.plans import FieldPlan, ImagePlan, Plan, PromotionPlan, TagPlan
from core.domain.records import Model, ModelImage, PendingImage, PendingImport
from core.domain.resolution import NO_OVERRIDES, Resolution
from core.merger import copy_json, json_equal, merge_model_fields
from core.planning.resolution import apply_resolution, iter_fields

_COLUMNS = ("path", "name", "type", "size_bytes", "created_at")


def plan_promotion(
    pending: PendingImport,
    existing: Model | None,
    strategy: Strategy | None,
    existing_images: Sequence[ModelImage],
    next_seq: int,
    *,
    resolution: Resolution = NO_OVERRIDES,
    on_disk: Collection[int] = (),
    old_path_exists: bool = True,
    alias_of: str | None = None,
) -> PromotionPlan:
    """Return what promoting ``pending`` would do, including manual choices.

    ``existing`` is the library's model with the same hash, ``existing_images`` its stored sequence, ``on_disk`` the
    numbers whose files exist, and ``next_seq`` the first number for added images. ``old_path_exists`` says whether
    the existing model's file is still at its path. ``alias_of`` is the existing model's hash if it only has the same
    weights: a merge keeps the hash of the file as an alias. Raises ValueError for a conflict without a strategy.
    """
    action = _resolve_action(existing, strategy)
    if action in (Action.DELETED, Action.IGNORED):
        return PromotionPlan(Plan(strategy, action))
    row = _build_row(pending, existing, action, resolution, old_path_exists)
    images, targets = assign_sequence_numbers(
        pending.images, action, existing_images, on_disk, next_seq, left_out=resolution.images
    )
    fields = tuple(_fields(pending, existing, row, action))
    plan = Plan(strategy, action, fields, _tags(pending, existing, resolution), images, alias_of)
    return PromotionPlan(plan, row, targets)


def _resolve_action(existing: Model | None, strategy: Strategy | None) -> Action:
    if strategy is Strategy.DELETE:
        return Action.DELETED
    if strategy is Strategy.SKIP:
        return Action.IGNORED
    if existing is None:
        return Action.INSERTED
    if strategy is None:
        raise ValueError("a conflict needs a strategy")
    return Action.OVERRIDDEN if strategy is Strategy.OVERRIDE else Action.MERGED


def _build_row(
    pending: PendingImport, existing: Model | None, action: Action, resolution: Resolution, old_path_exists: bool
) -> dict[str, Any]:
    if existing is None:
        row = _row(pending)
        if not resolution.values:
            return row
        return apply_resolution(row, {}, row, replace(resolution, fields=()))  # there is only one side
    old = {"sha256": existing.sha256, **_row(existing)}
    new = _row(pending)
    overrides = action is Action.OVERRIDDEN
    row = {**old, **new} if overrides else merge_model_fields(old, new, old_path_exists=old_path_exists)
    return apply_resolution(row, _row(existing), new, resolution)


def assign_sequence_numbers(
    images: Sequence[PendingImage],
    action: Action,
    existing_images: Sequence[ModelImage],
    on_disk: Collection[int],
    next_seq: int,
    *,
    left_out: Collection[str] = (),
) -> tuple[ImagePlan, dict[str, int]]:
    """Return the plan of the images, and the sequence number of each file taken from ``pending/``.

    ``images`` are the pending images, in order, each with its verdict; the files manually ``left_out`` get no number.
    An added image never gets a number that the store or the disk already has, even if ``next_seq`` is that number.
    """
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


def _tags(pending: PendingImport, existing: Model | None, resolution: Resolution) -> TagPlan:
    kept = set(existing.tags) if existing else set()
    new = set(pending.tags) - kept
    left_out = new & set(resolution.tags)
    return TagPlan(tuple(sorted(kept)), tuple(sorted(new - left_out)), tuple(sorted(left_out)))


def _fields(
    pending: PendingImport, existing: Model | None, row: Mapping[str, Any], action: Action
) -> Iterator[FieldPlan]:
    old: Mapping[str, Any] = _row(existing) if existing else {}
    for path, (before, incoming, result) in iter_fields(old, _row(pending), row):
        yield FieldPlan(path, before, incoming, result, _side(before, incoming, result, action))


def _side(existing: Any, pending: Any, result: Any, action: Action) -> Side:
    if action is Action.INSERTED:
        return Side.PENDING
    if json_equal(existing, pending):
        return Side.BOTH
    if json_equal(result, existing):
        return Side.EXISTING
    return Side.PENDING if json_equal(result, pending) else Side.BOTH
