"""Checks of the library's folders: pending images as they came, and files that nothing knows of."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator

from core.errors import ImageRefused
from core.findings import Code, Finding
from core.image_scanner import relative_path
from core.library import Library
from core.library_files import LibraryFiles, partial
from core.library_paths import is_scratch, owner_of
from core.records import Tier
from core.store import check, entries

_OURS = re.compile(
    r"library\.db(-wal|-shm|-journal|\.before-.*|preparing-.*)?|alive\.lock|images|pending|staging|trash"
)
_NOBODYS = "nothing in the library knows of this file"


def check_pending_images(library: Library) -> Iterator[Finding]:
    """Look at every image of every pending import."""
    library_files = LibraryFiles(library.root)
    with library.store.reading() as db:
        sources = {move.dst: move.src for move in entries.open_moves(db)[1]}
        for pending_id, file, digest in check.pending_images(db):
            if owner_of(file) != pending_id:
                yield Finding(Code.ROW_UNSAFE, str(pending_id), "library.db", f"pending_images names a file {file!r}")
                continue
            path = f"pending/{file}"
            try:
                # An open entry has yet to move it; the source goes only when the target is there.
                there = path not in sources or library_files.exists(path)
                data = library_files.read_image(path if there else sources[path])
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
    on_the_way = {path for move in moves for path in (move.src, move.dst, partial(move.dst))}
    library_files = LibraryFiles(library.root)
    yield from _strays(library_files, "images", images | on_the_way)
    yield from _strays(library_files, "pending", pending | on_the_way)
    for name in sorted(_listed(library_files, "trash") - operations):
        yield Finding(Code.TRASH_WITHOUT_ENTRY, name, f"trash/{name}", "no operation of the journal put it there")
    for name in sorted(_listed(library_files, "staging")):
        if not is_scratch(name):
            yield Finding(Code.UNKNOWN_FILE, "", f"staging/{name}", _NOBODYS)
        elif not any(move.src.startswith(f"staging/{name}/") for move in moves):
            detail = "left by a process that ended early, or in use by one; removed when the library is next opened"
            yield Finding(Code.STAGING_LEFT, name, f"staging/{name}", detail)
    for name in sorted(_listed(library_files, ".")):
        if not _OURS.fullmatch(name):
            yield Finding(Code.UNKNOWN_FILE, "", name, _NOBODYS)


def _listed(files: LibraryFiles, folder: str) -> set[str]:
    try:
        return set(files.listed(folder))
    except OSError:
        return set()


def _strays(files: LibraryFiles, top: str, known: set[str]) -> Iterator[Finding]:
    with files.folder(top) as folder:
        for where, folders, names, inner in os.fwalk(".", dir_fd=folder):
            for name in [*names, *folders]:
                path = os.path.normpath(f"{top}/{where}/{name}")
                mode = os.stat(name, dir_fd=inner, follow_symlinks=False).st_mode
                if path in known or stat.S_ISDIR(mode):
                    continue
                if not stat.S_ISREG(mode):
                    yield Finding(Code.NO_REGULAR_FILE, "", path, "a link or a special file; nothing here makes such")
                elif top == "images" and name.endswith(".webp"):
                    yield Finding(Code.ORPHAN_IMAGE, "", path, _NOBODYS)
                else:
                    yield Finding(Code.UNKNOWN_FILE, "", path, _NOBODYS)
