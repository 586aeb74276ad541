"""Labels that say what happens to each sample image, of the library and incoming. No widgets here."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.enums import Action
from core.domain.plans import Plan
from core.domain.records import Model, PendingImport
from core.text import count_of
from tui.presenters.plan_lines import Span
from tui.theme.palette import AMBER, GREY, RED, TEAL, TEXT


def library_labels(images: Sequence[str], plan: Plan | None) -> list[Span]:
    """Return a label for each image of the library's sequence: its number, and whether it is replaced."""
    replaced = set(plan.images.replaced) if plan is not None else set()
    numbers = [int(identifier.removesuffix(".webp").rpartition("_")[2]) for identifier in images]
    return [(f"{n}  replaced", AMBER) if n in replaced else (f"{n}", TEXT) for n in numbers]


def incoming_labels(record: PendingImport, plan: Plan | None) -> list[Span]:
    """Return a label for each incoming image: what the plan does with it."""
    if plan is None:
        return [(f"{n}", TEXT) for n in range(len(record.images))]
    if plan.action_taken is Action.DELETED:
        return [("✕ to the trash", RED)] * len(record.images)
    if plan.action_taken is Action.IGNORED:
        return [("stays", GREY)] * len(record.images)
    numbers = iter(sorted((*plan.images.replaced, *plan.images.added)))
    labels: list[Span] = []
    for image in record.images:
        if image.file in plan.images.refused:
            labels.append((f"✕ refused: {image.refused or 'not an image'}", RED))
        elif image.file in plan.images.left_out:
            labels.append(("- left out", GREY))
        elif image.file in plan.images.duplicate:
            labels.append(("= already there", GREY))
        else:
            n = next(numbers)
            labels.append((f"▶ replaces {n}", AMBER) if n in plan.images.replaced else (f"+ becomes {n}", TEAL))
    return labels


def library_title(existing: Model | None, images: int) -> list[Span]:
    """Return the title of the library's images."""
    if existing is None:
        return [("not in the library", GREY)]
    return [(count_of(images, "image"), GREY)]


def incoming_title(plan: Plan | None, images: int) -> list[Span]:
    """Return the title of the incoming images."""
    spans: list[Span] = [(count_of(images, "image"), GREY)]
    if plan is not None and plan.images.duplicate:
        spans.append((f"{len(plan.images.duplicate)} already there", GREY))
    if plan is not None and plan.images.left_out:
        spans.append((f"{len(plan.images.left_out)} left out", GREY))
    if plan is not None and plan.images.refused:
        spans.append((f"{len(plan.images.refused)} refused", RED))
    return spans
