"""Checks of the library's folders: pending images as they came, and files that nothing knows of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from core.errors import ImageRefused
from core.files import read_image
from core.findings import Code, Finding
from core.image_scanner import relative_path
from core.library import Library
from core.records import Move, Tier
from core.store import check, entries


def check_pending_images(library: Library) -> Iterator[Finding]:
    """Look at every image of every pending import."""
    with library.store.reading() as db:
        sources = {move.dst: move.src for move in entries.open_moves(db)[1]}
        for pending_id, file, digest in check.pending_images(db):
            path = f"pending/{file}"
            where = library.root / path
            if not os.path.lexists(where) and path in sources:
                where = library.root / sources[path]
            try:
                data = read_image(where.parent, where.name)
            except ImageRefused as reason:
                yield Finding(Code.PENDING_IMAGE_MISSING, str(pending_id), path, str(reason))
                continue
            if hashlib.sha256(data).hexdigest() != digest:
                detail = "the image is not the one that was imported"
                yield Finding(Code.PENDING_IMAGE_CHANGED, str(pending_id), path, detail)


def check_strays(library: Library) -> Iterator[Finding]:
    """Look for files that no row and no journal entry knows of. They are never removed: someone may need them."""
    with library.store.reading() as db:
        moves = entries.open_moves(db)[1]
        images = {relative_path(s, seq, tier) for s, seq, _ in check.model_images(db) for tier in Tier}
        pending = {f"pending/{file}" for _, file, _ in check.pending_images(db)}
        operations = check.operations(db)
    yield from _strays(library.root, "images", images, moves, Code.ORPHAN_IMAGE)
    yield from _strays(library.root, "pending", pending, moves, Code.UNKNOWN_FILE)
    for name in sorted(_listed(library.root / "trash") - operations):
        yield Finding(Code.TRASH_WITHOUT_ENTRY, name, f"trash/{name}", "no operation of the journal put it there")
    for name in sorted(_listed(library.root / "staging")):
        if not any(move.src.startswith(f"staging/{name}/") for move in moves):
            detail = "left by a process that ended early, or in use by one; removed when the library is next opened"
            yield Finding(Code.STAGING_LEFT, name, f"staging/{name}", detail)


def _listed(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.is_dir() else set()


def _strays(root: Path, folder: str, known: set[str], moves: tuple[Move, ...], code: Code) -> Iterator[Finding]:
    on_the_way = {move.src for move in moves} | {move.dst for move in moves}
    for where, _, names in os.walk(root / folder):
        for name in names:
            path = os.path.relpath(os.path.join(where, name), root)
            if path not in known and path not in on_the_way:
                ours = code is Code.ORPHAN_IMAGE and name.endswith(".webp")
                kind = code if ours or code is not Code.ORPHAN_IMAGE else Code.UNKNOWN_FILE
                yield Finding(kind, "", path, "nothing in the library knows of this file")
