"""Operations: changes of rows and files together, recorded so that they happen completely or not at all.

One transaction changes the rows and writes the entry: its commit decides. A second one moves the files and closes the
entry. The next operation, in this or another process, finishes any open entry before it does anything else.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from sqlite_utils import Database

from core.domain.enums import Action, OperationKind
from core.domain.layout import STAGING, staging_path, trash_path
from core.domain.operations import Move, Operation
from core.errors import CuratorError, LibraryError
from core.files.durable import remove_folder, sync_folder
from core.files.library_files import LibraryFiles, split
from core.operations.linked_folders import holds_only_ours
from core.operations.roll_forward import check_moves, roll_forward
from core.storage import LibraryDatabase, journal_rows
from core.storage.journal_paths import check_entry, is_scratch
from core.storage.record_rows import Rows

T = TypeVar("T")


class StaleSnapshot(Exception):
    """Raised inside an operation's transaction when the state it was prepared from has changed."""


@dataclass(frozen=True, slots=True)
class Change:
    """The row changes made by an operation's transaction, and the file moves that follow.

    ``moves`` are pairs of source and target paths in the library; without a target the file goes to the operation's
    trash folder. ``undoes`` is the number of the operation that this one undoes.
    """

    moves: Sequence[tuple[str, str | None]]
    action: Action | None = None
    pending_id: int | None = None
    sha256: str | None = None
    before: Rows | None = None
    after: Rows | None = None
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Executed(Generic[T]):
    """A committed operation: the value its change returned, and whether its files are in place.

    Files that are not in place are moved when the library is next opened.
    """

    value: T
    in_place: bool


class Staging:
    """The staging folder of one operation, for its files until their targets are known."""

    def __init__(self, root: Path) -> None:
        self.op = uuid.uuid4().hex
        self.relative = staging_path(self.op)
        self.folder = root / self.relative
        self.made = False
        # True from before the commit until the entry is closed. Only a transaction that certainly changed nothing, or
        # a closed entry, proves that the files are not needed; an exception does not. Leftovers are removed later.
        self.keep = False

    def make(self) -> Path:
        """Create the folder if necessary, and return it."""
        if not self.made:
            self.made = True
            try:
                self.folder.mkdir()
            except FileNotFoundError:
                self.folder.parent.mkdir()  # not parents=True: a library folder that is gone is not recreated
                self.folder.mkdir()
        return self.folder

    def sync(self) -> None:
        """Fsync the folder and its parent; the files themselves must be synced when they are written."""
        if self.made:
            sync_folder(self.folder)
            sync_folder(self.folder.parent)


class Journal:
    """Runs operations on one library, and finishes open ones."""

    def __init__(self, store: LibraryDatabase, root: Path) -> None:
        self._store = store
        self._root = root
        self._files = LibraryFiles(root)

    @contextmanager
    def staging(self) -> Iterator[Staging]:
        """Yield a staging folder, which is removed afterwards unless its files are still to be moved."""
        staging, pid = Staging(self._root), os.getpid()
        try:
            yield staging
        finally:
            # In the child of a fork the folder belongs to the parent.
            if staging.made and not staging.keep and os.getpid() == pid:
                # Anything left is removed by the next process that opens the library alone.
                remove_folder(staging.folder)

    def execute(
        self,
        staging: Staging,
        kind: OperationKind,
        change: Callable[[Database], tuple[Change, T]],
        cancel: threading.Event | None = None,
    ) -> Executed[T]:
        """Run one operation: ``change`` changes the rows inside the transaction that decides.

        It returns a Change, and a value for the caller. If it raises, nothing is changed. ``cancel`` ends waiting for
        the lock. Raises LibraryError, Cancelled, or CommitUnclear if the operation may have happened.
        """
        try:
            with self._store.write(cancel=cancel) as db:
                self._finish_open(db)
                done, value = change(db)
                self._record(db, staging.op, kind, done)
                # Before the commit: an interrupt may follow it directly.
                staging.keep = bool(done.moves)
        except LibraryError:  # nothing was changed; no other exception here guarantees that
            staging.keep = False
            raise
        if not done.moves:
            return Executed(value, in_place=True)
        try:
            self.roll_forward_open()
        except (CuratorError, OSError):
            return Executed(value, in_place=False)
        staging.keep = False
        return Executed(value, in_place=True)

    def _record(self, db: Database, op: str, kind: OperationKind, done: Change) -> None:
        moves = [_move(op, src, dst) for src, dst in done.moves]
        try:
            check_entry(kind, op, done.pending_id, done.sha256, moves)
        except ValueError as error:  # paths come from the rows, which are untrusted
            raise LibraryError(f"the library names files that are not its own: {error}; nothing was changed") from error
        check_moves(self._root, moves)
        moves = [replace(move, replaces=self._files.exists(move.target)) for move in moves]
        n = journal_rows.add(
            db,
            op,
            kind,
            moves,
            action=done.action,
            pending_id=done.pending_id,
            sha256=done.sha256,
            before=done.before,
            after=done.after,
        )
        if done.undoes is not None:
            journal_rows.set_undone(db, done.undoes, n)

    def roll_forward_open(self) -> None:
        """Finish any open entry. Raises LibraryError, naming the file, if that is not possible now."""
        with self.exclusive():
            pass

    @contextmanager
    def exclusive(self) -> Iterator[Database]:
        """Yield a transaction with no open entry, during which no other process can run an operation."""
        # The write lock is held while files move: it serves as the lock between processes.
        with self._store.write(full=False) as db:
            self._finish_open(db)
            yield db

    def _finish_open(self, db: Database) -> None:
        entry = journal_rows.open_entry(db)
        if entry is None:
            return
        _must_be_ours(entry)
        try:
            lost = roll_forward(self._root, entry.moves)
        except OSError as error:
            raise LibraryError(
                "the files of an earlier operation cannot be put in place: "
                f"{error.filename or self._root} ({error.strerror}); "
                "fix that, then open the library again"
            ) from error
        journal_rows.close(db, entry.number, lost)

    def recover(self) -> bool:
        """Finish an entry left open, when the library is opened. Return whether there was one."""
        with self._store.read() as db:
            entry = journal_rows.open_entry(db)
            if entry is None:
                return False
            _must_be_ours(entry)
        # The entry's commit, which SQLite recovered from the WAL, may never have been synced: only a later synced
        # commit makes it durable.
        self._store.write_barrier()
        self.roll_forward_open()
        return True

    def left_behind(self) -> list[str]:
        """Return the scratch folders in ``staging/``: left by dead processes if no other has the library open."""
        # staging/ may be a link to a folder that also holds other things.
        return [name for name in self._files.listed(STAGING) if is_scratch(name)]

    def clean_staging(self, left: Sequence[str]) -> None:
        """Remove what dead processes left in ``staging/``, after recovery. Raises LibraryError, OSError."""
        if left:
            # The frames of a dead process's failed commit may still take effect; a synced commit prevents that.
            self._store.write_barrier()
        ours = [name for name in left if holds_only_ours(self._files, name)]
        for folder in self._set_aside(ours) if ours else ():
            self._files.remove_tree(folder)

    def _set_aside(self, names: Sequence[str]) -> list[str]:
        """Rename folders of ``staging/`` to random names, and return their paths.

        They may belong to a living process whose lock file was deleted. That process checks for its files in the
        transaction that decides, and moves them before its entry is closed. None may disappear in between, so this is a
        transaction too.
        """
        aside: list[str] = []
        with self.exclusive():
            for name in names:
                nameless = staging_path(uuid.uuid4().hex)
                try:
                    self._files.rename(staging_path(name), nameless)
                except FileNotFoundError:  # another process was faster
                    continue
                aside.append(nameless)
        return aside


def _move(op: str, src: str, dst: str | None) -> Move:
    target = dst or f"{trash_path(op)}/{split(src)[1]}"
    return Move(src, target, f"{trash_path(op)}/{split(target)[1]}", replaces=False)


def _must_be_ours(entry: Operation) -> None:
    if entry.unsafe:
        raise LibraryError(
            f"the journal's open entry {entry.number} was not written by this program ({entry.unsafe}); nothing was "
            "changed; restore a backup; until then the library is read-only"
        )
