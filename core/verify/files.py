"""Checks of the library's folders: pending images as they came, and files that nothing knows of."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from core.errors import ImageRefused
from core.files import read_image
from core.findings import Code, Finding
from core.image_scanner import relative_path
from core.library import Library
from core.records import Tier
from core.store import check, entries

_OURS = re.compile(
    r"library\.db(-wal|-shm|-journal|\.before-.*|preparing-.*)?|alive\.lock|images|pending|staging|trash"
)
_NOBODYS = "nothing in the library knows of this file"


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
    on_the_way = {path for move in moves for path in (move.src, move.dst)}
    yield from _strays(library.root, "images", images | on_the_way)
    yield from _strays(library.root, "pending", pending | on_the_way)
    for name in sorted(_listed(library.root / "trash") - operations):
        yield Finding(Code.TRASH_WITHOUT_ENTRY, name, f"trash/{name}", "no operation of the journal put it there")
    for name in sorted(_listed(library.root / "staging")):
        if not any(move.src.startswith(f"staging/{name}/") for move in moves):
            detail = "left by a process that ended early, or in use by one; removed when the library is next opened"
            yield Finding(Code.STAGING_LEFT, name, f"staging/{name}", detail)
    for name in sorted(_listed(library.root)):
        if not _OURS.fullmatch(name):
            yield Finding(Code.UNKNOWN_FILE, "", name, _NOBODYS)


def _listed(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.is_dir() else set()


def _strays(root: Path, folder: str, known: set[str]) -> Iterator[Finding]:
    for where, folders, names in os.walk(root / folder):
        for name in [*names, *(f for f in folders if os.path.islink(os.path.join(where, f)))]:
            path = os.path.relpath(os.path.join(where, name), root)
            if path in known:
                continue
            if not stat.S_ISREG(os.lstat(root / path).st_mode):
                yield Finding(Code.NO_REGULAR_FILE, "", path, "a link or a special file; nothing here makes such")
            elif folder == "images" and name.endswith(".webp"):
                yield Finding(Code.ORPHAN_IMAGE, "", path, _NOBODYS)
            else:
                yield Finding(Code.UNKNOWN_FILE, "", path, _NOBODYS)
