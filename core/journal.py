"""Operations: every change of rows and files together, recorded so that it happens whole or not at all.

One transaction changes the rows and writes the entry: its commit decides. A second one moves the files and closes the
entry. Whoever comes next, here or in another process, finishes what is open before doing anything of its own.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlite_utils import Database

from core.errors import CuratorError, LibraryError
from core.files import remove_folder, sync_folder
from core.library_files import LibraryFiles, split
from core.library_paths import check_entry, is_scratch
from core.moves import check_moves, roll_forward
from core.records import Action, Kind, Move, Operation
from core.store import Store, entries


class StartOver(Exception):
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
    before: entries.Rows | None = None
    after: entries.Rows | None = None
    undoes: int | None = None


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
            self.folder.mkdir(parents=True)
        return self.folder

    def sync(self) -> None:
        """Put the staged files' names on disk; the files themselves are synced by whoever wrote them."""
        if self.made:
            sync_folder(self.folder)
            sync_folder(self.folder.parent)


class Journal:
    """Runs operations on one library, and finishes those that were left open."""

    def __init__(self, store: Store, root: Path) -> None:
        self._store = store
        self._root = root
        self._files = LibraryFiles(root)

    @contextmanager
    def staging(self) -> Iterator[Staging]:
        """A staging folder that is removed again, unless files in it are still to be moved."""
        staging = Staging(self._root)
        try:
            yield staging
        finally:
            if staging.made and not staging.keep:
                # What cannot be removed now, or is kept, is swept by whoever next opens the library alone.
                remove_folder(staging.folder)

    def run(
        self,
        staging: Staging,
        kind: Kind,
        change: Callable[[Database], Change],
        cancel: threading.Event | None = None,
    ) -> bool:
        """Run one operation: ``change`` changes the rows inside the transaction that decides.

        Returns whether its files are in place (else they follow at the next opening). Whatever ``change`` raises
        leaves everything as it was. ``cancel`` ends waiting for the lock. Raises LibraryError, Cancelled, or
        CommitUnclear where it may have happened.
        """
        try:
            with self._store.writing(cancel=cancel) as db:
                self._finish_open(db)
                done = change(db)
                self._record(db, staging.op, kind, done)
                # Not after the commit: an interrupt may come between.
                staging.keep = bool(done.moves)
        except LibraryError:  # nothing was changed; no other exception that comes this way says so for certain
            staging.keep = False
            raise
        if not done.moves:
            return True
        try:
            self.finish()
        except (CuratorError, OSError):
            return False
        staging.keep = False
        return True

    def _record(self, db: Database, op: str, kind: Kind, done: Change) -> None:
        moves = [_move(op, src, dst) for src, dst in done.moves]
        try:
            check_entry(kind, op, done.pending_id, done.sha256, moves)
        except ValueError as error:  # it comes from the rows, which may be a stranger's
            raise LibraryError(f"the library names files that are not its own: {error}; nothing was changed") from error
        check_moves(self._root, moves)
        moves = [replace(move, had=self._files.exists(move.dst)) for move in moves]
        n = entries.add(
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
            entries.set_undone(db, done.undoes, n)

    def finish(self) -> None:
        """Finish whatever entry is open. Raises LibraryError naming the file where that cannot be done now."""
        with self.in_order():
            pass

    @contextmanager
    def in_order(self) -> Iterator[Database]:
        """A transaction in which no entry is open, and which no other process's operation can come between."""
        # The write lock is held while files move: it is the lock between processes.
        with self._store.writing(full=False) as db:
            self._finish_open(db)
            yield db

    def _finish_open(self, db: Database) -> None:
        entry = entries.open_entry(db)
        if entry is None:
            return
        _must_be_ours(entry)
        try:
            lost = roll_forward(self._root, entry.moves)
        except OSError as error:
            raise LibraryError(
                "the files of an earlier operation cannot be put into place: "
                f"{error.filename or self._root} ({error.strerror}); "
                "mend that, then open the library again"
            ) from error
        entries.close(db, entry.n, lost)

    def recover(self) -> bool:
        """At opening: finish what was left open. Returns whether there was anything."""
        with self._store.reading() as db:
            entry = entries.open_entry(db)
            if entry is None:
                return False
            _must_be_ours(entry)
        # The commit that recovery read back from the WAL may never have been synced: only a synced commit behind it
        # makes sure that it stays.
        self._store.beat()
        self.finish()
        return True

    def left_behind(self) -> list[str]:
        """Return what lies in ``staging/``. Where no other process has the library open, dead ones left it there."""
        # staging/ may be a link, and where it leads there may be more.
        return [name for name in self._files.listed("staging") if is_scratch(name)]

    def sweep(self, left: Sequence[str]) -> None:
        """Remove what dead processes left in ``staging/``, after recovering. Raises LibraryError."""
        if left:
            # The frames of a dead process's failed commit may still become real. A commit that is synced ends that.
            self._store.beat()
        for name in left:
            self._files.remove_tree(f"staging/{name}")


def _move(op: str, src: str, dst: str | None) -> Move:
    target = dst or f"trash/{op}/{split(src)[1]}"
    return Move(src, target, f"trash/{op}/{split(target)[1]}", had=False)


def _must_be_ours(entry: Operation) -> None:
    if entry.unsafe:
        raise LibraryError(
            f"the journal's open entry {entry.n} was not written by this program ({entry.unsafe}); nothing was "
            "changed; restore a backup, until then the library can only be read"
        )
