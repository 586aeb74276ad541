"""Who uses the connections of a library: closing it, or forking, waits until no thread does."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlite_utils import Database

from core.errors import LibraryError

CLOSED = "the library is closed"
_FORK_PATIENCE = 5.0  # seconds; transactions take milliseconds


class Gate:
    """Lets threads in until it is shut. A thread that is in already may enter again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = threading.local()
        self._users = 0
        self._aside = 0  # of them only wait
        self._held = False
        self._refusal = ""

    @property
    def _depth(self) -> int:
        return getattr(self._inside, "depth", 0)

    def check(self) -> None:
        """Raise LibraryError where the gate is shut."""
        if self._refusal:
            raise LibraryError(self._refusal)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be inside for the block. Raises LibraryError where the gate is shut."""
        outermost = not self._depth
        if outermost:
            with self._changed:
                self._changed.wait_for(lambda: not self._held)
                self.check()
                self._users += 1
        self._inside.depth = self._depth + 1
        try:
            yield
        finally:
            self._inside.depth -= 1
            if outermost:
                with self._changed:
                    self._users -= 1
                    self._changed.notify_all()

    def step_aside(self) -> None:
        """Let a fork go first, from a thread inside that only waits. Raises LibraryError where the gate is shut."""
        with self._changed:
            if self._held and self._depth == 1:
                self._aside += 1
                self._changed.notify_all()
                self._changed.wait_for(lambda: not self._held)
                self._aside -= 1
        self.check()

    def locked(self) -> threading.Condition:
        """Return what to hold, as a context, for the moment of letting a connection go; no fork happens meanwhile."""
        return self._changed

    def shut(self, refusal: str = CLOSED) -> None:
        """Let nobody in any more, and wait until all have left. Raises LibraryError in a thread that is inside."""
        if self._depth:
            raise LibraryError("the library cannot be closed from inside its own callback; close it afterwards")
        with self._changed:
            self._refusal = self._refusal or refusal
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._users == 0)

    def hold(self) -> bool:
        """Before a fork: wait until no other thread is inside, and keep all out. False where one stays too long.

        ``let_go`` must follow, in the same thread.
        """
        self._changed.acquire()
        self._held = True
        own = 1 if self._depth else 0
        return self._changed.wait_for(lambda: self._users - self._aside <= own, _FORK_PATIENCE)

    def let_go(self, refusal: str = "") -> None:
        """After a fork: let threads in again, or, with a refusal, none any more."""
        self._held = False
        if refusal:
            self._refusal, self._users, self._aside = refusal, 0, 0
        self._changed.notify_all()
        self._changed.release()


class Held:
    """A thread's connection. The thread's end drops this, and that closes it."""

    def __init__(self, db: Database, opened: set[sqlite3.Connection], gate: Gate) -> None:
        self.db = db
        self._opened = opened
        self._gate = gate

    def __del__(self) -> None:
        with self._gate.locked():
            if self.db.conn in self._opened:
                self._opened.discard(self.db.conn)
                self.db.conn.close()
