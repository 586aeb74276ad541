"""Proof 4: the harness bites. The protocol without one of its clauses, and the proof that must catch it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlite_utils import Database

import core.journal
import core.moves
from core import Library
from core.cases import Answer
from core.errors import CommitUnclear
from core.journal import Change, Journal, Staging
from core.library_files import LibraryFiles
from core.processor import PromotionProcessor
from core.records import Kind, Move, Outcome, PendingImport, Status
from core.store import Store, entries, pending

Fault = Callable[[], AbstractContextManager[Any]]

_roll_forward, _record, _run = core.moves.roll_forward, Journal._record, Journal.run
_writing, _fsync = Store.writing, os.fsync


def _blindly(files: LibraryFiles, move: Move) -> bool:
    src, dst, keep = files.root / move.src, files.root / move.dst, files.root / move.keep
    if move.had and dst.exists():
        os.rename(dst, keep)
    if src.exists():
        os.replace(src, dst)
    return True


def _without_copy(files: LibraryFiles, move: Move) -> bool:
    if files.exists(move.src):
        files.move(move.src, move.dst)
    return True


def _close_first(journal: Journal) -> None:
    with journal._store.writing(full=False) as db:
        entry = entries.open_entry(db)
        if entry is not None:
            entries.close(db, entry.n, ())
    if entry is not None:
        _roll_forward(journal._root, entry.moves)


def _close_without_lock(journal: Journal) -> None:
    entry = entries.open_entry(journal._store.db)
    if entry is None:
        return
    lost = vars(core.journal)["roll_forward"](journal._root, entry.moves)  # looked up now: it may be held
    with journal._store.writing(full=False) as db:
        entries.close(db, entry.n, lost)


def _sweep_first(library: Library, left: Sequence[str]) -> None:
    library._journal.sweep(left)
    library.recovered = library._journal.recover()


def _sweep_always(library: Library, _: Sequence[str]) -> None:
    library.recovered = library._journal.recover()
    library._journal.sweep(library._journal.left_behind())


def _move_before_commit(journal: Journal, db: Database, op: str, kind: Kind, done: Change) -> None:
    _record(journal, db, op, kind, done)
    entry = entries.open_entry(db)
    if entry is not None:
        _roll_forward(journal._root, entry.moves)


@contextmanager
def _no_transaction(store: Store, *, full: bool = True, **_: object) -> Iterator[Database]:
    store.db.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
    yield store.db


def _entry_apart(
    journal: Journal, staging: Staging, kind: Kind, change: Callable[[Database], Change], _: object = None
) -> bool:
    with journal._store.writing() as db:
        journal._finish_open(db)
        done = change(db)
    with journal._store.writing() as db:
        _record(journal, db, staging.op, kind, done)
    journal.finish()
    return True


def _drop_staging(
    journal: Journal, staging: Staging, kind: Kind, change: Callable[[Database], Change], _: object = None
) -> bool:
    try:
        return _run(journal, staging, kind, change)
    except CommitUnclear:
        staging.keep = False
        raise


def _drop_staging_interrupted(
    journal: Journal, staging: Staging, kind: Kind, change: Callable[[Database], Change], _: object = None
) -> bool:
    try:
        return _run(journal, staging, kind, change)
    except BaseException as error:
        staging.keep = isinstance(error, CommitUnclear)
        raise


@contextmanager
def _roll_back_errors_only(store: Store, *, full: bool = True, **_: object) -> Iterator[Database]:
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
    journal: Journal, staging: Staging, kind: Kind, change: Callable[[Database], Change], _: object = None
) -> bool:
    with patch.object(journal, "_finish_open", side_effect=[None, None]):
        return _run(journal, staging, kind, change)


def _recover_without_beat(journal: Journal) -> bool:
    if entries.open_entry(journal._store.db) is None:
        return False
    journal.finish()
    return True


def _trust_the_dead(root: Path, moves: Sequence[Move]) -> list[str]:
    return _roll_forward(root, [move for move in moves if (root / move.src).exists()])


def _look_at_no_image(db: Database, record: PendingImport) -> None:
    if pending.get(db, record.id) is None:
        raise Answer(Outcome(Status.NOT_FOUND, record.id))


def _unsynced(pattern: str) -> Fault:
    """Return the fault that leaves out every fsync of what matches, relative to the library."""

    def fsync(descriptor: int) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        if not re.fullmatch(f".*/library/?({pattern})", f"{path}/" if path.endswith("/library") else path):
            _fsync(descriptor)

    return lambda: patch.object(os, "fsync", fsync)


def _instead(owner: object, name: str, other: object) -> Fault:
    return lambda: patch.object(owner, name, other)


def _never_full(store: Store, **_: bool) -> AbstractContextManager[Database]:
    return _writing(store, full=False)


FAULTS: dict[str, Fault] = {
    "blind-displacement": _instead(core.moves, "_make", _blindly),
    "closing-first": _instead(Journal, "finish", _close_first),
    "sweeping-first": _instead(Library, "_recover", _sweep_first),
    "moving-before-commit": _instead(Journal, "_record", _move_before_commit),
    "no-transaction": _instead(Store, "writing", _no_transaction),
    "entry-apart": _instead(Journal, "run", _entry_apart),
    "staging-dropped": _instead(Journal, "run", _drop_staging),
    "staging-dropped-at-interrupts": _instead(Journal, "run", _drop_staging_interrupted),
    "rolling-back-errors-only": _instead(Store, "writing", _roll_back_errors_only),
    "no-fsync-of-files": _unsynced("staging/[^/]*/.*"),
    "no-fsync-of-staging-folder": _unsynced("staging/[^/]*"),
    "no-fsync-of-staging": _unsynced("staging"),
    "no-fsync-of-trash-folder": _unsynced("trash/.*"),
    "no-fsync-of-trash": _unsynced("trash"),
    "no-fsync-of-parent": _unsynced("images/[^/]*"),
    "no-fsync-of-images": _unsynced("images"),
    "no-fsync-of-library": _unsynced(""),
    "no-fsync-of-final-folder": _unsynced("images/.*/.*"),
    "normal-not-full": _instead(Store, "writing", _never_full),
    "no-copy-in-trash": _instead(core.moves, "_make", _without_copy),
    "no-commit-at-opening": _instead(Journal, "recover", _recover_without_beat),
    "trusting-the-dead": _instead(core.journal, "roll_forward", _trust_the_dead),
    "leaving-others-open": _instead(Journal, "run", _leave_others_open),
    "sweeping-always": _instead(Library, "_recover", _sweep_always),
    "closing-without-lock": _instead(Journal, "finish", _close_without_lock),
    "no-second-look": _instead(PromotionProcessor, "_check_unchanged", staticmethod(_look_at_no_image)),
}
