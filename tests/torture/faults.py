"""Proof 4: the harness catches faults. Each fault removes one clause of the protocol, and a proof must catch it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from sqlite_utils import Database

import core.library
import core.operations.journal
import core.operations.roll_forward
from core import Library
from core.domain.enums import OperationKind
from core.domain.operations import Move
from core.domain.outcomes import NotFound
from core.domain.records import PendingImport
from core.errors import CommitUnclear
from core.files.library_files import LibraryFiles
from core.operations.journal import Change, Executed, Journal, Staging
from core.promotion.planner import EarlyOutcome
from core.promotion.processor import PromotionProcessor
from core.storage import LibraryDatabase, journal_rows, pending

Fault = Callable[[], AbstractContextManager[Any]]
T = TypeVar("T")

_roll_forward, _record, _run = core.operations.roll_forward.roll_forward, Journal._record, Journal.execute
_writing, _fsync = LibraryDatabase.write, os.fsync


def _blindly(files: LibraryFiles, move: Move) -> bool:
    src, dst, keep = files.root / move.source, files.root / move.target, files.root / move.backup
    if move.replaces and dst.exists():
        os.rename(dst, keep)
    if src.exists():
        os.replace(src, dst)
    return True


def _without_copy(files: LibraryFiles, move: Move) -> bool:
    if files.exists(move.source):
        files.move(move.source, move.target)
    return True


def _close_first(journal: Journal) -> None:
    with journal._store.write(full=False) as db:
        entry = journal_rows.open_entry(db)
        if entry is not None:
            journal_rows.close(db, entry.number, ())
    if entry is not None:
        _roll_forward(journal._root, entry.moves)


def _close_without_lock(journal: Journal) -> None:
    entry = journal_rows.open_entry(journal._store.db)
    if entry is None:
        return
    lost = vars(core.operations.journal)["roll_forward"](journal._root, entry.moves)  # looked up now: it may be patched
    with journal._store.write(full=False) as db:
        journal_rows.close(db, entry.number, lost)


def _sweep_first(library: Library, left: Sequence[str]) -> None:
    for name in left:  # without a transaction, which would finish an open entry
        library._journal._files.remove_tree(f"staging/{name}")
    library.recovered = library._journal.recover()


def _sweep_always(library: Library, _: Sequence[str]) -> None:
    library.recovered = library._journal.recover()
    library._journal.clean_staging(library._journal.left_behind())


def _move_before_commit(journal: Journal, db: Database, op: str, kind: OperationKind, done: Change) -> None:
    _record(journal, db, op, kind, done)
    entry = journal_rows.open_entry(db)
    if entry is not None:
        _roll_forward(journal._root, entry.moves)


@contextmanager
def _no_transaction(store: LibraryDatabase, *, full: bool = True, cancel: object = None) -> Iterator[Database]:
    store.db.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
    yield store.db


def _entry_apart(
    journal: Journal,
    staging: Staging,
    kind: OperationKind,
    change: Callable[[Database], tuple[Change, T]],
    _: object = None,
) -> Executed[T]:
    with journal._store.write() as db:
        journal._finish_open(db)
        done, value = change(db)
    with journal._store.write() as db:
        _record(journal, db, staging.op, kind, done)
    journal.roll_forward_open()
    return Executed(value, in_place=True)


def _drop_staging(
    journal: Journal,
    staging: Staging,
    kind: OperationKind,
    change: Callable[[Database], tuple[Change, T]],
    _: object = None,
) -> Executed[T]:
    try:
        return _run(journal, staging, kind, change)
    except CommitUnclear:
        staging.keep = False
        raise


def _drop_staging_interrupted(
    journal: Journal,
    staging: Staging,
    kind: OperationKind,
    change: Callable[[Database], tuple[Change, T]],
    _: object = None,
) -> Executed[T]:
    try:
        return _run(journal, staging, kind, change)
    except BaseException as error:
        staging.keep = isinstance(error, CommitUnclear)
        raise


@contextmanager
def _roll_back_errors_only(store: LibraryDatabase, *, full: bool = True, cancel: object = None) -> Iterator[Database]:
    with store._using() as db:
        db.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
        store._patiently(db, "BEGIN IMMEDIATE")
        try:
            yield db
        except Exception:
            store._roll_back(db)
            raise
        store._commit(db)


def _leave_others_open(
    journal: Journal,
    staging: Staging,
    kind: OperationKind,
    change: Callable[[Database], tuple[Change, T]],
    _: object = None,
) -> Executed[T]:
    with patch.object(journal, "_finish_open", side_effect=[None, None]):
        return _run(journal, staging, kind, change)


def _recover_without_beat(journal: Journal) -> bool:
    if journal_rows.open_entry(journal._store.db) is None:
        return False
    journal.roll_forward_open()
    return True


def _trust_the_dead(root: Path, moves: Sequence[Move]) -> list[str]:
    return _roll_forward(root, [move for move in moves if (root / move.source).exists()])


def _look_at_no_image(db: Database, record: PendingImport) -> None:
    if pending.get(db, record.id) is None:
        raise EarlyOutcome(NotFound(record.id))


def _unsynced(pattern: str) -> Fault:
    """Return a fault that skips every fsync of paths that match ``pattern``, relative to the library."""

    def fsync(descriptor: int) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        if not re.fullmatch(f".*/library/?({pattern})", f"{path}/" if path.endswith("/library") else path):
            _fsync(descriptor)

    return lambda: patch.object(os, "fsync", fsync)


def _instead(owner: object, name: str, other: object) -> Fault:
    return lambda: patch.object(owner, name, other)


def _never_full(store: LibraryDatabase, **_: bool) -> AbstractContextManager[Database]:
    return _writing(store, full=False)


FAULTS: dict[str, Fault] = {
    "blind-displacement": _instead(core.operations.roll_forward, "_make", _blindly),
    "closing-first": _instead(Journal, "roll_forward_open", _close_first),
    "sweeping-first": _instead(Library, "_recover", _sweep_first),
    "moving-before-commit": _instead(Journal, "_record", _move_before_commit),
    "no-transaction": _instead(LibraryDatabase, "write", _no_transaction),
    "entry-apart": _instead(Journal, "execute", _entry_apart),
    "staging-dropped": _instead(Journal, "execute", _drop_staging),
    "staging-dropped-at-interrupts": _instead(Journal, "execute", _drop_staging_interrupted),
    "rolling-back-errors-only": _instead(LibraryDatabase, "write", _roll_back_errors_only),
    "no-fsync-of-files": _unsynced("staging/[^/]*/.*"),
    "no-fsync-of-staging-folder": _unsynced("staging/[^/]*"),
    "no-fsync-of-staging": _unsynced("staging"),
    "no-fsync-of-trash-folder": _unsynced("trash/.*"),
    "no-fsync-of-trash": _unsynced("trash"),
    "no-fsync-of-parent": _unsynced("images/[^/]*"),
    "no-fsync-of-images": _unsynced("images"),
    "no-fsync-of-library": _unsynced(""),
    "no-fsync-of-final-folder": _unsynced("images/.*/.*"),
    "normal-not-full": _instead(LibraryDatabase, "write", _never_full),
    "no-copy-in-trash": _instead(core.operations.roll_forward, "_make", _without_copy),
    "no-commit-at-opening": _instead(Journal, "recover", _recover_without_beat),
    "trusting-the-dead": _instead(core.operations.journal, "roll_forward", _trust_the_dead),
    "leaving-others-open": _instead(Journal, "execute", _leave_others_open),
    "sweeping-always": _instead(Library, "_recover", _sweep_always),
    "closing-without-lock": _instead(Journal, "roll_forward_open", _close_without_lock),
    "no-second-look": _instead(PromotionProcessor, "_check_unchanged", staticmethod(_look_at_no_image)),
    "leaving-restores-half-done": _instead(core.library, "settle", lambda _root, _lock: None),
}
