"""Checks of the library's folders: unchanged pending images, and files that nothing refers to."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from functools import partial

from sqlite_utils import Database

from core.domain.enums import Tier
from core.domain.layout import DATABASE, IMAGES, PENDING, STAGING, TRASH, pending_path, staging_path, trash_path
from core.errors import ImageRefused
from core.files.library_files import LibraryFiles
from core.files.library_files import partial as partial_copy
from core.images.scanner import parse_name, relative_path
from core.library import Library
from core.locks.library_lock import held
from core.storage import integrity, journal_rows
from core.storage.journal_paths import is_scratch, owner_of
from core.verify.findings import Finding, FindingCode
from core.verify.looks import Look, settled

_OURS = re.compile(
    r"library\.db(-wal|-shm|-journal|\.before-.*|preparing-.*)?|alive\.lock|images|pending|staging|trash"
)
_NOBODYS = "no row of the library names this file"


def check_pending_images(library: Library) -> Iterator[Finding]:
    """Look at every image of every pending import."""
    yield from settled(library.store, partial(_pending_images, LibraryFiles(library.root)))


def _pending_images(files: LibraryFiles, db: Database) -> Iterator[Look]:
    for pending_id, file, _ in integrity.pending_images(db):
        yield partial(_pending_image, files, pending_id, file)


def _pending_image(files: LibraryFiles, pending_id: int, file: str, db: Database) -> Iterator[Finding]:
    digest = integrity.pending_image(db, pending_id, file)
    if digest is None:
        return
    if owner_of(file) != pending_id:
        yield Finding(FindingCode.ROW_UNSAFE, str(pending_id), DATABASE, f"pending_images names a file {file!r}")
        return
    path = pending_path(file)
    reason = ""
    # An outstanding move may happen at any moment, so look at its source first and then at its target.
    for place in (*(move.source for move in journal_rows.open_moves(db)[1] if move.target == path), path):
        try:
            data = files.read_image(place)
            break
        except ImageRefused as refusal:
            reason = str(refusal)
    else:
        yield Finding(FindingCode.PENDING_IMAGE_MISSING, str(pending_id), path, reason)
        return
    if hashlib.sha256(data).hexdigest() != digest:
        yield Finding(
            FindingCode.PENDING_IMAGE_CHANGED, str(pending_id), path, "the image is not the one that was imported"
        )


def check_strays(library: Library) -> Iterator[Finding]:
    """Look for files that no row and no journal entry refers to. They are never removed: someone may need them."""
    yield from settled(library.store, partial(_strays, LibraryFiles(library.root)))


def _strays(files: LibraryFiles, db: Database) -> Iterator[Look]:
    on_the_way = _on_the_way(db)
    images = {relative_path(s, seq, tier) for s, seq, _ in integrity.model_images(db) for tier in Tier}
    pending = {pending_path(file) for _, file, _ in integrity.pending_images(db)}
    for folder, known in ((IMAGES, images), (PENDING, pending)):
        for path in _walk(files, folder):
            if path not in known and path not in on_the_way:
                yield partial(_stray, files, path)
    for name in sorted(_listed(files, TRASH) - integrity.operations(db)):
        yield partial(_stray_trash, name)
    for name in sorted(_listed(files, STAGING)):
        yield partial(_left_staging, files, name)
    for name in sorted(_listed(files, ".")):
        if not _OURS.fullmatch(name):
            yield partial(_unknown, files, name)


def _on_the_way(db: Database) -> set[str]:
    moves = journal_rows.open_moves(db)[1]
    return {path for move in moves for path in (move.source, move.target, partial_copy(move.target))}


def _listed(files: LibraryFiles, folder: str) -> set[str]:
    try:
        return set(files.listed(folder))
    except OSError:
        return set()


def _walk(files: LibraryFiles, top: str) -> Iterator[str]:
    """Yield everything below one of the library's folders except folders; links are not followed."""
    with files.folder(top) as folder:
        for where, folders, names, inner in os.fwalk(".", dir_fd=folder):
            for name in [*names, *folders]:
                if name in folders and stat.S_ISDIR(os.stat(name, dir_fd=inner, follow_symlinks=False).st_mode):
                    continue
                yield os.path.normpath(f"{top}/{where}/{name}")


def _stray(files: LibraryFiles, path: str, db: Database) -> Iterator[Finding]:
    if path in _on_the_way(db) or _is_known(db, path):
        return
    try:
        found = files.stat(path)
    except NotADirectoryError:
        return
    if found is None:  # gone since it was seen
        return
    if not stat.S_ISREG(found.st_mode):
        yield Finding(
            FindingCode.NO_REGULAR_FILE, "", path, "a link or a special file, which Model Curator never creates"
        )
    elif path.startswith(f"{IMAGES}/") and path.endswith(".webp"):
        yield Finding(FindingCode.ORPHAN_IMAGE, "", path, _NOBODYS)
    else:
        yield Finding(FindingCode.UNKNOWN_FILE, "", path, _NOBODYS)


def _is_known(db: Database, path: str) -> bool:
    folder, _, name = path.rpartition("/")
    if folder == PENDING:
        return integrity.pending_image(db, name.partition("_")[0], name) is not None
    sha256 = os.path.basename(folder)
    tier = parse_name(name, sha256)
    return (
        tier is not None
        and relative_path(sha256, *tier) == path
        and integrity.model_image(db, sha256, tier[0]) is not None
    )


def _stray_trash(name: str, db: Database) -> Iterator[Finding]:
    if not integrity.is_operation(db, name):
        yield Finding(
            FindingCode.TRASH_WITHOUT_ENTRY, name, trash_path(name), "no operation of the journal put it there"
        )


def _left_staging(files: LibraryFiles, name: str, db: Database) -> Iterator[Finding]:
    if not is_scratch(name):
        yield Finding(FindingCode.UNKNOWN_FILE, "", staging_path(name), _NOBODYS)
        return
    in_use = any(path.startswith(f"{staging_path(name)}/") for path in _on_the_way(db))
    if in_use or held(files.root):
        return
    if files.exists(staging_path(name)):  # check this last: its process may have had the library open until now
        detail = "left by a process that ended early; removed when the library is next opened"
        yield Finding(FindingCode.STAGING_LEFT, name, staging_path(name), detail)


def _unknown(files: LibraryFiles, name: str, db: Database) -> Iterator[Finding]:
    del db  # no row refers to files beside the database
    if files.exists(name):
        yield Finding(FindingCode.UNKNOWN_FILE, "", name, _NOBODYS)
