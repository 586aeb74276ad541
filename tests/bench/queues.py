"""Build a queue with imports of every kind, as in a curation session; the same twenty kinds repeat in order."""

from __future__ import annotations

import io
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from core.domain.enums import Strategy
from core.library import Library
from core.sample.pictures import landscape
from tests.support.builders import add_model, add_pending, digest, model_file

_SIZE = (320, 416)
_PICTURES = 16


class Kind(StrEnum):
    """How an import relates to the library, or its defect."""

    NEW = "new"
    ADDS = "conflict that adds"
    NOTHING = "conflict that adds nothing"
    DIFFERS = "conflict that differs"
    DUPLICATE = "duplicate"
    MISSING = "missing file"
    BROKEN = "broken image"


_TWENTY = (
    Kind.NEW, Kind.ADDS, Kind.NEW, Kind.NOTHING, Kind.NEW, Kind.DIFFERS, Kind.NEW, Kind.DUPLICATE, Kind.NEW, Kind.ADDS,
    Kind.NEW, Kind.NOTHING, Kind.MISSING, Kind.NEW, Kind.DIFFERS, Kind.NEW, Kind.ADDS, Kind.BROKEN, Kind.NOTHING,
    Kind.NEW,
)  # fmt: skip
CONFLICTS = (Kind.ADDS, Kind.NOTHING, Kind.DIFFERS)


def kind_of(pending_id: int) -> Kind:
    """Return the kind of an import; ids count from 1."""
    return _TWENTY[(pending_id - 1) % len(_TWENTY)]


def expected_strategy(pending_id: int) -> Strategy:
    """Return what a curator who knows these models decides; of those that differ, every second one is better."""
    if kind_of(pending_id) in (Kind.MISSING, Kind.NOTHING):
        return Strategy.DELETE
    if kind_of(pending_id) is Kind.DIFFERS and (pending_id - 1) % len(_TWENTY) > len(_TWENTY) // 2:
        return Strategy.OVERRIDE
    return Strategy.MERGE


def build_queue(folder: Path, count: int) -> Path:
    """Make a library with ``count`` pending imports, none of them hashed, and return the library's folder."""
    pictures = _pictures()
    with Library.open(folder / "library") as library:
        for pending_id in range(1, count + 1):
            _add(library, folder / "models", pending_id, pictures)
    return folder / "library"


def _add(library: Library, folder: Path, pending_id: int, pictures: Sequence[bytes]) -> None:
    kind = kind_of(pending_id)
    data = b"weights of %d" % (pending_id // 40 * 40 if kind is Kind.DUPLICATE else pending_id)
    path = model_file(folder, f"{pending_id:06}.safetensors", data)
    mine, other = pictures[pending_id % len(pictures)], pictures[(pending_id + 5) % len(pictures)]
    theirs = {"description": f"What the library says of {pending_id:06}.", "rating": 4}
    name, size = f"model {pending_id:06}", len(data)
    if kind in CONFLICTS:
        home = path if kind is Kind.NOTHING else model_file(folder / "library", path.name, data)
        known = {} if kind is Kind.ADDS else theirs
        add_model(
            library, digest(data), home, name=name, type_="lora", size_bytes=size,
            meta=known, tag_names=["style"], images=[mine],
        )  # fmt: skip
    meta = (
        {**theirs, "description": f"Another description of {pending_id:06}, longer."}
        if kind is Kind.DIFFERS
        else theirs
    )
    images = [mine] if kind is Kind.NOTHING else [other, mine[: len(mine) // 2]] if kind is Kind.BROKEN else [other]
    tags = ["style"] if kind is Kind.NOTHING else ["style", "evening"]
    add_pending(library, path, name=name, size_bytes=size, created_at=500, meta=meta, tag_names=tags, images=images)
    if kind is Kind.MISSING:
        path.unlink()


def _pictures() -> list[bytes]:
    pictures = []
    for seed in range(_PICTURES):
        out = io.BytesIO()
        landscape(seed).resize(_SIZE).save(out, "PNG")
        pictures.append(out.getvalue())
    return pictures
