"""Operations: every change of rows and files together, recorded so that it happens whole or not at all.

One transaction changes the rows and writes the entry: its commit decides. A second one moves the files and closes the
entry. Whoever comes next, here or in another process, finishes what is open before doing anything of its own.
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
from core.domain.operations import Move, Operation
from core.errors import CuratorError, LibraryError
from core.files.durable import remove_folder, sync_folder
from core.files.library_files import LibraryFiles, split
from core.operations.linked_folders import holds_only_ours
from core.operations.roll_forward import check_moves, roll_forward
from core.storage import LibraryDatabase, journal_rows
from core.storage.journal_paths import check_entry, is_scratch

T = TypeVar("T")


class StaleSnapshot(Exception):
    """Raised inside an operation's transaction: what it was prepared from is no longer so."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an operation's transaction did to the rows, and the files that follow.

    ``moves`` are pairs of paths in the library, from and to; without a target the file goes to the operation's trash.
    ``undoes`` is the number of the operation that this one takes back.
    """

    moves: Sequence[tuple[str, str | None]]
    action: Action | None = None
    pending_id: int | None = None
    sha256: str | None = None
    before: journal_rows.Rows | None = None
    after: journal_rows.Rows | None = None
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Executed(Generic[T]):
    """An operation that has happened: what its change returned, and whether its files are in place.

    Where they are not, they follow at the next opening.
    """

    value: T
    in_place: bool


class Staging:
    """A folder of its own for the files of one operation, before it is known where they go."""

    def __init__(self, root: Path) -> None:
        self.op = uuid.uuid4().hex
        self.relative = f"staging/{self.op}"
        self.folder = root / self.relative
        self.made = False
        # From before the commit until the entry is closed. Only a transaction that surely came to nothing, and a
        # closed entry, say that nobody needs the files: an exception never does. What stays is swept later.
        self.keep = False

    def make(self) -> Path:
        """Make the folder, and return it."""
        if not self.made:
            self.made = True
            try:
                self.folder.mkdir()
            except FileNotFoundError:
                self.folder.parent.mkdir()  # not the library too: where that is gone, none is made
                self.folder.mkdir()
        return self.folder

    def sync(self) -> None:
        """Put the staged files' names on disk; the files themselves are synced by whoever wrote them."""
        if self.made:
            sync_folder(self.folder)
            sync_folder(self.folder.parent)


class Journal:
    """Runs operations on one library, and finishes those that were left open."""

    def __init__(self, store: LibraryDatabase, root: Path) -> None:
        self._store = store
        self._root = root
        self._files = LibraryFiles(root)

    @contextmanager
    def staging(self) -> Iterator[Staging]:
        """A staging folder that is removed again, unless files in it are still to be moved."""
        staging, pid = Staging(self._root), os.getpid()
        try:
            yield staging
        finally:
            # In the child of a fork the folder is the parent's.
            if staging.made and not staging.keep and os.getpid() == pid:
                # What cannot be removed now, or is kept, is swept by whoever next opens the library alone.
                remove_folder(staging.folder)

    def execute(
        self,
        staging: Staging,
        kind: OperationKind,
        change: Callable[[Database], tuple[Change, T]],
        cancel: threading.Event | None = None,
    ) -> Executed[T]:
        """Run one operation: ``change`` changes the rows inside the transaction that decides.

        It returns what it did, and a value for the caller. Whatever it raises leaves everything as it was. ``cancel``
        ends waiting for the lock. Raises LibraryError, Cancelled, or CommitUnclear where it may have happened.
        """
        try:
            with self._store.write(cancel=cancel) as db:
                self._finish_open(db)
                done, value = change(db)
                self._record(db, staging.op, kind, done)
                # Not after the commit: an interrupt may come between.
                staging.keep = bool(done.moves)
        except LibraryError:  # nothing was changed; no other exception that comes this way says so for certain
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
        except ValueError as error:  # it comes from the rows, which may be a stranger's
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
        """Finish whatever entry is open. Raises LibraryError naming the file where that cannot be done now."""
        with self.exclusive():
            pass

    @contextmanager
    def exclusive(self) -> Iterator[Database]:
        """A transaction in which no entry is open, and which no other process's operation can come between."""
        # The write lock is held while files move: it is the lock between processes.
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
        """At opening: finish what was left open. Returns whether there was anything."""
        with self._store.read() as db:
            entry = journal_rows.open_entry(db)
            if entry is None:
                return False
            _must_be_ours(entry)
        # The commit that recovery read back from the WAL may never have been synced: only a synced commit behind it
        # makes sure that it stays.
        self._store.write_barrier()
        self.roll_forward_open()
        return True

    def left_behind(self) -> list[str]:
        """Return what lies in ``staging/``. Where no other process has the library open, dead ones left it there."""
        # staging/ may be a link, and where it leads there may be more.
        return [name for name in self._files.listed("staging") if is_scratch(name)]

    def clean_staging(self, left: Sequence[str]) -> None:
        """Remove what dead processes left in ``staging/``, after recovering. Raises LibraryError, OSError."""
        if left:
            # The frames of a dead process's failed commit may still become real. A commit that is synced ends that.
            self._store.write_barrier()
        ours = [name for name in left if holds_only_ours(self._files, name)]
        for folder in self._set_aside(ours) if ours else ():
            self._files.remove_tree(folder)

    def _set_aside(self, names: Sequence[str]) -> list[str]:
        """Give folders of ``staging/`` names that nobody knows, and return their paths.

        They may be a living process's, if somebody deleted its lock file. It looks for its files in the transaction
        that decides, and moves them before its entry is closed: in between none may go, so this is a transaction too.
        """
        aside: list[str] = []
        with self.exclusive():
            for name in names:
                nameless = f"staging/{uuid.uuid4().hex}"
                try:
                    self._files.rename(f"staging/{name}", nameless)
                except FileNotFoundError:  # another process was faster
                    continue
                aside.append(nameless)
        return aside


def _move(op: str, src: str, dst: str | None) -> Move:
    target = dst or f"trash/{op}/{split(src)[1]}"
    return Move(src, target, f"trash/{op}/{split(target)[1]}", replaces=False)


def _must_be_ours(entry: Operation) -> None:
    if entry.unsafe:
        raise LibraryError(
            f"the journal's open entry {entry.number} was not written by this program ({entry.unsafe}); nothing was "
            "changed; restore a backup; until then the library is read-only"
        )
